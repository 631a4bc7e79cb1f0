import path from 'node:path';
import test from 'ava';
import {createConnection, type RowDataPacket} from 'mysql2/promise';
import {CoppiceError} from '../../source/system/errors.ts';
import {runCommand} from '../../source/system/run-command.ts';
import type {DatabaseTarget, Endpoint} from '../../source/database/database.ts';
import {mysql} from '../../source/database/mysql.ts';
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

const [program, installer] = await Promise.all([findProgram('mariadbd'), findProgram('mariadb-install-db')]);
const account = await findAccount('mysql');
const [password, rootPassword] = ['correct/horse:battery', 'staple@1'];
const service = makeService({
	name: 'mysql',
	image: 'mariadb:10.11',
	environment: {
		MARIADB_ROOT_PASSWORD: rootPassword, MARIADB_USER: 'blog', MARIADB_PASSWORD: password, MARIADB_DATABASE: 'posts',
	},
});

type Who = {readonly user: string; readonly password: string; readonly database?: string};

const query = async (endpoint: Endpoint, who: Who, ...statements: readonly string[]): Promise<RowDataPacket[]> => {
	const connection = await createConnection({host: endpoint.host, port: endpoint.port, ...who});
	try {
		let rows: RowDataPacket[] = [];
		for (const statement of statements) {
			[rows] = await connection.query<RowDataPacket[]>(statement);
		}

		return rows;
	} finally {
		await connection.end();
	}
};

// A tmpdir of its own: a MariaDB that starts deletes the temporary tables of every other one in the same folder.
const startOn: Kit['startOn'] = async (t, home, dataFolder): Promise<Started> => {
	const port = await freePort();
	const socket = path.join(home, `${port}.sock`);
	const server = new Server(t, [
		program!, '--no-defaults', `--datadir=${dataFolder}`, `--socket=${socket}`, `--port=${port}`, '--bind-address=127.0.0.1', '--innodb-buffer-pool-size=16M', '--innodb-log-file-size=4M', `--pid-file=${path.join(dataFolder, 'mysqld.pid')}`, `--tmpdir=${home}`,
	], account);
	const endpoint = {host: '127.0.0.1', port};
	return {
		server, dataFolder, target: {service, endpoint}, socketTarget: {service, endpoint: {...endpoint, port: 1, socket}},
	};
};

const start: Kit['start'] = async (t, home) => {
	const dataFolder = path.join(home, 'data');
	await runCommand([
		installer!, '--no-defaults', `--datadir=${dataFolder}`, '--auth-root-authentication-method=normal', '--skip-test-db', '--skip-name-resolve', '--innodb-log-file-size=4M', `--tmpdir=${home}`,
	], {cwd: '/', ...account});
	const started = await startOn(t, home, dataFolder);
	const open = {...started.target, service: {...service, environment: {MARIADB_ALLOW_EMPTY_ROOT_PASSWORD: '1'}}};
	await waitUntilReady(mysql, open, started.server);
	await query(
		started.target.endpoint,
		{user: 'root', password: ''},
		'CREATE DATABASE posts',
		`CREATE USER 'blog'@'%' IDENTIFIED BY '${password}'`,
		'GRANT ALL ON posts.* TO \'blog\'@\'%\'',
		'CREATE TABLE posts.entries (id INT PRIMARY KEY, filler TEXT) ENGINE=InnoDB',
		`ALTER USER 'root'@'localhost' IDENTIFIED BY '${rootPassword}', 'root'@'127.0.0.1' IDENTIFIED BY '${rootPassword}'`,
	);
	return started;
};

const blog = {user: 'blog', password, database: 'posts'};

testDatabase({
	database: mysql,
	missing: program === undefined || installer === undefined ? 'there is no MariaDB on this machine (apt-get install mariadb-server)' : undefined,
	account,
	service,
	password,
	wrongService: {...service, environment: {...service.environment, MARIADB_PASSWORD: 'not-the-password', MARIADB_ROOT_PASSWORD: 'nor-this-one'}},
	start,
	startOn,
	async write(target, row) {
		await query(target.endpoint, blog, `INSERT INTO entries VALUES (${row}, REPEAT('x', 1000))`);
	},
	async count(target) {
		const [first] = await query(target.endpoint, blog, 'SELECT COUNT(*) AS count FROM entries');
		return Number(first?.count);
	},
	pidFiles: ['mysqld.pid'],
	version: /^\d+\.\d+$/v,
});

const serverTest = program === undefined || installer === undefined ? test.serial.skip : test.serial;

serverTest('mysql: a user without the right makes no checkpoint, and is told how to get it', async t => {
	t.timeout(120_000);
	const {target} = await start(t, await makeFolder(t, account));
	const plain: DatabaseTarget = {...target, service: {...service, environment: {MYSQL_USER: 'blog', MYSQL_PASSWORD: password, MYSQL_DATABASE: 'posts'}}};
	t.deepEqual(await mysql.probe(plain, {timeoutMilliseconds: 30_000}), {ready: true});
	const error = await t.throwsAsync(mysql.checkpoint(plain), {instanceOf: CoppiceError});
	t.is(error.code, 'permission');
	t.regex(error.hint ?? '', /GRANT RELOAD/v);
});

serverTest('mysql: a database that is not there is told', async t => {
	t.timeout(120_000);
	const {target} = await start(t, await makeFolder(t, account));
	const other = {...target, service: {...service, environment: {...service.environment, MARIADB_DATABASE: 'nowhere'}}};
	t.like(await mysql.probe(other), {ready: false, kind: 'failed', reason: 'it has no database nowhere for the user blog'});
});
