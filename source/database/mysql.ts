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
import type {Service} from '../stack/stack.ts';
import {formatUrl} from './connection-url.ts';
import {findDataFolders, removeLeftovers} from './data-folders.ts';
import {
	commandWords,
	hasImage,
	isBitnami,
	optionValue,
} from './image-name.ts';
import {
	checkpointError,
	codeOf,
	connectionFailure,
	describeEndpoint,
	notReady,
} from './not-ready.ts';
import {readVariable} from './service-variable.ts';
import type {
	Credentials,
	Database,
	DatabaseTarget,
	Readiness,
} from './database.ts';

const images = new Set(['mysql', 'mariadb', 'percona', 'percona-server', 'mysql-server', 'community-server', 'mariadb-galera']);

const isData = (names: ReadonlySet<string>): boolean => names.has('ibdata1') && (names.has('mysql') || names.has('mysql.ibd'));

const both = (name: string): [string, string] => [`MARIADB_${name}`, `MYSQL_${name}`];

/** The user that the service is made for, else root. */
const credentials = (service: Service): Credentials => {
	const user = readVariable(service, ...both('USER'));
	const password = readVariable(service, ...both('PASSWORD'));
	const database = readVariable(service, ...both('DATABASE'));
	return user !== undefined && user !== 'root' && password !== undefined ? {user, password, database: database ?? ''} : {...rootCredentials(service), database: database ?? 'mysql'};
};

const rootCredentials = (service: Service): Credentials => {
	const password = readVariable(service, ...both('ROOT_PASSWORD'));
	return {user: 'root', database: '', ...(password !== undefined && {password})};
};

/** Root where its password is known: the service's own user may not flush logs. */
const administrator = (service: Service): Credentials => {
	const openRoot = readVariable(service, 'MARIADB_ALLOW_EMPTY_ROOT_PASSWORD', 'MYSQL_ALLOW_EMPTY_PASSWORD', 'ALLOW_EMPTY_PASSWORD');
	const root = rootCredentials(service);
	return openRoot === undefined && root.password === undefined ? credentials(service) : root;
};

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

/** Codes: https://mariadb.com/kb/en/mariadb-error-code-reference/ */
const explain = (error: unknown, {endpoint}: DatabaseTarget, {user, database, password}: Credentials): Readiness => {
	const known = connectionFailure(error, endpoint);
	if (known !== undefined) {
		return known;
	}

	switch (codeOf(error)) {
		case 'PROTOCOL_CONNECTION_LOST':
		case 'ER_SERVER_SHUTDOWN': {
			return notReady('starting', 'the connection was closed; it starts or stops');
		}

		case 'ER_ACCESS_DENIED_ERROR':
		case 'ER_ACCESS_DENIED_NO_PASSWORD_ERROR':
		case 'ER_HOST_NOT_PRIVILEGED': {
			return notReady('denied', password === undefined
				? `it asks for a password of the user ${user}, and the environment has none`
				: `it refuses the user ${user} with the password of its environment; data made earlier keep their first password`);
		}

		case 'ER_DBACCESS_DENIED_ERROR':
		case 'ER_BAD_DB_ERROR': {
			return notReady('failed', `it has no database ${database} for the user ${user}`);
		}

		case 'ER_CON_COUNT_ERROR': {
			return notReady('failed', 'all its connections are taken');
		}

		case 'TIMEOUT': {
			return notReady('failed', `${describeEndpoint(endpoint)} does not answer`);
		}

		default: {
			return notReady('failed', error instanceof Error ? error.message : String(error));
		}
	}
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
	port: 3306,

	// Temporary tables, and what the server writes at each start.
	volatilePaths: ['ibtmp1', '#innodb_temp', 'ib_buffer_pool', 'multi-master.info', 'undo_001-active', 'mysql.sock', 'mysqld.sock'],

	matchesService: service => service.settings.database === undefined ? hasImage(service, images) : service.settings.database === 'mysql',

	async matchesData(dataFolder) {
		const folders = await findDataFolders(dataFolder, isData);
		return folders.length > 0;
	},

	dataTarget(service) {
		const given = optionValue(commandWords(service), '--datadir');
		if (given?.startsWith('/')) {
			return given;
		}

		return isBitnami(service) ? `/bitnami/${hasImage(service, new Set(['mysql'])) ? 'mysql' : 'mariadb'}/data` : '/var/lib/mysql';
	},

	/** As the server noted it when it made or last upgraded the data: `10.11`, `8.0`. MySQL since 8.0.16 notes none that is plain text. */
	async dataVersion(dataFolder) {
		const [folder] = await findDataFolders(dataFolder, isData);
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
				throw checkpointError(target, 'MariaDB or MySQL', `the user ${who.user} may not flush its logs`, {
					cause: error, isDenied: true, hint: `\`GRANT RELOAD ON *.* TO '${who.user}'@'%'\` lets it, or give the root password in the environment; the commit can be taken all the same.`,
				});
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
		for (const folder of await findDataFolders(dataFolder, isData)) {
			await removeLeftovers(folder, name => /\.(?:pid|sock|sock\.lock)$/v.test(name));
		}
	},
};
