/**
MariaDB and MySQL.

Quiesced means that `FLUSH ENGINE LOGS` has finished: InnoDB has written its redo log, so every commit until then is in the files,
also where `innodb_flush_log_at_trx_commit` is 0 or 2. MariaDB is then asked to write its changed pages out too
(`innodb_log_checkpoint_now`), so that a clone has little to recover; MySQL has no such order outside debug builds. Tables of
MyISAM are not made whole by this; a clone checks and repairs them as after a crash.
*/
import {readFile} from 'node:fs/promises';
import path from 'node:path';
import type {Connection} from 'mysql2/promise';
import {formatUrl} from './connection-url.ts';
import {
	findDataFolders,
	isMarkedFolder,
	removeLeftovers,
	type DataMarks,
} from './data-folders.ts';
import {hasImage} from './image-name.ts';
import {explainCode} from './mysql-errors.ts';
import {mysqlInside} from './mysql-inside.ts';
import {
	administrator,
	credentials,
	dataTarget,
	deniedCheckpoint,
	listensOn,
	mysqlImages,
} from './mysql-service.ts';
import {
	checkpointError,
	codeOf,
	connectionFailure,
	describeEndpoint,
	notReady,
} from './not-ready.ts';
import type {
	Credentials,
	Database,
	DatabaseTarget,
	Readiness,
} from './database.ts';

const marks: DataMarks = [['ibdata1', 'mysql'], ['ibdata1', 'mysql.ibd']];

const closeIfLate = async (opening: Promise<Connection>, timer: AbortSignal): Promise<void> => {
	try {
		const opened = await opening;
		if (timer.aborted) {
			opened.destroy();
		}
	} catch {
		// Whoever waits for it is told.
	}
};

const withConnection = async <T>(
	target: DatabaseTarget,
	who: Credentials,
	timeoutMilliseconds: number,
	work: (connection: Connection) => Promise<T>,
): Promise<T> => {
	const {createConnection} = await import('mysql2/promise');
	const {host, port, socket} = target.endpoint;
	const {user, password, database} = who;
	let connection: Connection | undefined;
	const timer = AbortSignal.timeout(timeoutMilliseconds);
	const late = new Promise<never>((_resolve, reject) => {
		timer.addEventListener('abort', () => {
			reject(Object.assign(new Error('No answer in time'), {code: 'TIMEOUT'}));
		}, {once: true});
	});
	try {
		const opening = createConnection({
			...(socket === undefined ? {host, port} : {socketPath: socket}),
			user,
			password: password ?? '',
			...(database !== '' && {database}),
			connectTimeout: timeoutMilliseconds,
		});
		// What opens too late is closed when it is open.
		void closeIfLate(opening, timer);
		connection = await Promise.race([opening, late]);
		connection.on('error', () => undefined);
		return await Promise.race([work(connection), late]);
	} finally {
		connection?.destroy();
	}
};

const explain = (error: unknown, {endpoint}: DatabaseTarget, who: Credentials): Readiness => {
	const known = connectionFailure(error, endpoint) ?? explainCode(codeOf(error), who);
	if (known !== undefined) {
		return known;
	}

	return codeOf(error) === 'TIMEOUT'
		? notReady('failed', `${describeEndpoint(endpoint)} does not answer`)
		: notReady('failed', error instanceof Error ? error.message : String(error));
};

const flush = async (connection: Connection): Promise<void> => {
	await connection.query('FLUSH ENGINE LOGS');
	try {
		await connection.query('SET GLOBAL innodb_log_checkpoint_now = ON');
	} catch (error) {
		// Not there in MySQL, or not allowed: a clone then has more to recover, that is all.
		const isMissing = ['ER_UNKNOWN_SYSTEM_VARIABLE', 'ER_SPECIFIC_ACCESS_DENIED_ERROR', 'ER_INCORRECT_GLOBAL_LOCAL_VAR'].includes(codeOf(error));
		if (!isMissing) {
			throw error;
		}
	}
};

