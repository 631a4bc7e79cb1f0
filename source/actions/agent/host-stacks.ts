/**
The stacks of this host: those of its projects, and those whose data alone are in one of its pools. Looked up anew for every call, since an agent may
run for hours.
*/
import {existsSync} from 'node:fs';
import path from 'node:path';
import {listIfThere} from '../../system/durable-file.ts';
import {isName} from '../../system/names.ts';
import {openHistory} from '../../history/open-history.ts';
import type {History} from '../../history/history.ts';
import type {Home} from '../../host/home.ts';
import {listProjects, type Project} from '../../host/project-registry.ts';
import {readUserSettings} from '../../host/user-settings.ts';
import {historyFolder, stacksFolder, volumesFolder} from '../../storage/layout.ts';
import {isPoolKnown, openPool, type Pool} from '../../storage/pool.ts';
import {requireRead, stackNotFound, type Access} from './access.ts';

export type HostStack = {
	readonly name: string;
	readonly pool: Pool;
	readonly history: History;

	/** The compose project that it belongs to; data alone without one. */
	readonly project?: Project;
};

export type HostStacksOptions = {
	readonly home: Home;

	/** Only what is in this pool. */
	readonly pool?: string;
};

/** Where the stacks go that come from another host. */
export const usualPool = ({home, pool}: HostStacksOptions): string => path.resolve(pool ?? readUserSettings(home).pool ?? home.pool);

/** A record that was left behind: neither the project nor its pool is there any more. Where either is, the stack is only out of reach. */
const isStale = async ({folder, pool}: Project): Promise<boolean> => !existsSync(folder) && !await isPoolKnown(pool);

/** The folders of pools may be named in two ways. */
const openOnce = (): (folder: string) => Promise<Pool> => {
	const opened = new Map<string, Promise<Pool>>();
	return async folder => {
		const known = opened.get(folder) ?? openPool(folder);
		opened.set(folder, known);
		return known;
	};
};

const stackIn = (pool: Pool, name: string, project?: Project): HostStack => ({
	name, pool, history: openHistory(historyFolder(pool.path, name)), ...(project !== undefined && {project}),
});

/** Whether the stack was made: one whose making was cut off has no history yet. */
const isMade = (pool: Pool, name: string): boolean => isName('stack', name) && existsSync(path.join(historyFolder(pool.path, name), 'HEAD'));

/**
All stacks of this host by their names. Of two of one name that of a project counts, then that in the usual pool.

@throws CoppiceError where a pool can't be looked into: a stack that is out of reach is not one that is not there.
*/
const findAll = async (options: HostStacksOptions): Promise<Map<string, HostStack>> => {
	const open = openOnce();
	const found = new Map<string, HostStack>();
	const add = (stack: HostStack) => {
		if (!found.has(stack.name)) {
			found.set(stack.name, stack);
		}
	};

	const usual = usualPool(options);
	const only = options.pool === undefined ? undefined : await open(usual);
	const pools = new Map<string, Pool>();
	if (only !== undefined || await isPoolKnown(usual)) {
		const pool = only ?? await open(usual);
		pools.set(pool.path, pool);
	}

	for (const project of await listProjects(options.home)) {
		const isLeftOut = only === undefined ? await isStale(project) : path.resolve(project.pool) !== only.path;
		if (isLeftOut || !isName('stack', project.stack)) {
			continue;
		}

		const pool = await open(project.pool);
		pools.set(pool.path, pool);
		if (isMade(pool, project.stack)) {
			add(stackIn(pool, project.stack, project));
		}
	}

	for (const pool of pools.values()) {
		for (const name of await listIfThere(stacksFolder(pool.path))) {
			if (isMade(pool, name)) {
				add(stackIn(pool, name));
			}
		}
	}

	return found;
};

/**
The stacks that a caller may see, by name in order.
*/
export const listStacks = async (options: HostStacksOptions, access: Access): Promise<readonly HostStack[]> => {
	const all = await findAll(options);
	return all.keys().toArray().toSorted().filter(name => access.may('read', name)).map(name => all.get(name)!);
};

/**
A stack if it is there and the caller may see it. The policy is asked first: see `access.ts`.

@throws CoppiceError `not-found` where the caller may not see it.
*/
export const lookForStack = async (options: HostStacksOptions, access: Access, name: string): Promise<HostStack | undefined> => {
	requireRead(access, name);
	const all = await findAll(options);
	return all.get(name);
};

/**
@throws CoppiceError `not-found` where it is not there or the caller may not see it, which look the same.
*/
export const findStack = async (options: HostStacksOptions, access: Access, name: string): Promise<HostStack> => {
	const stack = await lookForStack(options, access, name);
	if (stack === undefined) {
		throw stackNotFound(name);
	}

	return stack;
};

/** The volumes whose data are in the pool, in order. */
export const volumesOfStack = async ({pool, name}: HostStack): Promise<string[]> => {
	const names = await listIfThere(volumesFolder(pool.path, name));
	return names.filter(volume => isName('volume', volume));
};

/**
Ids of the whole snapshots of each volume.
*/
export const wholeSnapshots = async (stack: HostStack): Promise<Map<string, ReadonlySet<string>>> => {
	const volumes = await volumesOfStack(stack);
	return new Map(await Promise.all(volumes.map(async (volume): Promise<[string, ReadonlySet<string>]> => {
		const {snapshots} = await stack.pool.driver.contents({stack: stack.name, volume});
		return [volume, new Set(snapshots)];
	})));
};
