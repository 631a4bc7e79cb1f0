/**
Who descends from whom: walks over the parents of commits. Nothing here does I/O; commits come from a lookup.
*/

export type Ancestor = {
	readonly parents: readonly string[];

	/** Whether it was taken out of the log; its file is kept so that ancestry stays whole. */
	readonly removed: boolean;
};

/** A commit by its id, removed ones too; `undefined` for one that is not there or can't be read. */
export type Lookup = (id: string) => Ancestor | undefined;

type ParentsOf = (id: string) => readonly string[];

const addAll = (set: Set<string>, ids: Iterable<string>): void => {
	for (const id of ids) {
		set.add(id);
	}
};

/**
All ids that can be reached from some ids over their parents, the ids themselves among them; each once, nearest first.
*/
export const reachable = (ids: readonly string[], parentsOf: ParentsOf): ReadonlySet<string> => {
	const seen = new Set(ids);
	const queue = [...seen];
	let index = 0;
	while (index < queue.length) {
		const fresh = new Set(parentsOf(queue[index]!).filter(id => !seen.has(id)));
		queue.push(...fresh);
		addAll(seen, fresh);
		index++;
	}

	return seen;
};

/**
The nearest ids that are there, from some parents on: those that are not are passed over to their own parents, in order, each id once.
*/
export const nearestPresent = (ids: readonly string[], isPresent: (id: string) => boolean, parentsOf: ParentsOf): readonly string[] => {
	const found = new Set<string>();
	const seen = new Set<string>();
	const left = ids.toReversed();
	for (let id = left.pop(); id !== undefined; id = left.pop()) {
		if (isPresent(id)) {
			found.add(id);
		} else if (!seen.has(id)) {
			seen.add(id);
			left.push(...parentsOf(id).toReversed());
		}
	}

	return [...found];
};

const parentsIn = (lookup: Lookup): ParentsOf => id => lookup(id)?.parents ?? [];

/**
The lookup of a list of commits and of the removed ones.
*/
export const lookupOf = (
	commits: ReadonlyArray<{readonly id: string; readonly parents: readonly string[]}>,
	removed: ReadonlyArray<{readonly id: string; readonly parents: readonly string[]}> = [],
): Lookup => {
	const byId = new Map<string, Ancestor>([
		...removed.map(({id, parents}) => [id, {parents, removed: true}] as const),
		...commits.map(({id, parents}) => [id, {parents, removed: false}] as const),
	]);
	return id => byId.get(id);
};

/**
The parents of a commit as a log shows them: its nearest ancestors that were not removed.
*/
export const shownParents = (id: string, lookup: Lookup): readonly string[] =>
	nearestPresent(parentsIn(lookup)(id), parent => lookup(parent)?.removed === false, parentsIn(lookup));

/**
A commit and all that it descends from, nearest first, removed ones too; ids without a commit are among them where a parent names them.
*/
export const ancestors = (id: string, lookup: Lookup): ReadonlySet<string> => reachable([id], parentsIn(lookup));

/**
Whether one commit descends from another, or is it: moving a branch from `ancestor` to `descendant` is a fast-forward then.
*/
export const isAncestor = (ancestor: string, descendant: string, lookup: Lookup): boolean => ancestors(descendant, lookup).has(ancestor);

/**
The best common ancestors of two commits: those that no other common ancestor descends from. None for unrelated commits, several
where histories were merged crosswise.
*/
export const mergeBases = (a: string, b: string, lookup: Lookup): readonly string[] => {
	const ofA = ancestors(a, lookup);
	const parentsOf = parentsIn(lookup);
	// Below a common ancestor all are common, so the walk from the other side stops there.
	const common: string[] = [];
	for (const id of reachable([b], id => ofA.has(id) ? [] : parentsOf(id))) {
		if (ofA.has(id)) {
			common.push(id);
		}
	}

	if (common.length < 2) {
		return common;
	}

	const below = reachable(common.flatMap(id => parentsOf(id)), parentsOf);
	return common.filter(id => !below.has(id));
};

/**
A best common ancestor of two commits, or `undefined` where they are unrelated.
*/
export const mergeBase = (a: string, b: string, lookup: Lookup): string | undefined => mergeBases(a, b, lookup)[0];
