/**
What a service writes just by starting on clean data (recovery, pid files) is no change of the user's.

After a verb has started services on the data of a commit, the files that differ by then are noted with their signatures;
`status` passes over them as long as they stay like that. This is for display alone: nothing is ever left out of a commit.
*/
import path from 'node:path';
import {readIfThere, writeDurably} from '../system/durable-file.ts';
import {nameToComponent} from '../system/names.ts';
import {stackFolder} from '../storage/layout.ts';
import type {Difference, Survey} from '../storage/driver.ts';
import {databaseFolders} from './database-folders.ts';
import type {Workspace} from './workspace.ts';

/**
Volume to path to signature.
*/
type Signatures = Readonly<Record<string, Readonly<Record<string, string>>>>;

type KnownCommit = {readonly id: string; readonly volumes: Readonly<Record<string, string>>};

type Baseline = {
	readonly commit: string;
	readonly volumes: Signatures;
};

const baselineFile = (workspace: Workspace, branch: string): string =>
	path.join(stackFolder(workspace.pool.path, workspace.stack.name), 'baselines', `${nameToComponent(branch)}.json`);

const readBaseline = async (workspace: Workspace, branch: string, commit: string): Promise<Signatures> => {
	try {
		const baseline = JSON.parse(await readIfThere(baselineFile(workspace, branch)) ?? '{}') as Partial<Baseline>;
		return baseline.commit === commit ? baseline.volumes ?? {} : {};
	} catch {
		// A damaged one only makes `status` say "changed".
		return {};
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
const isNoChange = (workspace: Workspace, volume: string, known: Readonly<Record<string, string>>): ((difference: Difference) => boolean) => {
	const ignored = isVolatile(workspace, volume);
	return ({path: file, signature}) => ignored(file) || known[file] === signature;
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
	known: Readonly<Record<string, string>>,
): Promise<boolean> => {
	const {pool, stack} = workspace;
	const ignore = isNoChange(workspace, volume, known);
	return snapshot === undefined || pool.driver.isChanged({stack: stack.name, volume}, branch, snapshot, {ignore});
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
	const known = commit === undefined ? {} : await readBaseline(workspace, branch, commit.id);
	return Promise.all(volumes.map(async name => {
		const address = {stack: stack.name, volume: name};
		const snapshot = commit?.volumes[name];
		if (snapshot === undefined) {
			const usage = await pool.driver.usage(address, {branch});
			return {...usage, name, changed: true};
		}

		const survey = await pool.driver.survey(address, branch, snapshot, {ignore: isNoChange(workspace, name, known[name] ?? {})});
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
	const known = await readBaseline(workspace, branch, commit.id);
	return new Map(await Promise.all(workspace.volumes.map(async volume =>
		[volume, await isVolumeChanged(workspace, branch, volume, commit.volumes[volume], known[volume] ?? {})] as const)));
};

const recordDifferences = async (workspace: Workspace, branch: string, volume: string, snapshot: string): Promise<Record<string, string>> => {
	const signatures: Record<string, string> = {};
	const note = ({path: file, signature}: Difference): boolean => {
		signatures[file] = signature;
		return true;
	};

	await workspace.pool.driver.isChanged({stack: workspace.stack.name, volume}, branch, snapshot, {ignore: note});
	return signatures;
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
Notes what differs now between a branch's live data and its tip: the caller knows that no user wrote it.
*/
export const markBaseline = async (workspace: Workspace, branch: string): Promise<void> => {
	const {history, volumes} = workspace;
	const branches = await history.branches();
	const tip = branches.get(branch);
	if (tip === undefined || tip === null) {
		return;
	}

	const commit = await history.readCommit(tip);
	const signatures = await Promise.all(volumes.flatMap(volume => {
		const snapshot = commit.volumes[volume];
		return snapshot === undefined ? [] : [recordDifferences(workspace, branch, volume, snapshot).then(found => [volume, found] as const)];
	}));
	const baseline: Baseline = {commit: tip, volumes: Object.fromEntries(signatures)};
	await writeDurably(baselineFile(workspace, branch), JSON.stringify(baseline));
};
