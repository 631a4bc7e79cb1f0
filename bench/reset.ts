/**
Time to ready of `coppice reset` against the ways in which people get a database back today, and against the floor: a bare
subvolume snapshot and a bare start of Postgres. Then the same reset for a database 50 times smaller.
*/
import {
	chown,
	mkdir,
	mkdtemp,
	rm,
	stat,
} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import {execa} from 'execa';
import pg from 'pg';
import {freePort} from '../test/fixtures/free-port.ts';
import {endQuietly, makeTestStack, type TestStack} from '../test/fixtures/test-stack.ts';
import {
	median,
	printRatios,
	time,
} from './measure.ts';

const runs = Number(process.env.BENCH_RUNS ?? 7);
const megabytes = Number(process.env.BENCH_MEGABYTES ?? 1024);
const password = 'secret-of-the-test';

const fill = async (stack: TestStack, size: number): Promise<void> => {
	await stack.query('create table filler (id bigint primary key, pad text not null)');
	for (let done = 0; done < size; done += 128) {
		const rows = Math.min(128, size - done) * 1000;
		await stack.query('insert into filler select $1::bigint + i, repeat(md5(i::text), 29) from generate_series(1, $2::bigint) as i', [done * 1000, rows]);
	}

	await stack.query('vacuum analyze filler');
	await stack.query('checkpoint');
};

const connect = async (port: number): Promise<void> => {
	for (;;) {
		const client = new pg.Client({
			host: '127.0.0.1', port, user: 'postgres', password, database: 'shop', connectionTimeoutMillis: 1000,
		});
		client.on('error', () => {});
		try {
			await client.connect();
			await client.query('select 1');
			await client.end();
			return;
		} catch {
			await endQuietly(client);
			await delay(3);
		}
	}
};

/**
Starts Postgres on a data folder, waits for a query, and kills it. Returns the milliseconds to ready.
*/
const startBare = async (data: string): Promise<number> => {
	await rm(path.join(data, 'postmaster.pid'), {force: true});
	const {uid, gid} = await stat(data);
	const port = await freePort();
	const sockets = await mkdtemp('/tmp/coppice-bench-');
	await chown(sockets, uid, gid);
	const folders = await execa('sh', ['-c', 'ls -d /usr/lib/postgresql/*/bin | tail -1']);
	let server: ReturnType<typeof execa> | undefined;
	const milliseconds = await time(async () => {
		server = execa(path.join(folders.stdout.trim(), 'postgres'), ['-D', data, '-p', String(port), '-k', sockets, '-c', 'listen_addresses=127.0.0.1', '-c', 'recovery_init_sync_method=syncfs'], {
			uid, gid, stdio: 'ignore', reject: false,
		});
		await connect(port);
	});
	server?.kill('SIGQUIT');
	await server;
	await rm(sockets, {recursive: true});
	return milliseconds;
};

const snapshotFolder = async (stack: TestStack): Promise<string> => {
	const [commit] = await stack.json('log');
	const snapshot = commit?.volumes.data;
	if (snapshot === undefined) {
		throw new Error('There is no commit with data');
	}

	return path.join(stack.pool, 'stacks/shop/volumes/data/snapshots', snapshot);
};

const benchReset = async (stack: TestStack): Promise<number> => {
	await stack.query('create table if not exists broken as select 1');
	const milliseconds = await time(async () => stack.json('reset'));
	const [row] = await stack.query<{there: boolean}>('select to_regclass(\'broken\') is not null as there');
	if (row?.there !== false) {
		throw new Error('The reset did not reset');
	}

	return milliseconds;
};

const benchFloor = async (stack: TestStack): Promise<number> => {
	const snapshot = await snapshotFolder(stack);
	const clone = path.join(path.dirname(stack.pool), 'floor');
	const cloned = await time(async () => execa('btrfs', ['subvolume', 'snapshot', snapshot, clone]));
	const started = await startBare(path.join(clone, 'data'));
	await execa('btrfs', ['subvolume', 'delete', clone]);
	return cloned + started;
};

