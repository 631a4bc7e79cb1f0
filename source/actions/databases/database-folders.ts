/**
Which databases keep their data in a volume, and where in it: pure.
*/
import type {Database} from '../../database/database.ts';
import {databaseVolume} from '../../database/recognise-database.ts';
import type {Stack} from '../../stack/stack.ts';

export type DatabaseFolder = {
	readonly service: string;
	readonly database: Database;

	/** Relative to the volume's `data` folder; empty for the folder itself. */
	readonly subpath: string;

	/** Where the service mounts the volume. */
	readonly mountedAt: string;
};

export const databaseFolders = (stack: Stack, databases: ReadonlyMap<string, Database>, volume: string): DatabaseFolder[] =>
	[...databases].flatMap(([name, database]) => {
		const service = stack.services[name];
		const found = service === undefined ? undefined : databaseVolume(database, service);
		return found?.volume === volume
			? [{
				service: name, database, subpath: found.folder, mountedAt: found.mountedAt,
			}]
			: [];
	});
