/**
`coppice log`: the commits of a branch, or of all, newest first.
*/
import {nearestPresent, reachable} from '../history/ancestry.ts';
import type {StoredCommit} from '../history/commit.ts';
import {sortNewestFirst} from '../history/commit-order.ts';
import type {Measure} from '../history/history.ts';
import {resolve} from '../history/revision.ts';
import {measureCommit} from './measure.ts';
import type {Workspace} from './workspace/workspace.ts';

export type LogOptions = {
	/** Where to start; the current branch unless told. */
	readonly revision?: string;

	/** Every branch, tag and remote branch, and safety commits too. */
	readonly all?: boolean;

	/** At most this many. */
	readonly limit?: number;

	/** Safety commits too. */
	readonly safety?: boolean;

	/** Bytes on disk that only this commit holds: slower. */
	readonly sizes?: boolean;
};

export type LogEntry = StoredCommit & {
	/** Nearest ancestors that are still there: removed commits are passed over. */
	readonly shownParents: readonly string[];
	readonly tags: readonly string[];
	readonly branches: readonly string[];
	readonly remoteBranches: readonly string[];

	/** The hosts that have its data, as last fetched, where they are not here. */
	readonly elsewhere?: readonly string[];

	/** Whether it is the tip of the current branch. */
	readonly head: boolean;
	readonly measure?: Measure;

	/** Bytes of disk, shared with the nearest parent and its own; only with `sizes`. */
	readonly sharedBytes?: number;
	readonly ownBytes?: number;
};

export type LogResult = {
	readonly entries: readonly LogEntry[];
	readonly damaged: ReadonlyArray<{readonly id: string; readonly reason: string}>;
};

const namesOf = (refs: ReadonlyMap<string, string | null>, id: string): string[] =>
	[...refs].filter(([, commit]) => commit === id).map(([name]) => name).toSorted((a, b) => a.localeCompare(b));

const sizeOf = async (workspace: Workspace, commit: StoredCommit, parent: StoredCommit | undefined) => {
	const {pool, stack} = workspace;
	const usages = await Promise.all(Object.entries(commit.volumes).map(async ([volume, snapshot]) =>
		pool.driver.usage({stack: stack.name, volume}, {snapshot}, parent?.volumes[volume])));
	return {
		sharedBytes: usages.reduce((sum, usage) => sum + usage.sharedBytes, 0),
		ownBytes: usages.reduce((sum, usage) => sum + usage.ownBytes, 0),
	};
};

/**
@throws CoppiceError `not-found` when there is no such revision.
*/
export const log = async (workspace: Workspace, options: LogOptions = {}): Promise<LogResult> => {
	const {revision, all = false, safety = all, limit = Infinity, sizes = false} = options;
	const {history} = workspace;
	const [{commits: here, damaged}, {commits: away}, {commits: gone}, branches, tags, remoteBranches, current] = await Promise.all([
		history.allCommits(),
		history.elsewhereCommits(),
		history.removedCommits(),
		history.branches(),
		history.tags(),
		history.remoteBranches(),
		history.currentBranch(),
	]);
	const commits = away.length === 0 ? here : sortNewestFirst([...here, ...away]);
	const elsewhere = new Set(away.map(({id}) => id));
	const present = new Map(commits.map(commit => [commit.id, commit]));
	const parents = new Map([...gone, ...commits].map(commit => [commit.id, commit.parents]));
	const tip = branches.get(current) ?? null;
	let start: readonly string[];
	if (revision !== undefined) {
		start = [await resolve(history, revision)];
	} else if (all) {
		start = present.keys().toArray();
	} else {
		start = tip === null ? [] : [tip];
	}

	const reachOf = elsewhere.size === 0
		? []
		: [...remoteBranches].map(([name, id]) => ({host: name.slice(0, name.indexOf('/')), reach: reachable([id], each => parents.get(each) ?? [])}));
	const hostsOf = (id: string): string[] => [...new Set(reachOf.filter(({reach}) => reach.has(id)).map(({host}) => host))];
	const wanted = reachable(start, id => parents.get(id) ?? []);
	const safetyOfWanted = (commit: StoredCommit): boolean =>
		safety && commit.kind === 'safety' && (all || commit.parents.some(parent => wanted.has(parent)));
	const shown = commits
		.filter(commit => (commit.kind === 'commit' && wanted.has(commit.id)) || commit.id === tip || safetyOfWanted(commit))
		.slice(0, limit);
	const entries = await Promise.all(shown.map(async (commit): Promise<LogEntry> => {
		const shownParents = nearestPresent(commit.parents, id => present.has(id), id => parents.get(id) ?? []);
		const isElsewhere = elsewhere.has(commit.id);
		const [parent] = shownParents;
		const parentIsHere = parent === undefined || !elsewhere.has(parent);
		// Safety commits are measured when somebody looks at them: their verb had no time for it.
		const isMeasured = commit.kind === 'commit' && !isElsewhere && parentIsHere;
		const measure = isMeasured ? await measureCommit(workspace, commit) : await history.readMeasure(commit.id);
		return {
			...commit,
			shownParents,
			tags: namesOf(tags, commit.id),
			branches: namesOf(branches, commit.id),
			remoteBranches: namesOf(remoteBranches, commit.id),
			...(isElsewhere && {elsewhere: hostsOf(commit.id)}),
			head: commit.id === tip,
			...(measure !== undefined && {measure}),
			...(sizes && !isElsewhere && (await sizeOf(workspace, commit, parent === undefined || !parentIsHere ? undefined : present.get(parent)))),
		};
	}));
	return {entries, damaged};
};
