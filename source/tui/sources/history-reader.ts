/**
Reads the history of a stack again and again: commits never change, so only those that are new are read.
*/
import {nearestPresent} from '../../history/ancestry.ts';
import {sortNewestFirst} from '../../history/commit-order.ts';
import type {StoredCommit} from '../../history/commit.ts';
import {layoutGraph, renderGraph} from '../../history/graph.ts';
import type {History} from '../../history/history.ts';
import {nextRedo, nextUndo} from '../../history/operation.ts';
import type {
	BranchView,
	CommitView,
	Graph,
	GraphLineView,
	StackDetail,
} from '../state/state.ts';

export type HistoryPart = Pick<StackDetail, 'head' | 'branches' | 'commits' | 'graph' | 'tags' | 'damaged' | 'undo' | 'redo'> & {readonly branch: string | undefined};

const namesByCommit = (refs: ReadonlyMap<string, string | null>): Map<string, string[]> => {
	const names = new Map<string, string[]>();
	for (const [name, id] of refs) {
		if (id !== null) {
			names.set(id, [...names.get(id) ?? [], name].toSorted((a, b) => a.localeCompare(b)));
		}
	}

	return names;
};

/** The lines of the graph of some commits, newest first. */
export const drawGraph = (commits: ReadonlyArray<Pick<CommitView, 'id' | 'parents'>>, isAscii: boolean): Graph => {
	const lines: GraphLineView[] = [];
	const lineOf: number[] = [];
	for (const [commit, {lines: rendered}] of renderGraph(layoutGraph(commits), {ascii: isAscii}).entries()) {
		for (const line of rendered) {
			if (line.isCommit) {
				lineOf[commit] = lines.length;
			}

			lines.push({commit, line});
		}
	}

	return {lines, lineOf};
};

/** What is known of a stack's history, wherever it was read. */
export type KnownHistory = {
	/** By their ids: all commits that were read, removed ones too. */
	readonly known: ReadonlyMap<string, StoredCommit>;

	/** Ids of those that count, and of those among them whose data are on another host. */
	readonly present: ReadonlySet<string>;
	readonly elsewhere: ReadonlySet<string>;

	/** The current branch; `undefined` where it is kept from who asks. */
	readonly branch: string | undefined;
	readonly branches: ReadonlyMap<string, string | null>;
	readonly tags: ReadonlyMap<string, string>;
	readonly remoteBranches: ReadonlyMap<string, string>;
	readonly damaged: number;
	readonly undo?: string | undefined;
	readonly redo?: string | undefined;
};

type DrawnGraph = {readonly key: string; readonly graph: Graph};

/** The panels' view of a history. The graph that was `drawn` last is kept while the commits are the same. */
export const viewHistory = ({
	known, present, elsewhere, branch, branches, tags, remoteBranches, damaged, undo, redo,
}: KnownHistory, isAscii: boolean, drawn?: DrawnGraph): {readonly part: HistoryPart; readonly drawn: DrawnGraph} => {
	const stored = sortNewestFirst([...present].map(id => known.get(id)).filter(commit => commit !== undefined));
	const parentsOf = (id: string): readonly string[] => known.get(id)?.parents ?? [];
	const [branchNames, tagNames, remoteNames] = [namesByCommit(branches), namesByCommit(tags), namesByCommit(remoteBranches)];
	const head = branch === undefined ? null : branches.get(branch) ?? null;
	const commits = stored.map((commit): CommitView => ({
		id: commit.id,
		message: commit.message,
		time: commit.time,
		kind: commit.kind,
		branch: commit.branch,
		consistency: commit.consistency,
		stillMilliseconds: commit.stillMilliseconds,
		volumes: Object.keys(commit.volumes),
		parents: nearestPresent(commit.parents, id => present.has(id) && known.has(id), parentsOf),
		branches: branchNames.get(commit.id) ?? [],
		remoteBranches: remoteNames.get(commit.id) ?? [],
		tags: tagNames.get(commit.id) ?? [],
		isHead: commit.id === head,
		isElsewhere: elsewhere.has(commit.id),
	}));
	const key = commits.map(({id, parents}) => `${id}${parents.join('')}`).join(' ');
	const next = drawn?.key === key ? drawn : {key, graph: drawGraph(commits, isAscii)};
	const describe = (name: string, tip: string | null, isRemote: boolean): BranchView => {
		const commit = tip === null ? undefined : known.get(tip);
		return {
			name, tip, isRemote, isCurrent: !isRemote && name === branch, ...(commit !== undefined && {message: commit.message, time: commit.time}),
		};
	};

	const order = (refs: ReadonlyMap<string, string | null>): string[] => refs.keys().toArray().toSorted((a, b) => a.localeCompare(b));
	return {
		drawn: next,
		part: {
			branch,
			head,
			branches: [
				// The current one first: it is what people look for.
				...order(branches)
					.toSorted((a, b) => Number(b === branch) - Number(a === branch))
					.map(name => describe(name, branches.get(name) ?? null, false)),
				...order(remoteBranches).map(name => describe(name, remoteBranches.get(name)!, true)),
			],
			commits,
			graph: next.graph,
			tags: Object.fromEntries(tags),
			damaged,
			...(undo !== undefined && {undo}),
			...(redo !== undefined && {redo}),
		},
	};
};

export type HistoryReader = {read(): Promise<HistoryPart & {readonly branch: string}>};

export const createHistoryReader = (history: History, isAscii: boolean): HistoryReader => {
	const known = new Map<string, StoredCommit>();
	const damaged = new Set<string>();
	let drawn: DrawnGraph | undefined;
	const readNew = async (ids: readonly string[]): Promise<void> => {
		await Promise.all(ids.filter(id => !known.has(id)).map(async id => {
			try {
				known.set(id, await history.readAnyCommit(id));
				damaged.delete(id);
			} catch {
				damaged.add(id);
			}
		}));
	};

	return {
		async read() {
			const [here, elsewhere, removed, branches, tags, remoteBranches, branch, operations] = await Promise.all([
				history.commitIds(),
				history.elsewhereIds(),
				history.removedIds(),
				history.branches(),
				history.tags(),
				history.remoteBranches(),
				history.currentBranch(),
				history.operations().catch(() => []),
			]);
			await readNew([...here, ...elsewhere, ...removed]);
			const isHere = new Set(here);
			const {part, drawn: next} = viewHistory({
				known,
				present: new Set([...here, ...elsewhere]),
				elsewhere: new Set(elsewhere.filter(id => !isHere.has(id))),
				branch,
				branches,
				tags,
				remoteBranches,
				damaged: damaged.size,
				undo: nextUndo(operations)?.summary,
				redo: nextRedo(operations)?.summary,
			}, isAscii, drawn);
			drawn = next;
			return {...part, branch};
		},
	};
};
