/**
Which database a service runs, if any.
*/
import path from 'node:path';
import type {Service} from '../stack/stack.ts';
import {mongo} from './mongo.ts';
import {mysql} from './mysql.ts';
import {postgres} from './postgres.ts';
import {redis} from './redis.ts';
import type {Database} from './database.ts';

export type {Database} from './database.ts';

/** All engines that are known. Their drivers are loaded when one is first asked something. */
export const databases: readonly Database[] = [postgres, mysql, redis, mongo];

/** What words name when a shell reads them: without quotes, brackets and the folder. */
export const programWords = (words: readonly string[]): string[] => words.flatMap(word => word.split(/\s+/v))
	.map(word => path.posix.basename(word.replaceAll(/["'\(\);\{\}]/gv, '')))
	.filter(word => word !== '');

const ownWords = ({entrypoint = [], command = [], settings}: Service): string[] =>
	programWords([...entrypoint, ...command, ...settings.process?.command ?? []]);

/** What starts the word after it: a shell's `exec`, an image's own script. */
const starters: ReadonlySet<string> = new Set(['exec', 'docker-entrypoint.sh', 'gosu', 'tini', '--', '&&', 'sh', 'bash', '-c']);

/** Names of users, of databases and of hosts as well: these count only where they are what is run. */
const ambiguous: ReadonlySet<string> = new Set(['postgres', 'mysql', 'mariadb', 'mongo']);

const runsOne = (words: readonly string[], programs: readonly string[]): boolean => words.some((word, index) =>
	programs.includes(word) && (!ambiguous.has(word) || index === 0 || starters.has(words[index - 1]!)));

/**
Whether a service's command runs a server of an engine.
*/
export const runsServer = (service: Service, {servers}: Database['signs']): boolean => runsOne(ownWords(service), servers);

/**
The engine that a service names as its own: by `x-coppice.database`, else by its image. A service that has the image for its client
alone (`pg_dump` once a day) is no server.
*/
export const namedDatabase = (service: Service): Database | undefined => {
	const database = databases.find(known => known.matchesService(service));
	if (database === undefined || service.settings.database !== undefined) {
		return database;
	}

	const runsClient = runsOne(ownWords(service), database.signs.clients);
	return runsClient && !runsServer(service, database.signs) ? undefined : database;
};

/**
The engine of a service: by `x-coppice.database`, else by its image, else by what is in a data folder where one is given.
*/
export const recogniseDatabase = async (service: Service, dataFolder?: string): Promise<Database | undefined> => {
	const known = namedDatabase(service);
	if (known !== undefined || dataFolder === undefined) {
		return known;
	}

	for (const database of databases) {
		if (await database.matchesData(dataFolder)) {
			return database;
		}
	}

	return undefined;
};

export type DatabaseVolume = {
	readonly volume: string;

	/** Relative to the volume's `data` folder; empty for that folder itself. */
	readonly folder: string;

	/** Where the service mounts the volume. */
	readonly mountedAt: string;
};

/**
The volume that holds the data of a service's database, and where in it; `undefined` where they are in no named volume.
*/
export const databaseVolume = (database: Database, service: Service): DatabaseVolume | undefined => {
	const target = database.dataTarget(service);
	let best: DatabaseVolume | undefined;
	for (const mount of service.mounts) {
		const folder = path.posix.relative(mount.target, target);
		const isAbove = folder !== '..' && !folder.startsWith('../');
		if (isAbove && mount.kind === 'volume' && mount.target.length > (best?.mountedAt.length ?? -1)) {
			best = {volume: mount.volume, folder, mountedAt: mount.target};
		}
	}

	return best;
};
