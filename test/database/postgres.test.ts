import {
	chown,
	mkdir,
	symlink,
	writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import {Client} from 'pg';
import {CoppiceError} from '../../source/system/errors.ts';
import {runCommand} from '../../source/system/run-command.ts';
import type {DatabaseTarget} from '../../source/database/database.ts';
import {linksLeavingVolume} from '../../source/database/links-leaving-volume.ts';
import {postgres} from '../../source/database/postgres.ts';
import {freePort} from '../fixtures/free-port.ts';
import {testDatabase, type Kit, type Started} from './database-contract.ts';
import {
	findAccount,
	findPostgres,
	makeFolder,
	Server,
	waitUntilReady,
} from './server.ts';
import {makeService} from './service.ts';

const folder = await findPostgres();
const account = await findAccount('postgres');
const password = 'correct horse/battery:staple@1';
const service = makeService({image: 'postgres:16', environment: {POSTGRES_USER: 'shop', POSTGRES_PASSWORD: password, POSTGRES_DB: 'goods'}});

const query = async (target: DatabaseTarget, text: string, values: readonly unknown[] = []): Promise<Array<Record<string, unknown>>> => {
	const client = new Client({
		host: target.endpoint.host, port: target.endpoint.port, ...postgres.credentials(service),
	});
	await client.connect();
	try {
		const {rows} = await client.query<Record<string, unknown>>(text, [...values]);
		return rows;
	} finally {
		await client.end();
	}
};

const startOn: Kit['startOn'] = async (t, home, dataFolder): Promise<Started> => {
	const port = await freePort();
	const sockets = path.join(home, `s${port}`);
	await mkdir(sockets);
	if (account !== undefined) {
		await chown(sockets, account.uid, account.gid);
	}

	const server = new Server(t, [
		path.join(folder!, 'postgres'), '-D', dataFolder, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', `unix_socket_directories=${sockets}`, '-c', 'shared_buffers=16MB',
	], account);
	const endpoint = {host: '127.0.0.1', port};
	return {
		server, dataFolder, target: {service, endpoint}, socketTarget: {service, endpoint: {host: '127.0.0.1', port: 1, socket: sockets}},
	};
};

const start: Kit['start'] = async (t, home) => {
	const dataFolder = path.join(home, 'data');
	const passwordFile = path.join(home, 'password');
	await writeFile(passwordFile, `${password}\n`);
	await runCommand([
		path.join(folder!, 'initdb'), '-D', dataFolder, '-U', 'shop', '--auth=scram-sha-256', `--pwfile=${passwordFile}`, '--no-sync', '--locale=C', '--encoding=UTF8',
	], {cwd: '/', ...account});
	const started = await startOn(t, home, dataFolder);
	const admin: DatabaseTarget = {...started.target, service: {...service, environment: {...service.environment, POSTGRES_DB: 'postgres'}}};
	await waitUntilReady(postgres, admin, started.server);
	t.like(await postgres.probe(started.target), {ready: false, kind: 'failed', reason: 'it has no database goods'});
	const client = new Client({...started.target.endpoint, ...postgres.credentials(admin.service)});
	await client.connect();
	await client.query('CREATE DATABASE goods');
	await client.end();
	await query(started.target, 'CREATE TABLE rows (id int PRIMARY KEY, filler text)');
	return started;
};

testDatabase({
	database: postgres,
	missing: folder === undefined ? 'there is no Postgres on this machine (apt-get install postgresql)' : undefined,
	account,
	service,
	password,
	wrongService: {...service, environment: {...service.environment, POSTGRES_PASSWORD: 'not-the-password'}},
	start,
	startOn,
	async write(target, row) {
		await query(target, 'INSERT INTO rows VALUES ($1, $2)', [row, 'x'.repeat(1000)]);
	},
	async count(target) {
		const [first] = await query(target, 'SELECT count(*)::int AS count FROM rows');
		return Number(first?.count);
	},
	pidFiles: ['postmaster.pid'],
	version: /^\d+$/v,
});

const serverTest = folder === undefined ? test.serial.skip : test.serial;

serverTest('postgres: a server that shuts down is starting or stopping, not absent', async t => {
	t.timeout(120_000);
	const {target, server} = await start(t, await makeFolder(t, account));
	const client = new Client({...target.endpoint, ...postgres.credentials(service)});
	client.on('error', () => undefined);
	await client.connect();
	// Smart shutdown: new clients are told off (57P03) until this one goes.
	await server.signal('SIGTERM');
	let readiness = await postgres.probe(target);
	for (let round = 0; round < 100 && readiness.ready; round++) {
		readiness = await postgres.probe(target);
	}

	t.like(readiness, {ready: false, kind: 'starting'});
	await client.end();
	await server.ended();
	t.like(await postgres.probe(target), {ready: false, kind: 'absent'});
});

serverTest('postgres: a user without the right makes no checkpoint, and is told how to get it', async t => {
	t.timeout(120_000);
	const {target} = await start(t, await makeFolder(t, account));
	await query(target, 'CREATE ROLE plain LOGIN PASSWORD \'plain\'');
	const plain = {...target, service: {...service, environment: {POSTGRES_USER: 'plain', POSTGRES_PASSWORD: 'plain', POSTGRES_DB: 'goods'}}};
	t.deepEqual(await postgres.probe(plain, {timeoutMilliseconds: 30_000}), {ready: true});
	const error = await t.throwsAsync(postgres.checkpoint(plain), {instanceOf: CoppiceError});
	t.is(error.code, 'permission');
	t.regex(error.hint ?? '', /GRANT pg_checkpoint TO "plain"/v);
});

serverTest('postgres: without a password in the environment the reason says so', async t => {
	t.timeout(120_000);
	const {target} = await start(t, await makeFolder(t, account));
	const readiness = await postgres.probe({...target, service: {...service, environment: {POSTGRES_USER: 'shop', POSTGRES_DB: 'goods'}}});
	t.like(readiness, {ready: false, kind: 'denied'});
	t.regex(readiness.ready ? '' : readiness.reason, /asks for a password/v);
});

serverTest('postgres: a tablespace elsewhere is a link that leaves the volume', async t => {
	t.timeout(120_000);
	const home = await makeFolder(t, account);
	const {target, dataFolder} = await start(t, home);
	t.deepEqual(await linksLeavingVolume(dataFolder), []);
	const elsewhere = path.join(home, 'elsewhere');
	await mkdir(elsewhere);
	if (account !== undefined) {
		await chown(elsewhere, account.uid, account.gid);
	}

	await query(target, `CREATE TABLESPACE fast LOCATION '${elsewhere}'`);
	const links = await linksLeavingVolume(dataFolder);
	t.is(links.length, 1);
	t.regex(links[0]!.path, /^pg_tblspc\/\d+$/v);
	t.is(links[0]!.target, elsewhere);
	t.deepEqual(await linksLeavingVolume(home, {mountedAt: home}), [], 'an absolute link to below the mount stays inside');
});

test('links: relative ones that stay are fine, those that climb out are not', async t => {
	const home = await makeFolder(t, undefined);
	await mkdir(path.join(home, 'data/sub'), {recursive: true});
	await writeFile(path.join(home, 'data/file'), '');
	await symlink('../file', path.join(home, 'data/sub/inside'));
	await symlink('../../outside', path.join(home, 'data/sub/outside'));
	await symlink('/var/lib/postgresql/data/file', path.join(home, 'data/absolute'));
	const links = await linksLeavingVolume(path.join(home, 'data'));
	t.deepEqual(links.map(link => link.path).toSorted(), ['absolute', 'sub/outside']);
	const inside = await linksLeavingVolume(path.join(home, 'data'), {mountedAt: '/var/lib/postgresql/data'});
	t.deepEqual(inside.map(link => link.path), ['sub/outside']);
});