const benchCopy = async (stack: TestStack): Promise<number> => {
	const snapshot = await snapshotFolder(stack);
	const copy = path.join(path.dirname(stack.pool), 'copy');
	await mkdir(copy, {mode: 0o755});
	const copied = await time(async () => execa('cp', ['-a', '--reflink=never', path.join(snapshot, 'data'), copy]));
	const started = await startBare(path.join(copy, 'data'));
	await rm(copy, {recursive: true});
	return copied + started;
};

const admin = async (stack: TestStack, sql: string): Promise<void> => {
	const client = new pg.Client({
		host: '127.0.0.1', port: stack.port, user: 'postgres', password, database: 'postgres',
	});
	await client.connect();
	await client.query(sql);
	await client.end();
};

const benchTemplate = async (stack: TestStack): Promise<number> => {
	const milliseconds = await time(async () => admin(stack, 'create database copied template shop'));
	await admin(stack, 'drop database copied');
	return milliseconds;
};

const benchRestore = async (stack: TestStack, dump: string): Promise<number> => {
	const env = {PGPASSWORD: password};
	const connection = ['-h', '127.0.0.1', '-p', String(stack.port), '-U', 'postgres'];
	const milliseconds = await time(async () => {
		await admin(stack, 'create database restored');
		await execa('pg_restore', [...connection, '-d', 'restored', '-j', '2', dump], {env});
	});
	await admin(stack, 'drop database restored');
	return milliseconds;
};

const prepare = async (size: number): Promise<TestStack> => {
	const stack = await makeTestStack({sizeBytes: 30 * (2 ** 30)});
	await stack.json('up');
	await fill(stack, size);
	await stack.json('commit', '-m', `${size} MB`);
	await stack.json('reset');
	return stack;
};

const large = await prepare(megabytes);
try {
	const dump = path.join(large.root, 'dump');
	await execa('pg_dump', ['-h', '127.0.0.1', '-p', String(large.port), '-U', 'postgres', '-Fc', '-Z1', '-f', dump, 'shop'], {env: {PGPASSWORD: password}});
	const samples = {
		floor: [] as number[], reset: [] as number[], copy: [] as number[], template: [] as number[], restore: [] as number[],
	};
	for (let run = 0; run < runs; run++) {
		samples.floor.push(await benchFloor(large));
		samples.reset.push(await benchReset(large));
		// The slow ones are run three times.
		if (run >= 3) {
			continue;
		}

		samples.copy.push(await benchCopy(large));
		samples.template.push(await benchTemplate(large));
		samples.restore.push(await benchRestore(large, dump));
	}

	printRatios(`Time to ready, Postgres of ${megabytes} MB (whole processes, wall clock)`, [
		['floor: subvolume snapshot + start of Postgres', samples.floor],
		['coppice reset (safety commit, stop, clone, start)', samples.reset],
		['cp -a of the data folder + start of Postgres', samples.copy],
		['CREATE DATABASE … TEMPLATE', samples.template],
		['pg_restore -j 2', samples.restore],
	]);

	const small = await prepare(Math.max(1, Math.round(megabytes / 50)));
	try {
		const sizes = {small: [] as number[], large: [] as number[]};
		for (let run = 0; run < runs; run++) {
			sizes.small.push(await benchReset(small));
			sizes.large.push(await benchReset(large));
		}

		printRatios('coppice reset, 50 times the data', [
			[`${Math.round(megabytes / 50)} MB`, sizes.small],
			[`${megabytes} MB`, sizes.large],
		]);
		process.stdout.write(`  goal: at most 1.30×; is ${(median(sizes.large) / median(sizes.small)).toFixed(2)}×\n`);
	} finally {
		await small.dispose();
	}
} finally {
	await large.dispose();
}
