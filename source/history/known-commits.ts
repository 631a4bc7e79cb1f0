/**
All commits that a history knows, wherever their data are, for questions about who descends from whom.
*/
import {reachable, type Lookup} from './ancestry.ts';
import type {StoredCommit} from './commit.ts';
import type {CommitState} from './commit-store.ts';
import type {History} from './history.ts';

export type KnownCommit = StoredCommit & {readonly state: CommitState};

export type KnownCommits = {
	readonly byId: ReadonlyMap<string, KnownCommit>;
	readonly lookup: Lookup;
	readonly parentsOf: (id: string) => readonly string[];
};

/**
Puts commits of some states together; where one is given twice, the last counts.
*/
export const knownCommitsOf = (commits: Iterable<KnownCommit>): KnownCommits => {
	const byId = new Map<string, KnownCommit>();
	for (const commit of commits) {
		byId.set(commit.id, commit);
	}

	return {
		byId,
		lookup(id) {
			const commit = byId.get(id);
			return commit && {parents: commit.parents, removed: commit.state === 'removed'};
		},
		parentsOf: id => byId.get(id)?.parents ?? [],
	};
};

export const readKnownCommits = async (history: Pick<History, 'allCommits' | 'elsewhereCommits' | 'removedCommits'>): Promise<KnownCommits> => {
	const [here, elsewhere, removed] = await Promise.all([history.allCommits(), history.elsewhereCommits(), history.removedCommits()]);
	const lists = [['removed', removed], ['elsewhere', elsewhere], ['here', here]] as const;
	return knownCommitsOf(lists.flatMap(([state, {commits}]) => commits.map(commit => ({...commit, state}))));
};

/**
The commits of a history that no other has as its parent: naming them names all.
*/
export const leavesOf = (commits: Iterable<{readonly id: string; readonly parents: readonly string[]}>): string[] => {
	const all = [...commits];
	const inner = new Set(all.flatMap(({parents}) => parents));
	return all.filter(({id}) => !inner.has(id)).map(({id}) => id);
};

/**
How many commits of a log each of two tips has that the other has not.
*/
export const aheadAndBehind = (
	tip: string | null,
	other: string | null,
	{byId, parentsOf}: KnownCommits,
): {readonly ahead: number; readonly behind: number} => {
	const [ofTip, ofOther] = [tip, other].map(id => id === null ? new Set<string>() : reachable([id], parentsOf));
	const count = (from: ReadonlySet<string>, without: ReadonlySet<string>): number =>
		[...from].filter(id => !without.has(id) && byId.has(id) && byId.get(id)!.state !== 'removed').length;
	return {ahead: count(ofTip!, ofOther!), behind: count(ofOther!, ofTip!)};
};
