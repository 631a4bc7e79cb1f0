/**
Redis and Valkey.

What a snapshot holds depends on how the server persists:

- `appendonly yes`: each write is in the append-only file before it is answered (unless an fsync of the second before still runs:
  then up to two seconds later). Nothing has to be asked for; quiesced means that the server answered.
- snapshots only (`save …`, the default): writes since the last one are in memory alone, and no freeze brings them to disk. Quiesced
  means that a `BGSAVE`, begun after it was asked for, has finished; writes during and after it are not in the commit.
- neither: the data are in memory alone and in no commit.

`SAVE` is never used: it blocks all clients.
*/
import path from 'node:path';
import {formatUrl} from './connection-url.ts';
import {
	findDataFolders,
	isMarkedFolder,
	removeLeftovers,
	type DataMarks,
} from './data-folders.ts';
import {hasImage} from './image-name.ts';
import {checkpointError, connectionFailure, notReady} from './not-ready.ts';
import {redisInside} from './redis-inside.ts';
import {explainReply, saveToDisk} from './redis-replies.ts';
import {
	credentials,
	dataTarget,
	listensOn,
	redisImages,
} from './redis-service.ts';
import {RedisError, RespClient, UnexpectedReply} from './resp-client.ts';
import type {
	Database,
	DatabaseTarget,
	Readiness,
} from './database.ts';

const marks: DataMarks = [['dump.rdb'], ['appendonlydir'], ['appendonly.aof']];

const withClient = async <T>(target: DatabaseTarget, timeoutMilliseconds: number, work: (client: RespClient) => Promise<T>): Promise<T> => {
	const {service, endpoint: {host, port, socket}} = target;
	const client = new RespClient(socket === undefined ? {host, port} : {path: socket}, AbortSignal.timeout(timeoutMilliseconds));
	try {
		const {password} = credentials(service);
		if (password !== undefined) {
			try {
				await client.command('AUTH', password);
			} catch (error) {
				// A server without a password takes none, which is no reason not to use it.
				if (!(error instanceof RedisError) || !/without any password|no password is set/v.test(error.message)) {
					throw error;
				}
			}
		}

		return await work(client);
	} finally {
		client.close();
	}
};

const explain = (error: unknown, {endpoint, service}: DatabaseTarget): Readiness => {
	const known = connectionFailure(error, endpoint);
	if (known !== undefined) {
		return known;
	}

	return error instanceof RedisError ? explainReply(error, service) : notReady('failed', error instanceof UnexpectedReply ? error.message : String(error));
};

export const redis: Database = {
	name: 'redis',
	listensOn,
	inside: redisInside,
	signs: {
		servers: ['redis-server', 'valkey-server', 'keydb-server'],
		clients: ['redis-cli', 'valkey-cli', 'keydb-cli'],
		variables: [
			'REDIS_ARGS', 'VALKEY_PASSWORD', 'REDIS_PASSWORD', 'ALLOW_EMPTY_PASSWORD',
		],
	},
	volatilePaths: ['redis.pid'],

	matchesService: service => service.settings.database === undefined ? hasImage(service, redisImages) : service.settings.database === 'redis',

	async matchesData(dataFolder) {
		const folders = await findDataFolders(dataFolder, marks);
		return folders.length > 0;
	},

	isDataFolder: async folder => isMarkedFolder(folder, marks),

	dataTarget,

	// Neither file says which version wrote it in a way that tells whether another can read it.
	dataVersion: async () => undefined,

	credentials,

	connectionString({service, endpoint}, options) {
		const {password, database} = credentials(service);
		return formatUrl({
			scheme: 'redis', endpoint, user: '', password: options?.password ? password : undefined, database,
		});
	},

	async probe(target, {timeoutMilliseconds = 2000} = {}) {
		try {
			return await withClient(target, timeoutMilliseconds, async client => {
				const reply = await client.command('PING');
				return reply === 'PONG' ? {ready: true} : notReady('failed', 'it did not answer PING with PONG');
			});
		} catch (error) {
			return explain(error, target);
		}
	},

	async checkpoint(target, {timeoutMilliseconds = 30_000} = {}) {
		try {
			await withClient(target, timeoutMilliseconds, async client => saveToDisk(async (...words) => {
				const reply = await client.command(...words);
				return Array.isArray(reply) ? reply.join('\n') : String(reply);
			}));
		} catch (error) {
			const readiness = explain(error, target);
			throw checkpointError(target, 'Redis', readiness.ready ? 'it failed' : readiness.reason, {cause: error});
		}
	},

	/** Only pid files and sockets that were kept in the data folder; a half-written `temp-….rdb` is never read. */
	async prepareClone(dataFolder) {
		for (const folder of await findDataFolders(dataFolder, marks)) {
			await removeLeftovers(folder, name => /\.(?:pid|sock)$/v.test(path.basename(name)));
		}
	},
};
