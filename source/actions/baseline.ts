/**
What a service writes just by starting on clean data (recovery, pid files) is no change of the user's.

After a verb has started services on the data of a commit, the moment is noted; `status` passes over files that differ but were not
changed since. This is for display alone: nothing is ever left out of a commit.
*/
import {mkdir, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {readIfThere} from '../system/durable-file.ts';
import {nameToComponent} from '../system/names.ts';
import {stackFolder} from '../storage/layout.ts';
import type {Difference, Survey} from '../storage/driver.ts';
import {databaseFolders} from './databases/database-folders.ts';
import type {Workspace} from './workspace/workspace.ts';

type KnownCommit = {readonly id: string; readonly volumes: Readonly<Record<string, string>>};

type Baseline = {
	/** The tip of the branch then. */
	readonly commit: string;

	/** Milliseconds since 1970. */
	readonly cleanAt: number;
};

const baselineFile = (workspace: Workspace, branch: string): string =>
	path.join(stackFolder(workspace.pool.path, workspace.stack.name), 'baselines', `${nameToComponent(branch)}.json`);

/**
Until when nothing that differs from a commit is the user's, in milliseconds since 1970.
*/
const readBaseline = async (workspace: Workspace, branch: string, commit: string): Promise<number> => {
	try {
		const baseline = JSON.parse(await readIfThere(baselineFile(workspace, branch)) ?? '{}') as Partial<Baseline>;
		return baseline.commit === commit ? baseline.cleanAt ?? 0 : 0;
	} catch {
		// A damaged one only makes `status` say "changed".
		return 0;
	}
};

/**
Whether a file changes by itself while the database runs and holds no data of the user.
*/
const isVolatile = (workspace: Workspace, volume: string): ((file: string) => boolean) => {
	const folders = databaseFolders(workspace.stack, workspace.databases, volume);
	return file => folders.some(({database, subpath}) => {
		const relative = subpath === '' ? file : path.relative(subpath, file);
		return database.volatilePaths.some(volatile => relative === volatile || relative.startsWith(`${volatile}/`) || path.basename(relative) === volatile);
	});
};

/**
Differences that are none of the user's.
*/
const isNoChange = (workspace: Workspace, volume: string, cleanAt: number): ((difference: Difference) => boolean) => {
	const ignored = isVolatile(workspace, volume);
	return ({path: file, changedAt}) => changedAt <= cleanAt || ignored(file);
};

/**
Whether the live data of a branch differ from a commit in one volume.

@param snapshot - Of that volume in the commit; without one the volume counts as changed if it has a live clone.
*/
const isVolumeChanged = async (
	workspace: Workspace,
	branch: string,
	volume: string,
	snapshot: string | undefined,
	cleanAt: number,
): Promise<boolean> => {
	const {pool: {driver}, stack} = workspace;
	const address = {stack: stack.name, volume};
	const isLive = async (): Promise<boolean> => {
		const {branches} = await driver.contents(address);
		return branches.includes(branch);
	};

	if (snapshot === undefined) {
		return isLive();
	}

	try {
		return await driver.isChanged(address, branch, snapshot, {ignore: isNoChange(workspace, volume, cleanAt)});
	} catch (error) {
		if (await isLive()) {
			throw error;
		}

		// Its commits came from another host, and nobody has worked on it here yet.
		return false;
	}
};

/**
For each volume of the stack what `StorageDriver.survey` says of a branch against a commit. A volume that the commit does not
have is all its own, and changed.
*/
export const surveyVolumes = async (
	workspace: Workspace,
	branch: string,
	commit: KnownCommit | undefined,
): Promise<ReadonlyArray<Survey & {readonly name: string}>> => {
	const {pool, stack, volumes} = workspace;
	const cleanAt = commit === undefined ? 0 : await readBaseline(workspace, branch, commit.id);
	return Promise.all(volumes.map(async name => {
		const address = {stack: stack.name, volume: name};
		const snapshot = commit?.volumes[name];
		if (snapshot === undefined) {
			const usage = await pool.driver.usage(address, {branch});
			return {...usage, name, changed: true};
		}

		const survey = await pool.driver.survey(address, branch, snapshot, {ignore: isNoChange(workspace, name, cleanAt)});
		return {...survey, name};
	}));
};

/**
For each volume whether the live data of a branch differ from a commit.
*/
export const changedVolumes = async (
	workspace: Workspace,
	branch: string,
	commit: KnownCommit,
): Promise<Map<string, boolean>> => {
	const cleanAt = await readBaseline(workspace, branch, commit.id);
	return new Map(await Promise.all(workspace.volumes.map(async volume =>
		[volume, await isVolumeChanged(workspace, branch, volume, commit.volumes[volume], cleanAt)] as const)));
};

/**
Whether the live data of a branch are those of its tip.
*/
export const isBranchClean = async (workspace: Workspace, branch: string): Promise<boolean> => {
	const branches = await workspace.history.branches();
	const tip = branches.get(branch);
	if (tip === undefined || tip === null) {
		return false;
	}

	const changed = await changedVolumes(workspace, branch, await workspace.history.readCommit(tip));
	return changed.values().every(isChanged => !isChanged);
};

/**
Notes that whatever differs now between a branch's live data and its tip was not written by the user, as the caller knows.
*/
export const markBaseline = async (workspace: Workspace, branch: string): Promise<void> => {
	const cleanAt = Date.now();
	const branches = await workspace.history.branches();
	const commit = branches.get(branch);
	if (commit === undefined || commit === null) {
		return;
	}

	const file = baselineFile(workspace, branch);
	await mkdir(path.dirname(file), {recursive: true});
	// Not made to last: losing it in a power cut only makes `status` say "changed".
	await writeFile(file, JSON.stringify({commit, cleanAt} satisfies Baseline));
};
