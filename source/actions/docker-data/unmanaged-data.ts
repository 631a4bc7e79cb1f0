/**
Databases whose data are in no volume of the stack, so that no commit holds them.
*/
import path from 'node:path';
import type {Database, DatabaseName} from '../../database/database.ts';
import {databases as engines, databaseVolume} from '../../database/recognise-database.ts';
import type {Mount, Service, Stack} from '../../stack/stack.ts';

export type UnmanagedData = {
	readonly service: string;
	readonly database: DatabaseName;
	readonly kind: 'bind' | 'anonymous' | 'tmpfs' | 'container';

	/** The folder on this host for a bind mount, else the place inside the service. */
	readonly place: string;

	/** One sentence for the user. */
	readonly message: string;
};

const isBelow = (folder: string, place: string): boolean => {
	const relative = path.posix.relative(folder, place);
	return relative !== '..' && !relative.startsWith('../');
};

/** A folder as the compose file would have it. */
const labelOf = (stack: Stack, folder: string): string => {
	const relative = path.relative(stack.projectFolder, folder);
	return relative.startsWith('..') ? folder : `./${relative}`;
};

const remedy = 'give it a named volume to have it in commits';

const describe = (stack: Stack, service: Service, database: DatabaseName, mount: Mount | undefined, target: string): UnmanagedData => {
	const whose = {service: service.name, database};
	switch (mount?.kind) {
		case 'bind': {
			return {
				...whose, kind: 'bind', place: mount.source, message: `${service.name} keeps its data (${database}) in the bind mount ${labelOf(stack, mount.source)}, which is not managed: ${remedy}.`,
			};
		}

		case 'tmpfs': {
			return {
				...whose, kind: 'tmpfs', place: mount.target, message: `${service.name} keeps its data (${database}) in memory, at the tmpfs ${mount.target}: no commit holds them.`,
			};
		}

		case 'anonymous': {
			return {
				...whose, kind: 'anonymous', place: mount.target, message: `${service.name} keeps its data (${database}) in an anonymous volume at ${mount.target}, which is not managed: ${remedy}.`,
			};
		}

		default: {
			return {
				...whose, kind: 'container', place: target, message: `${service.name} keeps its data (${database}) in its container, since nothing is mounted at ${target}: ${remedy}.`,
			};
		}
	}
};

/**
Finds them by the databases that are recognised, and by the content of bind mounts of other services.
*/
export const findUnmanagedData = async (stack: Stack, databases: ReadonlyMap<string, Database>): Promise<readonly UnmanagedData[]> => {
	const recognised = [...databases].flatMap(([name, database]): UnmanagedData[] => {
		const service = stack.services[name];
		if (service === undefined || databaseVolume(database, service) !== undefined) {
			return [];
		}

		const target = database.dataTarget(service);
		const mount = service.mounts.filter(mounted => isBelow(mounted.target, target)).toSorted((a, b) => b.target.length - a.target.length)[0];
		return [describe(stack, service, database.name, mount, target)];
	});
	const unrecognised = Object.values(stack.services).filter(({name}) => !databases.has(name));
	const others = await Promise.all(unrecognised.flatMap(service => service.mounts.map(async (mount): Promise<UnmanagedData[]> => {
		if (mount.kind !== 'bind' || mount.readOnly) {
			return [];
		}

		const found = await Promise.all(engines.map(async engine => await engine.isDataFolder(mount.source) ? engine.name : undefined));
		return found.flatMap(database => database === undefined ? [] : [describe(stack, service, database, mount, mount.target)]);
	})));
	return [...recognised, ...others.flat()];
};
