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
import {setTimeout as delay} from 'node:timers/promises';
import type {Service} from '../stack/stack.ts';
import {formatUrl} from './connection-url.ts';
import {findDataFolders, removeLeftovers} from './data-folders.ts';
import {
	commandWords,
	hasImage,
	isBitnami,
	optionValue,
} from './image-name.ts';
import {checkpointError, connectionFailure, notReady} from './not-ready.ts';
import {RedisError, RespClient, UnexpectedReply} from './resp-client.ts';
import {readServiceFile, readVariable} from './service-variable.ts';
import type {
	Credentials,
	Database,
	DatabaseTarget,
	Readiness,
} from './database.ts';

const images = new Set(['redis', 'valkey', 'redis-stack', 'redis-stack-server', 'keydb']);

const isData = (names: ReadonlySet<string>): boolean => names.has('dump.rdb') || names.has('appendonlydir') || names.has('appendonly.aof');

/**
The password: of the command, of a configuration file from the host, or of the variables that images take.
*/
const findPassword = (service: Service): string | undefined => {
	const words = [...commandWords(service), ...(readVariable(service, 'REDIS_ARGS') ?? '').split(/\s+/v)];
	const given = optionValue(words, '--requirepass');
	const variable = given === undefined ? undefined : /^\$\{?(?<name>[A-Z_a-z]\w*)\}?$/v.exec(given)?.groups?.name;
	if (given !== undefined && given !== '') {
		return variable === undefined ? given : readVariable(service, variable);
	}

	const file = words.find(word => word.endsWith('.conf'));
	const lines = file === undefined ? [] : (readServiceFile(service, file) ?? '').split('\n').map(line => line.trim().split(/\s+/v));
	const written = lines.findLast(([directive]) => directive === 'requirepass')?.[1];
	return written === undefined ? readVariable(service, 'REDIS_PASSWORD', 'VALKEY_PASSWORD') : written.replace(/^(?<quote>["'])(?<inner>.*)\k<quote>$/v, '$<inner>');
};

const credentials = (service: Service): Credentials => {
	const password = findPassword(service);
	return {user: 'default', database: '0', ...(password !== undefined && {password})};
};

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

	if (error instanceof RedisError) {
		switch (error.kind) {
			case 'LOADING':
			case 'MASTERDOWN':
			case 'BUSY': {
				return notReady('starting', error.message);
			}

			case 'NOAUTH':
			case 'WRONGPASS':
			case 'DENIED':
			case 'NOPERM': {
				return notReady('denied', credentials(service).password === undefined ? 'it asks for a password, and the service names none' : 'it refuses the password that the service names');
			}

			default: {
				return notReady('failed', error.message);
			}
		}
	}

	return notReady('failed', error instanceof UnexpectedReply ? error.message : String(error));
};

/** The lines of `INFO`. */
const parseInfo = (text: unknown): ReadonlyMap<string, string> => {
	const pairs = String(text).split('\r\n').filter(line => line.includes(':')).map((line): [string, string] => {
		const colon = line.indexOf(':');
		return [line.slice(0, colon), line.slice(colon + 1)];
	});
	return new Map(pairs);
};

const persistence = async (client: RespClient): Promise<ReadonlyMap<string, string>> => parseInfo(await client.command('INFO', 'persistence'));

const waitForSave = async (client: RespClient): Promise<ReadonlyMap<string, string>> => {
	for (;;) {
		const info = await persistence(client);
		if (info.get('rdb_bgsave_in_progress') !== '1') {
			return info;
		}

		await delay(20);
	}
};

/**
Whether the server writes snapshots by itself. Managed servers rename or refuse CONFIG; then the default counts: it does.
*/
const savesSnapshots = async (client: RespClient): Promise<boolean> => {
	try {
		const reply = await client.command('CONFIG', 'GET', 'save');
		return !Array.isArray(reply) || reply[1] !== '';
	} catch (error) {
		if (error instanceof RedisError) {
			return true;
		}

		throw error;
	}
};

export const redis: Database = {
	name: 'redis',
	port: 6379,
	volatilePaths: ['redis.pid'],

	matchesService: service => service.settings.database === undefined ? hasImage(service, images) : service.settings.database === 'redis',

	async matchesData(dataFolder) {
		const folders = await findDataFolders(dataFolder, isData);
		return folders.length > 0;
	},

	dataTarget(service) {
		const given = optionValue(commandWords(service), '--dir');
		if (given?.startsWith('/')) {
			return given;
		}

		return isBitnami(service) ? (hasImage(service, new Set(['valkey'])) ? '/bitnami/valkey/data' : '/bitnami/redis/data') : '/data';
	},

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
			await withClient(target, timeoutMilliseconds, async client => {
				const before = await persistence(client);
				if (before.get('aof_enabled') === '1' || !await savesSnapshots(client)) {
					return;
				}

				// One that runs already began before this was asked for, so it may lack what was written since.
				await waitForSave(client);
				await client.command('BGSAVE');
				const after = await waitForSave(client);
				if (after.get('rdb_last_bgsave_status') !== 'ok') {
					throw new RedisError('ERR the background save failed; the log of the server says why');
				}
			});
		} catch (error) {
			const readiness = explain(error, target);
			throw checkpointError(target, 'Redis', readiness.ready ? 'it failed' : readiness.reason, {cause: error});
		}
	},

	/** Only pid files and sockets that were kept in the data folder; a half-written `temp-….rdb` is never read. */
	async prepareClone(dataFolder) {
		for (const folder of await findDataFolders(dataFolder, isData)) {
			await removeLeftovers(folder, name => /\.(?:pid|sock)$/v.test(path.basename(name)));
		}
	},
};
