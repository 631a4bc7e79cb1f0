/**
The commits of a stack as a caller sees them: what is reachable from the branches that the owner's policy lets it read, or pull.
*/
import {CoppiceError} from '../../system/errors.ts';
import {reachable} from '../../history/ancestry.ts';
import {shortId, type StoredCommit} from '../../history/commit.ts';
import type {Action} from '../../host/policy.ts';
import type {Access} from './access.ts';
import type {HostStack} from './host-stacks.ts';

export type CommitGraph = {
	/** Every commit that can be read: with its data here, known from elsewhere, or removed. */
	readonly byId: ReadonlyMap<string, StoredCommit>;
	readonly parentsOf: (id: string) => readonly string[];
	readonly branches: ReadonlyMap<string, string | null>;
	readonly tags: ReadonlyMap<string, string>;
	readonly remoteBranches: ReadonlyMap<string, string>;
};

/**
Reads all commits of a stack.
*/
export const readGraph = async ({history}: HostStack): Promise<CommitGraph> => {
	const [here, elsewhere, removed, branches, tags, remoteBranches] = await Promise.all([
		history.allCommits(), history.elsewhereCommits(), history.removedCommits(), history.branches(), history.tags(), history.remoteBranches(),
	]);
	const byId = new Map([...removed.commits, ...elsewhere.commits, ...here.commits].map(commit => [commit.id, commit]));
	return {
		byId, branches, tags, remoteBranches, parentsOf: id => byId.get(id)?.parents ?? [],
	};
};

/**
The commits that a caller may read, or pull: those on branches for which it may. All of them where nothing is kept from it.
*/
export const visibleCommits = (graph: CommitGraph, access: Access, stack: string, action: Action): ReadonlySet<string> => {
	if (!access.isLimited) {
		return new Set(graph.byId.keys());
	}

	const tips = [...graph.branches].flatMap(([branch, tip]) => tip !== null && access.may(action, stack, branch) ? [tip] : []);
	return reachable(tips, graph.parentsOf);
};

/**
The commits whose data a caller may build on: those that it may pull. One that may pull nothing of the stack, so that nothing can come back to it, may
build on all that it may push to.
*/
export const baseCommits = (graph: CommitGraph, access: Access, stack: string): ReadonlySet<string> =>
	visibleCommits(graph, access, stack, access.may('pull', stack) ? 'pull' : 'push');

/** The same, and what the branch has already that is pushed to. */
export const buildableCommits = (graph: CommitGraph, access: Access, stack: string, branch: string): ReadonlySet<string> => {
	const tip = graph.branches.get(branch) ?? undefined;
	return new Set([...baseCommits(graph, access, stack), ...reachable(tip === undefined ? [] : [tip], graph.parentsOf)]);
};

/**
Whether a caller may bring the data of a snapshot. Nobody can tell whether they are what the commit had, so it may not for commits that lie
behind anything that it may not move itself.
*/
export const mayBring = (
	graph: CommitGraph,
	access: Access,
	stack: string,
	{volume, snapshot}: {readonly volume: string; readonly snapshot: string},
): boolean => {
	if (!access.isLimited) {
		return true;
	}

	const naming = graph.byId.values().filter(({volumes}) => volumes[volume] === snapshot).toArray();
	if (naming.length === 0) {
		return true;
	}

	const own = visibleCommits(graph, access, stack, 'push');
	const others = [...graph.branches].flatMap(([branch, tip]) => tip === null || access.may('push', stack, branch) ? [] : [tip]);
	const foreign = reachable([...others, ...graph.tags.values(), ...graph.remoteBranches.values()], graph.parentsOf);
	return naming.every(({id}) => own.has(id) && !foreign.has(id));
};

/** Snapshots of some commits, of each volume. */
export const snapshotsOf = (graph: CommitGraph, ids: Iterable<string>): Map<string, Set<string>> => {
	const byVolume = new Map<string, Set<string>>();
	for (const id of ids) {
		for (const [volume, snapshot] of Object.entries(graph.byId.get(id)?.volumes ?? {})) {
			const known = byVolume.get(volume) ?? new Set();
			byVolume.set(volume, known.add(snapshot));
		}
	}

	return byVolume;
};

/** The same for what is not there and what a caller may not see. */
export const commitNotFound = (stack: string, id: string): CoppiceError => new CoppiceError('not-found', `There is no commit ${shortId(id)} in stack ${stack} on this host.`, {
	stack, hint: 'It may have been pruned, or its branch moved: fetch again.',
});