export const mysql: Database = {
	name: 'mysql',
	listensOn,
	inside: mysqlInside,
	signs: {
		servers: ['mysqld', 'mariadbd', 'mysqld_safe', 'mariadbd-safe'],
		clients: ['mysqladmin', 'mariadb-admin', 'mysql', 'mariadb', 'mysqldump', 'mariadb-dump', 'mariadb-backup'],
		variables: [
			'MARIADB_ROOT_PASSWORD', 'MYSQL_ROOT_PASSWORD', 'MYSQL_ALLOW_EMPTY_PASSWORD', 'MARIADB_ALLOW_EMPTY_ROOT_PASSWORD', 'MARIADB_RANDOM_ROOT_PASSWORD', 'MYSQL_RANDOM_ROOT_PASSWORD',
		],
	},

	// Temporary tables, and what the server writes at each start.
	volatilePaths: ['ibtmp1', '#innodb_temp', 'ib_buffer_pool', 'multi-master.info', 'undo_001-active', 'mysql.sock', 'mysqld.sock'],

	matchesService: service => service.settings.database === undefined ? hasImage(service, mysqlImages) : service.settings.database === 'mysql',

	async matchesData(dataFolder) {
		const folders = await findDataFolders(dataFolder, marks);
		return folders.length > 0;
	},

	isDataFolder: async folder => isMarkedFolder(folder, marks),

	dataTarget,

	/** As the server noted it when it made or last upgraded the data: `10.11`, `8.0`. MySQL since 8.0.16 notes none that is plain text. */
	async dataVersion(dataFolder) {
		const [folder] = await findDataFolders(dataFolder, marks);
		for (const name of folder === undefined ? [] : ['mariadb_upgrade_info', 'mysql_upgrade_info']) {
			try {
				const version = /^\d+\.\d+/v.exec(await readFile(path.join(folder!, name), 'utf8'))?.[0];
				if (version !== undefined) {
					return version;
				}
			} catch {
				// Not there, or not for this user: then it does not tell.
			}
		}

		return undefined;
	},

	credentials,

	connectionString({service, endpoint}, options) {
		const {password, ...rest} = credentials(service);
		return formatUrl({
			scheme: 'mysql', endpoint, ...rest, password: options?.password ? password : undefined,
		});
	},

	async probe(target, {timeoutMilliseconds = 2000} = {}) {
		const who = credentials(target.service);
		try {
			return await withConnection(target, who, timeoutMilliseconds, async connection => {
				await connection.query('SELECT 1');
				return {ready: true};
			});
		} catch (error) {
			return explain(error, target, who);
		}
	},

	async checkpoint(target, {timeoutMilliseconds = 30_000} = {}) {
		const who = administrator(target.service);
		try {
			await withConnection(target, {...who, database: ''}, timeoutMilliseconds, flush);
		} catch (error) {
			const code = codeOf(error);
			if (code === 'ER_SPECIFIC_ACCESS_DENIED_ERROR' || code === 'ER_ACCESS_DENIED_ERROR') {
				throw deniedCheckpoint(target.service, who.user, error);
			}

			const readiness = explain(error, target, who);
			throw checkpointError(target, 'MariaDB or MySQL', code === 'TIMEOUT' ? `it did not finish in ${timeoutMilliseconds / 1000} s` : (readiness.ready ? 'it failed' : readiness.reason), {cause: error});
		}
	},

	/**
	Only pid files and sockets. `aria_log_control`, `tc.log`, `ddl_recovery.log` and `auto.cnf` stay: recovery needs them, and the
	last is the server's identity, which matters to replication alone.
	*/
	async prepareClone(dataFolder) {
		for (const folder of await findDataFolders(dataFolder, marks)) {
			await removeLeftovers(folder, name => /\.(?:pid|sock|sock\.lock)$/v.test(name));
		}
	},
};
