/**
`coppice branch`: lists, makes, deletes and renames branches.
*/
import {CoppiceError} from '../system/errors.ts';
import {checkName} from '../system/names.ts';
import type {Upstream} from '../history/history.ts';
import {resolveRevision, viewOf} from '../history/revision.ts';
import {applyChanges} from './change/apply-changes.ts';
import {changedVolumes} from './baseline.ts';
import {exclusively} from './change/transact.ts';
import {upstreamOf} from './sync/follow-remote.ts';
import type {Workspace} from './workspace/workspace.ts';

export type BranchEntry = {
	readonly name: string;
	readonly current: boolean;

	/** Tip, `null` before the first commit. */
	readonly commit: string | null;
	readonly message?: string;
	readonly time?: string;

	/** Whether its live data differ from its tip. */
	readonly changed: boolean;

	/** Bytes that its live data share with its tip. */
	readonly sharedBytes: number;

	/** Bytes that only its live data hold. */
	readonly ownBytes: number;
};

const describeBranch = async (workspace: Workspace, name: string, tip: string | null, current: string): Promise<BranchEntry> => {
	const {history, pool, stack, volumes} = workspace;
	const commit = tip === null ? undefined : await history.readCommit(tip);
	const [changed, usages] = await Promise.all([
		commit === undefined ? undefined : changedVolumes(workspace, name, commit),
		Promise.all(volumes.map(async volume => {
			const address = {stack: stack.name, volume};
			const {branches} = await pool.driver.contents(address);
			return branches.includes(name) ? pool.driver.usage(address, {branch: name}, commit?.volumes[volume]) : undefined;
		})),
	]);
	return {
		name,
		current: name === current,
		commit: tip,
		...(commit !== undefined && {message: commit.message, time: commit.time}),
		changed: changed === undefined || changed.values().some(Boolean),
		sharedBytes: usages.reduce((sum, usage) => sum + (usage?.sharedBytes ?? 0), 0),
		ownBytes: usages.reduce((sum, usage) => sum + (usage?.ownBytes ?? 0), 0),
	};
};

/**
All branches with the bytes of their live data, in the order of their names.
*/
export const listBranches = async (workspace: Workspace): Promise<readonly BranchEntry[]> => {
	const [current, branches] = await Promise.all([workspace.history.currentBranch(), workspace.history.branches()]);
	const names = branches.keys().toArray().toSorted((a, b) => a.localeCompare(b));
	return Promise.all(names.map(async name => describeBranch(workspace, name, branches.get(name) ?? null, current)));
};

export type StartingPoint = {
	readonly commit: string;

	/** The branch of another host that was named, which the new one follows. */
	readonly upstream?: Upstream;
};

/**
The commit that a new branch starts from.

@param from - A revision; the tip of the current branch unless told.
@throws CoppiceError `precondition` when nothing was committed yet.
*/
export const startingPoint = async (workspace: Workspace, from: string | undefined): Promise<StartingPoint> => {
	const {history, stack} = workspace;
	if (from !== undefined) {
		const {id, ref} = await resolveRevision(from, await viewOf(history));
		return {commit: id, ...(ref?.kind === 'remote' && {upstream: upstreamOf(ref.name)})};
	}

	const [current, branches] = await Promise.all([history.currentBranch(), history.branches()]);
	const tip = branches.get(current) ?? null;
	if (tip === null) {
		throw new CoppiceError('precondition', `Stack ${stack.name} has no commit yet that a branch could start from.`, {
			stack: stack.name, hint: 'Make one first: `coppice commit -m "…"`.',
		});
	}

	return {commit: tip};
};

/**
Makes a branch from a commit; from that of a branch of another host, it follows that one. The current branch stays current.

@throws CoppiceError `conflict` when there is one of that name.
*/
export const createBranch = async (
	workspace: Workspace,
	{name, from}: {name: string; from?: string},
): Promise<{readonly name: string; readonly commit: string; readonly upstream?: Upstream}> =>
	exclusively(workspace, 'branch', async () => {
		checkName('branch', name);
		const {commit, upstream} = await startingPoint(workspace, from);
		await applyChanges(workspace, {
			verb: 'branch',
			summary: `make branch ${name}`,
			changes: [{
				type: 'create', branch: name, at: commit, data: commit,
			}],
		});
		// One that is left of a branch of that name, which is gone, is not meant.
		await workspace.history.setUpstream(name, upstream);
		return {name, commit, ...(upstream !== undefined && {upstream})};
	});

/**
Deletes a branch. Its live data are kept in a safety commit.

@throws CoppiceError `conflict` for the current branch.
*/
export const deleteBranch = async (workspace: Workspace, {name}: {name: string}): Promise<{readonly name: string; readonly kept: string}> =>
	exclusively(workspace, 'branch', async () => {
		checkName('branch', name);
		const applied = await applyChanges(workspace, {
			verb: 'branch', summary: `delete branch ${name}`, changes: [{type: 'delete', branch: name}],
		});
		return {name, kept: applied.kept[0]!};
	});

/**
Renames a branch. Services on the current branch are restarted.

@throws CoppiceError `conflict` when there is one of the new name.
*/
export const renameBranch = async (workspace: Workspace, {from, to}: {from: string; to: string}): Promise<void> =>
	exclusively(workspace, 'branch', async () => {
		checkName('branch', from);
		checkName('branch', to);
		await applyChanges(workspace, {
			verb: 'branch', summary: `rename branch ${from} to ${to}`, changes: [{type: 'rename', from, to}],
		});
	});
