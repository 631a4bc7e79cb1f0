/* eslint-disable ava/no-ignored-test-files -- A suite for several test files. */
/**
What holds for every implementation of `Database`, against a real server.
*/
import {createServer} from 'node:net';
import {once} from 'node:events';
import {
	chmod,
	mkdir,
	readdir,
	readFile,
	writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {CoppiceError} from '../../source/system/errors.ts';
import type {Database, DatabaseTarget} from '../../source/database/database.ts';
import type {Service} from '../../source/stack/stack.ts';
import {freePort} from '../fixtures/free-port.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';
import {
	copyFolder,
	makeFolder,
	waitUntilReady,
	type Account,
	type Server,
} from './server.ts';

export type Started = {
	readonly server: Server;
	readonly dataFolder: string;
	readonly target: DatabaseTarget;

	/** The same server over its Unix socket. */
	readonly socketTarget: DatabaseTarget;
};

export type Kit = {
	readonly database: Database;

	/** Why this can't be tested here; `undefined` where it can. */
	readonly missing: string | undefined;
	readonly account: Account;

	/** The service that the server is of; its password is `password`. */
	readonly service: Service;
	readonly password: string;

	/** The same service with another password in its environment. */
	readonly wrongService: Service;

	/** Makes data, and starts a server on them. */
	start(t: ExecutionContext, folder: string): Promise<Started>;

	/** Starts another server on a copy of data. */
	startOn(t: ExecutionContext, folder: string, dataFolder: string): Promise<Started>;

	/** Writes a row and returns when the server says that it is committed. */
	write(target: DatabaseTarget, row: number): Promise<void>;
	count(target: DatabaseTarget): Promise<number>;

	/** Files that belong to the process: there while it runs, gone in a prepared clone. */
	readonly pidFiles: readonly string[];
	readonly version: RegExp | undefined;
};

const at = (target: DatabaseTarget, endpoint: Partial<DatabaseTarget['endpoint']>, service: Service = target.service): DatabaseTarget => ({
	service, endpoint: {...target.endpoint, ...endpoint},
});

export const testDatabase = (kit: Kit): void => {
	const {database, missing, service, password, wrongService} = kit;
	const {name} = database;
	if (missing !== undefined) {
		skipAloud(`${name}: against a real server`, missing);
		return;
	}

	const begin = async (t: ExecutionContext): Promise<Started> => {
		t.timeout(120_000);
		const folder = await makeFolder(t, kit.account);
		const started = await kit.start(t, folder);
		await waitUntilReady(database, started.target, started.server);
		return started;
	};

	const nowhere = async (): Promise<DatabaseTarget> => ({service, endpoint: {host: '127.0.0.1', port: await freePort()}});

	test(`${name}: a server that is not there is not ready, and makes no checkpoint`, async t => {
		const target = await nowhere();
		t.like(await database.probe(target), {ready: false, kind: 'absent'});
		t.like(await database.probe(at(target, {socket: '/nonexistent/folder/socket'})), {ready: false, kind: 'absent'});
		const error = await t.throwsAsync(database.checkpoint(target), {instanceOf: CoppiceError});
		t.truthy(error.hint);
	});

	test(`${name}: a port where nobody answers is not ready, nor one where somebody else does`, async t => {
		for (const greeting of ['', 'HTTP/1.1 400 Bad Request\r\n\r\n']) {
			const stranger = createServer(socket => {
				socket.on('error', () => undefined);
				socket.resume();
				if (greeting !== '') {
					socket.end(greeting);
				}
			});
			stranger.listen(0, '127.0.0.1');
			await once(stranger, 'listening');
			const address = stranger.address();
			const port = typeof address === 'object' && address !== null ? address.port : 0;
			const readiness = await database.probe({service, endpoint: {host: '127.0.0.1', port}}, {timeoutMilliseconds: 300});
			t.false(readiness.ready);
			stranger.close();
		}
	});

	test.serial(`${name}: ready over TCP and over its socket; frozen it is not; a checkpoint is made`, async t => {
		const {target, socketTarget, server} = await begin(t);
		t.deepEqual(await database.probe(target, {timeoutMilliseconds: 30_000}), {ready: true});
		t.deepEqual(await database.probe(socketTarget, {timeoutMilliseconds: 30_000}), {ready: true});
		await t.notThrowsAsync(database.checkpoint(target));
		await t.notThrowsAsync(database.checkpoint(socketTarget));

		await server.freeze();
		const frozen = await database.probe(target, {timeoutMilliseconds: 300});
		t.false(frozen.ready);
		await t.throwsAsync(database.checkpoint(target, {timeoutMilliseconds: 300}), {instanceOf: CoppiceError});
		await server.thaw();
		await t.notThrowsAsync(waitUntilReady(database, target, server));
	});

	test.serial(`${name}: a wrong password is told apart, and never printed`, async t => {
		const {target} = await begin(t);
		const wrong = at(target, {}, wrongService);
		const readiness = await database.probe(wrong);
		t.like(readiness, {ready: false, kind: 'denied'});
		const error = await t.throwsAsync(database.checkpoint(wrong), {instanceOf: CoppiceError});
		const text = JSON.stringify([readiness, error.message, error.hint, error.context]);
		t.false(text.includes(password));
		t.false(text.includes(database.credentials(wrongService).password ?? 'no password'));
	});

	test.serial(`${name}: a copy of the data of a frozen server recovers, with every row that was committed`, async t => {
		const {target, server, dataFolder} = await begin(t);
		for (let row = 0; row < 20; row++) {
			await kit.write(target, row);
		}

		await database.checkpoint(target);
		let committed = 20;
		if (name !== 'redis' || service.command?.includes('--appendonly')) {
			for (; committed < 60; committed++) {
				await kit.write(target, committed);
			}
		}

		const folder = await makeFolder(t, kit.account);
		const clone = path.join(folder, 'clone');
		await server.freeze();
		await copyFolder(dataFolder, clone);
		await server.thaw();

		t.true(await database.matchesData(clone));
		const before = await readdir(clone);
		for (const file of kit.pidFiles) {
			t.true(before.includes(file), `${file} is in the copy`);
		}

		await database.prepareClone(clone);
		const after = await readdir(clone);
		t.deepEqual(after.toSorted(), before.filter(file => !kit.pidFiles.includes(file)).toSorted(), 'nothing else is removed');

		const copy = await kit.startOn(t, folder, clone);
		await waitUntilReady(database, copy.target, copy.server);
		t.is(await kit.count(copy.target), committed);

		await kit.write(copy.target, 1000);
		t.is(await kit.count(copy.target), committed + 1);
		t.is(await kit.count(target), committed, 'the source goes on with its own data');
		await database.checkpoint(target);
	});

	test.serial(`${name}: data are recognised, also in a folder below, with their version`, async t => {
		const {dataFolder, server, target} = await begin(t);
		await kit.write(target, 1);
		await database.checkpoint(target);
		t.true(await database.matchesData(dataFolder));
		t.true(await database.matchesData(path.dirname(dataFolder)));
		t.true(await database.isDataFolder(dataFolder));
		t.false(await database.isDataFolder(path.dirname(dataFolder)), 'itself, not one below');
		const version = await database.dataVersion(dataFolder);
		if (kit.version === undefined) {
			t.is(version, undefined);
		} else {
			t.regex(version ?? '', kit.version);
			t.is(await database.dataVersion(path.dirname(dataFolder)), version);
		}

		await server.kill();
	});

	test(`${name}: a folder with other content is not recognised, and left as it is`, async t => {
		const folder = await makeFolder(t, undefined);
		const names = ['postmaster.pid', 'mysqld.pid', 'mongod.lock', 'redis.pid', 'a.sock'];
		await Promise.all(names.map(async file => writeFile(path.join(folder, file), 'not yours')));
		t.false(await database.matchesData(folder));
		t.false(await database.matchesData(path.join(folder, 'missing')));
		await t.notThrowsAsync(database.prepareClone(folder));
		await t.notThrowsAsync(database.prepareClone(path.join(folder, 'missing')));
		t.deepEqual((await readdir(folder)).toSorted(), names.toSorted());
		t.is(await readFile(path.join(folder, names[0]!), 'utf8'), 'not yours');
		t.is(await database.dataVersion(folder), undefined);
	});

	test(`${name}: the password comes from a file too, and is in an address only if asked for`, async t => {
		const folder = await makeFolder(t, undefined);
		const secrets = path.join(folder, 'secrets');
		await mkdir(secrets);
		const target: DatabaseTarget = {service, endpoint: {host: 'localhost', port: 1234}};
		t.is(database.credentials(service).password, password);
		t.false(database.connectionString(target).includes(password));
		t.true(database.connectionString(target, {password: true}).includes(encodeURIComponent(password)));
		t.true(database.connectionString(target).includes('localhost:1234'));

		const environment = Object.fromEntries(Object.entries(service.environment).map(([key, value]) => key.includes('PASSWORD') ? [`${key}_FILE`, `/run/secrets/${key}`] : [key, value]));
		for (const [key, value] of Object.entries(service.environment)) {
			await writeFile(path.join(secrets, key), `${value}\n`);
			await chmod(path.join(secrets, key), 0o600);
		}

		const withFiles: Service = {
			...service, environment, mounts: [{
				kind: 'bind', source: secrets, target: '/run/secrets', readOnly: true,
			}],
		};
		t.deepEqual(database.credentials(withFiles), database.credentials(service));
		const unreadable: Service = {...withFiles, mounts: []};
		const isInEnvironment = Object.keys(service.environment).some(key => key.includes('PASSWORD'));
		t.is(database.credentials(unreadable).password, isInEnvironment ? undefined : password);
	});
};
