import {mkdir, chown, readdir} from 'node:fs/promises';
import {randomBytes} from 'node:crypto';
import path from 'node:path';
import test from 'ava';
import type {DatabaseTarget} from '../../source/database/database.ts';
import {redis} from '../../source/database/redis.ts';
import {RespClient} from '../../source/database/resp-client.ts';
import type {Service} from '../../source/stack/stack.ts';
import {freePort} from '../fixtures/free-port.ts';
import {testDatabase, type Kit, type Started} from './database-contract.ts';
import {
	findAccount,
	findProgram,
	makeFolder,
	Server,
	waitUntilReady,
} from './server.ts';
import {makeService} from './service.ts';

const program = await findProgram('redis-server') ?? await findProgram('valkey-server');
const account = await findAccount('redis', 'valkey');
const password = 'correct-horse/battery';

const command = async (target: DatabaseTarget, ...words: readonly string[]): Promise<unknown> => {
	const client = new RespClient(target.endpoint, AbortSignal.timeout(20_000));
	try {
		await client.command('AUTH', password);
		return await client.command(...words);
	} finally {
		client.close();
	}
};

const makeKit = (service: Service, persistence: readonly string[], wrongService: Service): Kit => {
	const startOn = async (t: Parameters<Kit['startOn']>[0], home: string, dataFolder: string, more: readonly string[] = []): Promise<Started> => {
		const port = await freePort();
		const socket = path.join(home, `${port}.sock`);
		const server = new Server(t, [
			program!, '--port', String(port), '--bind', '127.0.0.1', '--unixsocket', socket, '--dir', dataFolder, '--requirepass', password, '--pidfile', path.join(dataFolder, 'redis.pid'), '--daemonize', 'no', ...persistence, ...more,
		], account);
		const endpoint = {host: '127.0.0.1', port};
		return {
			server, dataFolder, target: {service, endpoint}, socketTarget: {service, endpoint: {...endpoint, port: 1, socket}},
		};
	};

	return {
		database: redis,
		missing: program === undefined ? 'there is no Redis on this machine (apt-get install redis-server)' : undefined,
		account,
		service,
		password,
		wrongService,
		async start(t, home) {
			const dataFolder = path.join(home, 'data');
			await mkdir(dataFolder);
			if (account !== undefined) {
				await chown(dataFolder, account.uid, account.gid);
			}

			return startOn(t, home, dataFolder);
		},
		startOn,
		async write(target, row) {
			await command(target, 'SET', `row:${row}`, 'x'.repeat(100));
		},
		async count(target) {
			return Number(await command(target, 'DBSIZE'));
		},
		pidFiles: ['redis.pid'],
		version: undefined,
	};
};

const appendOnly = makeService({name: 'cache', image: 'redis:7', command: ['redis-server', '--appendonly', 'yes', '--requirepass', password]});
testDatabase(makeKit(appendOnly, ['--appendonly', 'yes', '--save', ''], {...appendOnly, command: ['redis-server', '--appendonly', 'yes', '--requirepass', 'not-the-password']}));

const snapshots = makeService({
	name: 'cache', image: 'bitnami/valkey:8', command: ['sh', '-c', 'exec redis-server --requirepass "$REDIS_PASSWORD"'], environment: {REDIS_PASSWORD: password},
});
const snapshotKit = makeKit(snapshots, ['--save', '3600 1'], {...snapshots, environment: {REDIS_PASSWORD: 'not-the-password'}});
const serverTest = program === undefined ? test.serial.skip : test.serial;

serverTest('redis: with snapshots only, a checkpoint writes what is in memory', async t => {
	t.timeout(120_000);
	const {target, server, dataFolder} = await snapshotKit.start(t, await makeFolder(t, account));
	await waitUntilReady(redis, target, server);
	await snapshotKit.write(target, 1);
	t.false((await readdir(dataFolder)).includes('dump.rdb'));
	await redis.checkpoint(target);
	t.true((await readdir(dataFolder)).includes('dump.rdb'));

	await snapshotKit.write(target, 2);
	await redis.checkpoint(target);
	await server.kill();
	const home = await makeFolder(t, account);
	await redis.prepareClone(dataFolder);
	const again = await snapshotKit.startOn(t, home, dataFolder);
	await waitUntilReady(redis, again.target, again.server);
	t.is(await snapshotKit.count(again.target), 2);
});

serverTest('redis: a snapshot that fails is an error', async t => {
	t.timeout(120_000);
	const {target, server} = await snapshotKit.start(t, await makeFolder(t, account));
	await waitUntilReady(redis, target, server);
	await snapshotKit.write(target, 1);
	await command(target, 'CONFIG', 'SET', 'rdb-key-save-delay', '0');
	// A name that is a folder can't be written.
	const folder = await command(target, 'CONFIG', 'GET', 'dir') as readonly string[];
	await mkdir(path.join(folder[1]!, 'dump.rdb'));
	await t.throwsAsync(redis.checkpoint(target), {message: /background save failed/v});
});

serverTest('redis: a server without persistence or password has nothing to write, and is ready', async t => {
	t.timeout(120_000);
	const home = await makeFolder(t, account);
	const port = await freePort();
	const server = new Server(t, [program!, '--port', String(port), '--bind', '127.0.0.1', '--dir', home, '--save', ''], account);
	const target = {service: snapshots, endpoint: {host: '127.0.0.1', port}};
	await waitUntilReady(redis, target, server);
	await t.notThrowsAsync(redis.checkpoint(target));
	t.deepEqual(await readdir(home), []);
});

serverTest('redis: a server that loads its data is starting', async t => {
	t.timeout(120_000);
	const home = await makeFolder(t, account);
	const {target, server, dataFolder} = await snapshotKit.start(t, home);
	await waitUntilReady(redis, target, server);
	for (let row = 0; row < 50; row++) {
		await command(target, 'SET', `row:${row}`, randomBytes(1000).toString('hex'));
	}

	await redis.checkpoint(target);
	await server.kill();
	const port = await freePort();
	// Half a second for each key, so that it is still loading when it is asked.
	const slow = new Server(t, [
		program!, '--port', String(port), '--bind', '127.0.0.1', '--dir', dataFolder, '--requirepass', password, '--key-load-delay', '500000', '--loading-process-events-interval-bytes', '1024',
	], account);
	const slowTarget = {service: snapshots, endpoint: {host: '127.0.0.1', port}};
	let readiness = await redis.probe(slowTarget, {timeoutMilliseconds: 5000});
	while (!readiness.ready && readiness.kind !== 'starting' && !slow.hasEnded) {
		readiness = await redis.probe(slowTarget, {timeoutMilliseconds: 5000});
	}

	t.like(readiness, {ready: false, kind: 'starting'});
});
