/**
Where in a volume a database keeps its data: pure.
*/
import path from 'node:path';
import type {Database} from '../database/database.ts';
import type {Stack} from '../stack/stack.ts';

export type DatabaseFolder = {
	readonly service: string;
	readonly database: Database;

	/** Relative to the volume's `data` folder; empty for the folder itself. */
	readonly subpath: string;
};

/**
The databases in a volume, by the services that mount it. A service may keep its data below the mount (`PGDATA`).
*/
export const databaseFolders = (stack: Stack, databases: ReadonlyMap<string, Database>, volume: string): DatabaseFolder[] => {
	const folders: DatabaseFolder[] = [];
	for (const [service, database] of databases) {
		const definition = stack.services[service];
		for (const mount of definition?.mounts ?? []) {
			if (definition === undefined || mount.kind !== 'volume' || mount.volume !== volume) {
				continue;
			}

			const subpath = path.relative(mount.target, database.dataTarget(definition));
			folders.push({service, database, subpath: subpath.startsWith('..') ? '' : subpath});
		}
	}

	return folders;
};
