/**
The stacks of this host: those of its projects, and those whose data alone are in one of its pools. Looked up anew for every call, since an agent may
run for hours.
*/
import {existsSync} from 'node:fs';
import path from 'node:path';
import {listIfThere} from '../../system/durable-file.ts';
import {CoppiceError} from '../../system/errors.ts';
import {isName} from '../../system/names.ts';
import {openHistory} from '../../history/open-history.ts';
import type {History} from '../../history/history.ts';
import type {Home} from '../../host/home.ts';
import {listProjects, type Project} from '../../host/project-registry.ts';
import {readUserSettings} from '../../host/user-settings.ts';
import {historyFolder, stacksFolder} from '../../storage/layout.ts';
import {listVolumes} from '../../storage/list-volumes.ts';
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

/** Where stacks of this host can be: what `--pool` names alone, else the usual pool and those of all projects. */
type Places = {
	readonly projects: readonly Project[];

	/** Folders of pools; opened when asked for. */
	readonly pools: readonly string[];
	readonly open: (folder: string) => Promise<Pool>;
};

const findPlaces = async (options: HostStacksOptions): Promise<Places> => {
	const open = openOnce();
	const usual = usualPool(options);
	const all = await listProjects(options.home);
	const named = all.filter(({stack}) => isName('stack', stack));
	if (options.pool !== undefined) {
		const {path: only} = await open(usual);
		return {projects: named.filter(({pool}) => path.resolve(pool) === only), pools: [usual], open};
	}

	const stale = await Promise.all(named.map(async project => isStale(project)));
	const projects = named.filter((_, index) => stale[index] !== true);
	const pools = [...await isPoolKnown(usual) ? [usual] : [], ...projects.map(({pool}) => pool)];
	return {projects, pools: [...new Set(pools)], open};
};

export type StackList = {
	readonly stacks: readonly HostStack[];

	/** Whether every pool was looked into. Of which it was not is not for everybody: it may be that of a project that is kept from the caller. */
	readonly isWhole: boolean;
};

/**
The stacks that a caller may see, by name in order. Of two of one name that of a project counts, then that in the usual pool.

@throws CoppiceError where a pool can't be looked into: a stack that is out of reach is not one that is not there. Who sees only some stacks gets
those that are within reach, and is told that they may not be all.
*/
export const listStacks = async (options: HostStacksOptions, access: Access): Promise<StackList> => {
	const {projects, pools, open} = await findPlaces(options);
	const found = new Map<string, HostStack>();
	const maySee = (name: string): boolean => access.may('read', name);
	let isWhole = true;
	const look = async (folder: string): Promise<Pool | undefined> => {
		try {
			return await open(folder);
		} catch (error) {
			if (!access.isLimited) {
				throw error;
			}

			isWhole = false;
			return undefined;
		}
	};

	const visible = projects.filter(({stack}) => maySee(stack));
	for (const project of visible) {
		const pool = await look(project.pool);
		if (pool !== undefined && isMade(pool, project.stack) && !found.has(project.stack)) {
			found.set(project.stack, stackIn(pool, project.stack, project));
		}
	}

	for (const folder of pools) {
		const pool = await look(folder);
		for (const name of pool === undefined ? [] : await listIfThere(stacksFolder(pool.path))) {
			if (maySee(name) && !found.has(name) && isMade(pool!, name)) {
				found.set(name, stackIn(pool!, name));
			}
		}
	}

	return {stacks: found.keys().toArray().toSorted().map(name => found.get(name)!), isWhole};
};

/** It could be in a pool that can't be looked into; which that is is not for everybody. */
const outOfReach = (access: Access, failure: unknown): unknown => access.isLimited
	? new CoppiceError('precondition', 'A pool of this host is out of reach, so it is not known whether it has the stack.', {hint: 'Ask its owner to run `coppice doctor` there.'})
	: failure;

/**
A stack if it is there and the caller may see it. The policy is asked first: see `access.ts`. No other pools are opened than it takes to find it.

@throws CoppiceError `not-found` where the caller may not see it; `precondition` where it is not found and a pool can't be looked into.
*/
export const lookForStack = async (options: HostStacksOptions, access: Access, name: string): Promise<HostStack | undefined> => {
	requireRead(access, name);
	const {projects, pools, open} = await findPlaces(options);
	const named = projects.filter(({stack}) => stack === name);
	for (const project of named) {
		const pool = await open(project.pool);
		if (isMade(pool, name)) {
			return stackIn(pool, name, project);
		}
	}

	const failures: unknown[] = [];
	for (const folder of pools) {
		try {
			const pool = await open(folder);
			if (isMade(pool, name)) {
				return stackIn(pool, name);
			}
		} catch (error) {
			failures.push(error);
		}
	}

	if (failures.length > 0) {
		throw outOfReach(access, failures[0]);
	}

	return undefined;
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
export const volumesOfStack = async ({pool, name}: HostStack): Promise<string[]> => listVolumes(pool.path, name);

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
