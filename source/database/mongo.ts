/**
MongoDB, without a driver.

What is known here is what a server says before anybody logs in: ready means that it answers `hello` and takes reads. Whether the
user and password of the environment are right is not tried, and a server that asks for them can't be asked for a checkpoint over its
port: its commits are labelled `frozen`. (The shell in its container can, where no port is reached: see `mongo-inside.ts`.) WiredTiger
recovers from its journal, which it writes at least every 100 ms; with the default write concern of a replica set (`majority`) an
acknowledged write is in it.
*/
import {formatUrl} from './connection-url.ts';
import {
	findDataFolders,
	isMarkedFolder,
	removeLeftovers,
	type DataMarks,
} from './data-folders.ts';
import {
	commandWords,
	hasImage,
	isBitnami,
	optionValue,
} from './image-name.ts';
import {askMongo} from './mongo-hello.ts';
import {mongoInside} from './mongo-inside.ts';
import {credentials, listensOn} from './mongo-service.ts';
import {checkpointError, connectionFailure, notReady} from './not-ready.ts';
import type {
	Database,
	DatabaseTarget,
	Endpoint,
	Readiness,
} from './database.ts';

const images = new Set(['mongo', 'mongodb', 'mongodb-community-server', 'mongodb-enterprise-server', 'percona-server-mongodb', 'mongodb-atlas-local']);

const marks: DataMarks = [['WiredTiger', 'storage.bson'], ['WiredTiger', 'WiredTiger.wt']];

const addressOf = ({host, port, socket}: Endpoint): {readonly path: string} | {readonly host: string; readonly port: number} =>
	socket === undefined ? {host, port} : {path: socket};

const explain = (error: unknown, {endpoint}: DatabaseTarget): Readiness =>
	connectionFailure(error, endpoint) ?? notReady('failed', error instanceof Error ? error.message : String(error));

export const mongo: Database = {
	name: 'mongo',
	listensOn,
	signs: {
		servers: ['mongod'],
		clients: ['mongosh', 'mongo', 'mongodump', 'mongorestore', 'mongoexport', 'mongoimport'],
		variables: [
			'MONGO_INITDB_ROOT_USERNAME', 'MONGO_INITDB_DATABASE', 'MONGODB_ROOT_PASSWORD',
		],
	},
	volatilePaths: ['mongod.lock', 'diagnostic.data', '_tmp', 'WiredTiger.turtle.set'],

	matchesService: service => service.settings.database === undefined ? hasImage(service, images) : service.settings.database === 'mongo',

	async matchesData(dataFolder) {
		const folders = await findDataFolders(dataFolder, marks);
		return folders.length > 0;
	},

	isDataFolder: async folder => isMarkedFolder(folder, marks),

	dataTarget(service) {
		const given = optionValue(commandWords(service), '--dbpath');
		return given?.startsWith('/') ? given : (isBitnami(service) ? '/bitnami/mongodb/data/db' : '/data/db');
	},

	// The files name the version of the storage engine, which says little about the server's.
	dataVersion: async () => undefined,

	credentials,

	connectionString({service, endpoint}, options) {
		const {user, password, database} = credentials(service);
		return formatUrl({
			scheme: 'mongodb', endpoint, user, password: options?.password ? password : undefined, database, query: user === '' ? '' : '?authSource=admin',
		});
	},

	async probe(target, {timeoutMilliseconds = 2000} = {}) {
		try {
			const reply = await askMongo(addressOf(target.endpoint), {hello: 1, $db: 'admin'}, timeoutMilliseconds);
			if (reply.get('ok') !== 1) {
				return notReady('starting', String(reply.get('errmsg') ?? 'it answers with an error'));
			}

			return reply.get('isWritablePrimary') === true || reply.get('secondary') === true
				? {ready: true}
				: notReady('starting', 'it is neither primary nor secondary yet');
		} catch (error) {
			return explain(error, target);
		}
	},

	async checkpoint(target, {timeoutMilliseconds = 30_000} = {}) {
		if (credentials(target.service).user !== '') {
			throw checkpointError(target, 'MongoDB', 'asking a server with a password needs a driver, which Coppice does not have');
		}

		let reply;
		try {
			reply = await askMongo(addressOf(target.endpoint), {fsync: 1, $db: 'admin'}, timeoutMilliseconds);
		} catch (error) {
			const readiness = explain(error, target);
			throw checkpointError(target, 'MongoDB', readiness.ready ? 'it failed' : readiness.reason, {cause: error});
		}

		if (reply.get('ok') !== 1) {
			throw checkpointError(target, 'MongoDB', String(reply.get('errmsg') ?? 'it answered with an error'));
		}
	},

	inside: mongoInside,

	/** Only the lock with the pid, and sockets. The journal stays: recovery needs it. */
	async prepareClone(dataFolder) {
		for (const folder of await findDataFolders(dataFolder, marks)) {
			await removeLeftovers(folder, name => name === 'mongod.lock' || name.endsWith('.sock'));
		}
	},
};
