/**
The recipes of the process runtime with the real servers of this machine. What is not installed is skipped, and said.
*/
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {
	chmod,
	mkdir,
	readdir,
	readFile,
	rm,
	stat,
	writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {gzipSync} from 'node:zlib';
import test from 'ava';
import pg from 'pg';
import {CoppiceError} from '../../../source/system/errors.ts';
import {isRoot, tryCommand} from '../../../source/system/run-command.ts';
import {findProgram} from '../../../source/runtime/process/recipes/find-program.ts';
import {choosePostgres, findPostgres} from '../../../source/runtime/process/recipes/postgres-binaries.ts';
import {readStat} from '../../../source/system/process-table.ts';
import {findUser} from '../../../source/runtime/process/service-user.ts';
import type {Mount, Service} from '../../../source/stack/stack.ts';
import {makeService} from '../fixtures/make-stack.ts';
import {openProcessStack, type OpenProcessStack} from '../fixtures/open-stack.ts';
import {
	childrenOf,
	commandLines,
	isWorkedIn,
	userIdOf,
} from '../fixtures/proc.ts';
import {
	fieldOf,
	forever,
	needs,
	stateOf,
	textsOf,
	until,
} from '../runtime-contract.ts';

const installations = await findPostgres();
const has = {
	postgres: installations.length > 0,
	redis: findProgram(['redis-server', 'valkey-server']) !== undefined,
	mariadb: findProgram(['mariadbd']) !== undefined && findProgram(['mariadb-install-db']) !== undefined,
};

const testWith = (engine: keyof typeof has): {readonly run: typeof test.serial; readonly note: string} => has[engine]
	? {run: test.serial, note: ''}
	: {run: test.serial.skip as unknown as typeof test.serial, note: ` (skipped: there is no ${engine} on this machine)`};

const volume = (name: string, target: string): Mount => ({
	kind: 'volume', volume: name, target, readOnly: false,
});

const password = 'open \'sesame" $HOME';
const postgresService = (fields: Partial<Service> = {}): Service => makeService('db', {
	image: 'postgres',
	ports: [{target: 5432, protocol: 'tcp'}],
	mounts: [volume('data', '/var/lib/postgresql/data')],
	...fields,
	environment: {
		POSTGRES_USER: 'app user', POSTGRES_PASSWORD: password, POSTGRES_DB: 'shop', ...fields.environment,
	},
});

const query = async (open: OpenProcessStack, sql: string, options: {password?: string} = {}): Promise<unknown[]> => {
	const {ports} = await stateOf(open.runtime, 'db');
	const client = new pg.Client({
		host: '127.0.0.1', port: ports[0]!.published!, user: 'app user', database: 'shop', password: options.password ?? password,
	});
	await client.connect();
	try {
		const {rows} = await client.query<unknown[]>({text: sql, rowMode: 'array'});
		return rows.flat();
	} finally {
		await client.end();
	}
};

const untilQueried = async (open: OpenProcessStack): Promise<void> => until('the database answers', async () => {
	try {
		await query(open, 'select 1');
		return true;
	} catch {
		return false;
	}
});

const leftovers = async (open: OpenProcessStack): Promise<string[]> => {
	const names = await readdir(open.volumeFolder('data'));
	return names.filter(name => name.startsWith('.coppice'));
};

const exists = async (file: string): Promise<boolean> => {
	try {
		await stat(file);
		return true;
	} catch {
		return false;
	}
};

const postgres = testWith('postgres');

postgres.run(`Postgres: a new database as the image makes it, kept over stops of both kinds${postgres.note}`, async t => {
	const open = await openProcessStack(t, [
		postgresService({command: ['-c', 'shared_buffers=17MB', '-c', 'wal_recycle=on']}),
		makeService('after', {settings: {process: {command: ['/bin/sh', '-c', forever]}}, dependsOn: {db: needs('service_healthy')}}),
	]);
	const {runtime} = open;
	await runtime.start();
	const begun = await stateOf(runtime, 'db');
	t.is(begun.health, 'healthy');
	t.deepEqual(await query(open, 'select current_database(), current_user::text, lower(pg_encoding_to_char(encoding)) from pg_database where datname = current_database()'), ['shop', 'app user', 'utf8']);
	t.deepEqual(await query(open, 'show shared_buffers'), ['17MB']);
	t.deepEqual(await query(open, 'show wal_recycle'), ['on'], 'the file wins over our defaults');
	t.deepEqual(await query(open, 'show wal_init_zero'), ['off']);
	await t.throwsAsync(query(open, 'select 1', {password: 'wrong'}), {message: /password authentication failed/v});

	await query(open, 'create table kept as select generate_series(1, 1000) n');
	await runtime.stop(['db']);
	t.is(await fieldOf(runtime, 'db', 'status'), 'stopped');
	t.is(await fieldOf(runtime, 'db', 'exitCode'), 0);
	await runtime.start();
	await untilQueried(open);
	t.deepEqual(await query(open, 'select count(*)::int from kept'), [1000]);
	await query(open, 'insert into kept values (0)');

	const {processId} = await stateOf(runtime, 'db');
	const children = childrenOf(processId!);
	t.true(children.length > 2);
	await runtime.stop(['db'], {mode: 'now'});
	t.true([processId!, ...children].every(each => readStat(each) === undefined), 'no process of it is left');
	await runtime.start();
	await untilQueried(open);
	t.deepEqual(await query(open, 'select count(*)::int from kept'), [1001], 'what was committed is there after a recovery');
	t.false(commandLines().some(line => line.includes('sesame')));
	t.not(userIdOf(await fieldOf(runtime, 'db', 'processId') ?? 0), 0);
});

postgres.run(`Postgres: exec finds the database, and its health check may be the usual one${postgres.note}`, async t => {
	const open = await openProcessStack(t, [postgresService({
		healthCheck: {
			command: ['/bin/sh', '-c', 'pg_isready -h localhost -p 5432 -U "app user"'],
			intervalMilliseconds: 100, timeoutMilliseconds: 5000, startPeriodMilliseconds: 20_000, retries: 3,
		},
	})]);
	await open.runtime.start();
	await until('it is healthy', async () => await fieldOf(open.runtime, 'db', 'health') === 'healthy');
	if (findProgram(['psql']) === undefined) {
		t.log('There is no psql on this machine, so exec was not tried.');
		return;
	}

	const {stdout} = await open.runtime.exec('db', ['psql', '-Atc', 'select current_user, current_database()'], {stdio: 'pipe'});
	t.is(stdout, 'app user|shop\n');
});

postgres.run(`Postgres: without a published port it listens on its socket alone${postgres.note}`, async t => {
	const {runtime} = await openProcessStack(t, [postgresService({ports: []})]);
	await runtime.start();
	const {socket, processId} = await stateOf(runtime, 'db');
	const connect = async (): Promise<unknown[]> => {
		const client = new pg.Client({
			host: socket!, port: 5432, user: 'app user', database: 'shop', password,
		});
		await client.connect();
		const {rows} = await client.query<unknown[]>({text: 'show listen_addresses', rowMode: 'array'});
		await client.end();
		return rows.flat();
	};

	await until('it answers', async () => {
		try {
			await connect();
			return true;
		} catch {
			return false;
		}
	});
	t.deepEqual(await connect(), ['']);
	const {mode} = await stat(socket!);
	t.is(mode % 0o1000, 0o700);
	t.truthy(processId);
});

postgres.run(`Postgres: scripts of /docker-entrypoint-initdb.d run once, in order, also from a folder that its user can't read${postgres.note}`, async t => {
	const open = await openProcessStack(t, [postgresService({
		mounts: [volume('data', '/var/lib/postgresql/data'), {
			kind: 'bind', source: 'set below', target: '/docker-entrypoint-initdb.d', readOnly: true,
		}],
	})]);
	const folder = path.join(open.projectFolder, 'init');
	Object.assign(open.stack.services.db!.mounts[1]!, {source: folder});
	await mkdir(folder);
	await writeFile(path.join(folder, '1.sql'), 'create table steps (n int); insert into steps values (1);');
	await writeFile(path.join(folder, '2.sql.gz'), gzipSync('insert into steps values (2);'));
	await writeFile(path.join(folder, '3.sh'), '#!/bin/sh\necho "script as $(id -u) for $POSTGRES_USER in $POSTGRES_DB"\n');
	await writeFile(path.join(folder, 'readme.txt'), 'no script');
	await chmod(folder, 0o700);
	await open.reopen().start();
	await untilQueried(open);
	t.deepEqual(await query(open, 'select n from steps order by n'), [1, 2]);
	const lines = await textsOf(open.runtime, {});
	const said = lines.find(line => line.startsWith('script as '));
	t.regex(said ?? '', /for app user in shop/v);
	t.is(said?.startsWith('script as 0 '), false);
	t.true(open.notices.some(text => text.includes('3.sh')));
	await open.runtime.stop();
	await open.runtime.start();
	await untilQueried(open);
	t.deepEqual(await query(open, 'select count(*)::int from steps'), [2]);
	t.deepEqual(await leftovers(open), []);
});

postgres.run(`Postgres: a script that fails is named, and the next start begins anew${postgres.note}`, async t => {
	const open = await openProcessStack(t, [postgresService({
		mounts: [volume('data', '/var/lib/postgresql/data'), {
			kind: 'bind', source: 'set below', target: '/docker-entrypoint-initdb.d/only.sql', readOnly: true,
		}],
	})]);
	const file = path.join(open.projectFolder, 'init.sql');
	Object.assign(open.stack.services.db!.mounts[1]!, {source: file});
	await writeFile(file, 'create table half (n int); select * from no_such_table;');
	const error = await t.throwsAsync(open.reopen().start(), {instanceOf: CoppiceError});
	t.true(error.message.includes('only.sql') && error.message.includes('no_such_table'), error.message);
	t.deepEqual(await readdir(open.volumeFolder('data')), []);
	await writeFile(file, 'create table whole (n int);');
	await open.reopen().start();
	await untilQueried(open);
	t.deepEqual(await query(open, 'select count(*)::int from whole'), [0]);
});

for (const point of ['initialise:filled', 'initialise:fill', 'initialise:whole', 'initialise:landmark']) {
	postgres.run(`Postgres: a kill at ${point} never leaves half a database${postgres.note}`, async t => {
		const open = await openProcessStack(t, [postgresService()]);
		t.teardown(() => {
			delete process.env.COPPICE_FAILPOINT;
		});
		process.env.COPPICE_FAILPOINT = point;
		// Each try of the command dies there, or a later one finds it done.
		await open.runtime.start().catch(() => undefined);
		delete process.env.COPPICE_FAILPOINT;
		await open.runtime.down();
		await open.runtime.start();
		await untilQueried(open);
		t.deepEqual(await query(open, 'select current_database()'), ['shop']);
		t.deepEqual(await leftovers(open), []);
	});
}

postgres.run(`Postgres: a killed supervisor never leads to a second server on the same data${postgres.note}`, async t => {
	const open = await openProcessStack(t, [postgresService()]);
	await open.runtime.start();
	await untilQueried(open);
	const {processId} = await stateOf(open.runtime, 'db');
	const supervisor = readStat(processId!)!.parent;
	process.kill(supervisor, 'SIGKILL');
	await until('it is gone', () => readStat(supervisor) === undefined || readStat(supervisor)?.state === 'Z');
	await query(open, 'create table during (n int)');
	await open.runtime.start();
	t.is(await fieldOf(open.runtime, 'db', 'processId'), processId);
	await open.runtime.stop(['db'], {mode: 'now'});
	await open.runtime.start();
	await untilQueried(open);
	t.deepEqual(await query(open, 'select count(*)::int from during'), [0]);
});

postgres.run(`Postgres: a foreign server on the same data is a conflict; the pid file of a dead one is not${postgres.note}`, async t => {
	const open = await openProcessStack(t, [postgresService()]);
	await open.runtime.start();
	await untilQueried(open);
	await open.runtime.down();
	const data = open.volumeFolder('data');
	const {uid, gid} = await stat(data);
	const foreign = spawn(path.join(choosePostgres('db', installations, {}).installation.binFolder, 'postgres'), ['-D', data, '-c', 'listen_addresses=', '-c', `unix_socket_directories=${data}`], {
		...(isRoot() && {uid, gid}), stdio: 'ignore', cwd: data,
	});
	const ended = once(foreign, 'exit');
	t.teardown(() => foreign.kill('SIGKILL'));
	await until('it runs', async () => exists(path.join(data, 'postmaster.pid')));
	const error = await t.throwsAsync(open.runtime.start(), {instanceOf: CoppiceError});
	t.is(error.code, 'conflict');
	t.true(error.message.includes(String(foreign.pid)));
	foreign.kill('SIGKILL');
	await ended;
	// They notice only after a while that it has gone, and are a server on the same data until then.
	await until('its children have gone', async () => !isWorkedIn(data));
	// Its number is another process's by now.
	const pidFile = await readFile(path.join(data, 'postmaster.pid'), 'utf8');
	await writeFile(path.join(data, 'postmaster.pid'), pidFile.replace(/^\d+/v, () => String(process.pid)));
	await open.runtime.start();
	await untilQueried(open);
	t.pass();
});

postgres.run(`Postgres: data of another major version and data that are none are left as they are${postgres.note}`, async t => {
	const open = await openProcessStack(t, [postgresService()]);
	const data = open.volumeFolder('data');
	await writeFile(path.join(data, 'PG_VERSION'), '9.4\n');
	const other = await t.throwsAsync(open.runtime.start(), {instanceOf: CoppiceError});
	t.is(other.code, 'precondition');
	t.true(other.message.includes('9.4') && other.message.includes(installations[0]!.major), other.message);
	t.true(other.hint?.includes('postgresql-9.4'));
	await rm(path.join(data, 'PG_VERSION'));
	await writeFile(path.join(data, 'precious'), 'mine');
	const foreign = await t.throwsAsync(open.runtime.start(), {instanceOf: CoppiceError});
	t.is(foreign.code, 'precondition');
	t.deepEqual(await readdir(data), ['precious']);
});

postgres.run(`Postgres: without a password it says which variable to set${postgres.note}`, async t => {
	const open = await openProcessStack(t, [postgresService({environment: {POSTGRES_PASSWORD: ''}})]);
	const error = await t.throwsAsync(open.runtime.start(), {instanceOf: CoppiceError});
	t.is(error.code, 'precondition');
	t.true(error.hint?.includes('POSTGRES_PASSWORD'));
	t.deepEqual(await readdir(open.volumeFolder('data')), []);
});

const packaged = installations.filter(({packageFolder}) => packageFolder !== undefined);
const packageTest = packaged.length > 0 ? test.serial : test.serial.skip;

packageTest(`Postgres: the server of the npm package runs where the host has none${packaged.length > 0 ? '' : ' (skipped: the package is not installed)'}`, async t => {
	const [installation] = packaged;
	const open = await openProcessStack(t, [postgresService({image: `postgres:${installation!.major}`})]);
	await open.runtime.start();
	await untilQueried(open);
	const [version] = await query(open, 'show server_version') as [string];
	t.true(version.startsWith(installation!.major));
	await open.runtime.stop(['db'], {mode: 'now'});
	await open.runtime.start();
	await untilQueried(open);
});

const redis = testWith('redis');

redis.run(`Redis: its command holds, its password is on no command line, its data stay${redis.note}`, async t => {
	const secret = String.raw`needle "in\ haystack`;
	const open = await openProcessStack(t, [makeService('cache', {
		image: 'redis:7-alpine',
		command: ['redis-server', '--appendonly', 'yes', '--requirepass', secret, '--save', '900 1', '--save', '300 10'],
		ports: [{target: 6379, protocol: 'tcp'}],
		mounts: [volume('data', '/data')],
		healthCheck: {
			command: ['/bin/sh', '-c', 'redis-cli ping'], intervalMilliseconds: 100, timeoutMilliseconds: 2000, startPeriodMilliseconds: 10_000, retries: 3,
		},
	})]);
	const {runtime} = open;
	const cli = async (...words: string[]): Promise<string> => {
		const {stdout} = await runtime.exec('cache', ['redis-cli', ...words], {stdio: 'pipe'});
		return stdout.trim();
	};

	await runtime.start();
	await until('it is healthy', async () => await fieldOf(runtime, 'cache', 'health') === 'healthy');
	t.is(await cli('set', 'kept', 'yes'), 'OK');
	t.is(await cli('config', 'get', 'save'), 'save\n900 1 300 10');
	const {ports, processId} = await stateOf(runtime, 'cache');
	const refused = await tryCommand(['redis-cli', '-h', '127.0.0.1', '-p', String(ports[0]!.published), 'get', 'kept']);
	t.regex(refused.stdout + refused.stderr, /NOAUTH/v);
	t.false(commandLines().some(line => line.includes('haystack')));
	const expected = isRoot() ? await findUser('redis') ?? await findUser('nobody') : undefined;
	t.is(userIdOf(processId!), expected?.uid ?? process.getuid!());

	await runtime.stop(['cache'], {mode: 'now'});
	await runtime.start();
	await until('it answers', async () => await cli('get', 'kept') === 'yes');
	t.pass();
});

const mariadb = testWith('mariadb');

mariadb.run(`MariaDB: a new database as the image makes it, with no account but those asked for${mariadb.note}`, async t => {
	const secret = String.raw`root's "own" \word`;
	const open = await openProcessStack(t, [makeService('db', {
		image: 'mariadb:10.11',
		command: ['--character-set-server=utf8mb4', '--max-connections=37'],
		environment: {
			MARIADB_ROOT_PASSWORD: secret, MARIADB_DATABASE: 'shop_x', MARIADB_USER: 'app', MARIADB_PASSWORD: 'app\'s',
		},
		ports: [{target: 3306, protocol: 'tcp'}],
		mounts: [volume('data', '/var/lib/mysql'), {
			kind: 'bind', source: 'set below', target: '/docker-entrypoint-initdb.d/a.sql', readOnly: true,
		}],
		healthCheck: {
			command: ['/bin/sh', '-c', 'healthcheck.sh --connect --innodb_initialized'], intervalMilliseconds: 100, timeoutMilliseconds: 2000, startPeriodMilliseconds: 30_000, retries: 3,
		},
	})]);
	const file = path.join(open.projectFolder, 'a.sql');
	Object.assign(open.stack.services.db!.mounts[1]!, {source: file});
	await writeFile(file, 'create table kept (n int); insert into kept values (1), (2);');
	const runtime = open.reopen();
	await runtime.start();
	await until('it is healthy', async () => await fieldOf(runtime, 'db', 'health') === 'healthy');
	t.true(open.notices.some(text => text.includes('healthcheck.sh')));
	const sql = async (statement: string, ...flags: string[]): Promise<string> => {
		const {stdout, stderr} = await runtime.exec('db', ['mariadb', '-N', '-B', ...flags, '-e', statement], {stdio: 'pipe'});
		return (stdout + stderr).trim();
	};

	t.is(await sql('select count(*) from shop_x.kept', '-uroot'), '2');
	t.is(await sql('select @@max_connections', '-uroot'), '37');
	t.is(await sql('select concat(user, "@", host) from mysql.user where user <> "mariadb.sys" order by 1', '-uroot'), 'app@%\nroot@%\nroot@localhost');
	const {ports} = await stateOf(runtime, 'db');
	const overTcp = ['-h', '127.0.0.1', '-P', String(ports[0]!.published)];
	t.regex(await sql('select 1', '-uroot', ...overTcp, '--password=wrong'), /Access denied/v);
	t.is(await sql('select count(*) from kept', '-uapp', '--password=app\'s', ...overTcp, 'shop_x'), '2');
	t.false(commandLines().some(line => line.includes('"own"')));
	await runtime.stop(['db'], {mode: 'now'});
	await runtime.start();
	await until('it is healthy again', async () => await fieldOf(runtime, 'db', 'health') === 'healthy');
	t.is(await sql('select count(*) from shop_x.kept', '-uroot'), '2');
});
