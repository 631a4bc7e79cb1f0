/**
Postgres.

Quiesced means that CHECKPOINT has finished shortly before the writers stood still: all pages changed until then are in the data
files, and a clone has only the write-ahead log since then to replay. Commits are never lost either way: they are in the log.
*/
import {readdirSync, statSync} from 'node:fs';
import {Socket} from 'node:net';
import path from 'node:path';
import type {Client} from 'pg';
import {readIfThere} from '../system/durable-file.ts';
import {isSystemError} from '../system/errors.ts';
import {formatUrl} from './connection-url.ts';
import {
	findDataFolders,
	isMarkedFolder,
	removeLeftovers,
	type DataMarks,
} from './data-folders.ts';
import {hasImage} from './image-name.ts';
import {
	checkpointError,
	codeOf,
	connectionFailure,
	describeEndpoint,
	notReady,
} from './not-ready.ts';
import {postgresInside} from './postgres-inside.ts';
import {
	administrator,
	credentials,
	dataTarget,
	deniedCheckpoint,
	listensOn,
	postgresImages,
} from './postgres-service.ts';
import type {
	Credentials,
	Database,
	DatabaseTarget,
	Endpoint,
	Readiness,
} from './database.ts';

const marks: DataMarks = [['PG_VERSION', 'global', 'base']];

/**
Host and port as `pg` takes them: the folder of a Unix socket and the port in its name, where there is a socket.
*/
const resolveAddress = ({host, port, socket}: Endpoint): {readonly host: string; readonly port: number} | undefined => {
	if (socket === undefined) {
		return {host, port};
	}

	try {
		const stats = statSync(socket);
		const names = stats.isDirectory() ? readdirSync(socket) : [path.basename(socket)];
		const ports = names.map(name => /^\.s\.PGSQL\.(?<port>\d+)$/v.exec(name)?.groups?.port).filter(text => text !== undefined).map(Number);
		const found = ports.includes(port) ? port : ports[0];
		return found === undefined ? undefined : {host: stats.isDirectory() ? socket : path.dirname(socket), port: found};
	} catch (error) {
		if (isSystemError(error, 'ENOENT', 'ENOTDIR')) {
			return undefined;
		}

		throw error;
	}
};

/**
Connects, works, and leaves nothing open: a server that does not answer is given up after the time.
*/
const withClient = async <T>(target: DatabaseTarget, who: Credentials, timeoutMilliseconds: number, work: (client: Client) => Promise<T>): Promise<T> => {
	const address = resolveAddress(target.endpoint);
	if (address === undefined) {
		throw Object.assign(new Error('There is no socket'), {code: 'ENOENT'});
	}

	const {Client: PgClient} = await import('pg');
	const {user, password, database} = who;
	const socket = new Socket();
	const client = new PgClient({
		...address,
		user,
		// An empty text, so that `pg` does not look for a password of this user's own (PGPASSWORD, ~/.pgpass).
		password: password ?? '',
		database,
		ssl: false,
		application_name: 'coppice',
		connectionTimeoutMillis: timeoutMilliseconds,
		query_timeout: timeoutMilliseconds,
		stream: () => socket,
	});
	// A connection that breaks later is told here too; without a listener it would end the process.
	client.on('error', () => undefined);
	try {
		await client.connect();
		const result = await work(client);
		// Said, not waited for: the server goes its way by itself.
		client.end().catch(() => undefined);
		return result;
	} finally {
		socket.destroy();
	}
};

const isTimeout = (error: unknown): boolean => error instanceof Error && /timeout|timed out/iv.test(error.message) && codeOf(error) === '';

