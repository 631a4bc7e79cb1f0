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

/**
The engine of a service: by `x-coppice.database`, else by its image, else by what is in a data folder where one is given.
*/
export const recogniseDatabase = async (service: Service, dataFolder?: string): Promise<Database | undefined> => {
	const known = databases.find(database => database.matchesService(service));
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