/**
What an error of the server means. Codes: https://www.postgresql.org/docs/current/errcodes-appendix.html
*/
const explain = (error: unknown, {endpoint}: DatabaseTarget, {user, database, password}: Credentials): Readiness => {
	const known = connectionFailure(error, endpoint);
	if (known !== undefined) {
		return known;
	}

	const message = error instanceof Error ? error.message : String(error);
	switch (codeOf(error)) {
		case '57P03': {
			return notReady('starting', message);
		}

		case '57P01':
		case '57P02': {
			return notReady('starting', 'it stops or restarts');
		}

		case '28P01':
		case '28000': {
			return notReady('denied', `it refuses the user ${user} with the password of its environment; data made earlier keep their first password`);
		}

		case '3D000': {
			return notReady('failed', `it has no database ${database}`);
		}

		case '53300': {
			return notReady('failed', 'all its connections are taken');
		}

		default: {
			if (isTimeout(error)) {
				return notReady('failed', `${describeEndpoint(endpoint)} does not answer`);
			}

			return password === undefined && /sasl|password/iv.test(message) ? notReady('denied', `it asks for a password of the user ${user}, and the environment has none`) : notReady(message.includes('terminated unexpectedly') ? 'starting' : 'failed', message);
		}
	}
};

/**
Postgres as the official image and those made from it run it.
*/
export const postgres: Database = {
	name: 'postgres',
	listensOn,
	inside: postgresInside,
	signs: {
		servers: ['postgres', 'postmaster', 'pg_ctl', 'patroni'],
		clients: ['pg_isready', 'psql', 'pg_dump', 'pg_dumpall', 'pg_basebackup', 'pg_restore'],
		variables: [
			'PGDATA', 'POSTGRES_PASSWORD', 'POSTGRES_HOST_AUTH_METHOD', 'POSTGRESQL_PASSWORD',
		],
	},

	// All of these are written anew from the log or from nothing when the server starts.
	volatilePaths: ['postmaster.pid', 'postmaster.opts', 'pg_stat_tmp', 'pg_stat', 'pg_notify', 'pg_subtrans', 'pg_dynshmem', 'log', 'current_logfiles', 'global/pg_control', 'pg_logical/replorigin_checkpoint', 'pg_internal.init'],

	matchesService: service => service.settings.database === undefined ? hasImage(service, postgresImages) : service.settings.database === 'postgres',

	async matchesData(dataFolder) {
		const folders = await findDataFolders(dataFolder, marks);
		return folders.length > 0;
	},

	isDataFolder: async folder => isMarkedFolder(folder, marks),

	dataTarget,

	async dataVersion(dataFolder) {
		const [folder] = await findDataFolders(dataFolder, marks);
		const text = folder === undefined ? undefined : await readIfThere(path.join(folder, 'PG_VERSION'));
		return text === undefined || text.trim() === '' ? undefined : text.trim();
	},

	credentials,

	connectionString({service, endpoint}, options) {
		const {password, ...rest} = credentials(service);
		return formatUrl({
			scheme: 'postgresql', endpoint, ...rest, password: options?.password ? password : undefined,
		});
	},

	async probe(target, {timeoutMilliseconds = 2000} = {}) {
		const who = credentials(target.service);
		try {
			return await withClient(target, who, timeoutMilliseconds, async client => {
				await client.query('select 1');
				return {ready: true};
			});
		} catch (error) {
			return explain(error, target, who);
		}
	},

	async checkpoint(target, {timeoutMilliseconds = 30_000} = {}) {
		const who = administrator(target.service);
		try {
			await withClient(target, who, timeoutMilliseconds, async client => client.query('CHECKPOINT'));
		} catch (error) {
			if (codeOf(error) === '42501') {
				throw deniedCheckpoint(target.service, who.user, error);
			}

			const readiness = explain(error, target, who);
			throw checkpointError(target, 'Postgres', isTimeout(error) ? `it did not finish in ${timeoutMilliseconds / 1000} s` : (readiness.ready ? 'it failed' : readiness.reason), {cause: error});
		}
	},

	/**
	Only what names the process that is gone: its pid file, and sockets with their locks where they are kept in the data folder.
	The log (`pg_wal`), `pg_replslot` and everything else stay: recovery needs them, or Postgres cleans them by itself.
	*/
	async prepareClone(dataFolder) {
		for (const folder of await findDataFolders(dataFolder, marks)) {
			await removeLeftovers(folder, name => name === 'postmaster.pid' || /^\.s\.PGSQL\.\d+(?:\.lock)?$/v.test(name));
		}
	},
};
