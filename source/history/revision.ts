/**
Finding the commit that a revision names.

A name is looked for in this order: `HEAD` or `@` (the tip of the current branch), a full id, a tag, a branch, a remote branch
(`staging/main`), then `tags/NAME`, `heads/NAME` and `remotes/HOST/NAME` (git's way to tell them apart), then the start of an id, at least 4
digits. So a tag hides a branch of its name, as in git.

`NAME@{…}` asks the reflog of a branch (`HEAD@{…}` and `@{…}` that of the current branch): `@{1}` is where it pointed one change ago, `@{1 hour ago}` where it
pointed then (`revision-date.ts` has the forms), `@{-1}` the branch that was current before. A branch that was deleted still has its reflog.

`~N` and `^N` walk over parents as the log shows them: commits that were removed are passed over.
*/
import {CoppiceError} from '../system/errors.ts';
import {isCommitId, shortId} from './commit.ts';
import type {History, ReflogEntry} from './history.ts';
import {nearNames} from './near-names.ts';
import {parseDate} from './revision-date.ts';
import {parseRevision, type Selector, type Step} from './revision-syntax.ts';

/**
A history as far as a revision depends on it.
*/
export type RevisionView = {
	/** The current branch. */
	readonly head: string;
	readonly branches: ReadonlyMap<string, string | null>;
	readonly tags: ReadonlyMap<string, string>;
	readonly remoteBranches: ReadonlyMap<string, string>;

	/** Commits that are there, and those that are known though their data are on another host. */
	readonly ids: readonly string[];
	readonly removedIds: readonly string[];
	readonly now: Date;

	/** Of removed commits too. */
	readonly parents: (id: string) => Promise<readonly string[]>;
	readonly reflog: (branch: string) => Promise<readonly ReflogEntry[]>;
	readonly headlog: () => Promise<readonly ReflogEntry[]>;
};

export type NamedRef = {readonly kind: 'branch' | 'tag' | 'remote'; readonly name: string};

export type ResolvedRevision = {
	readonly id: string;

	/** What was named, where it was a branch, tag or remote branch itself (`HEAD` is the current branch). */
	readonly ref?: NamedRef;
};

const shortestPrefix = 4;

const notFound = (message: string, hint: string): CoppiceError => new CoppiceError('not-found', message, {hint});

const tipOf = (branch: string, tip: string | null): string => {
	if (tip === null) {
		throw notFound(`Branch ${branch} has no commit yet.`, 'Make one first: `coppice commit -m "…"`.');
	}

	return tip;
};

const findRef = (name: string, view: RevisionView): ResolvedRevision | undefined => {
	const {tags, branches, remoteBranches} = view;
	const tag = tags.get(name);
	if (tag !== undefined) {
		return {id: tag, ref: {kind: 'tag', name}};
	}

	const branch = branches.get(name);
	if (branch !== undefined) {
		return {id: tipOf(name, branch), ref: {kind: 'branch', name}};
	}

	const remote = remoteBranches.get(name);
	return remote === undefined ? undefined : {id: remote, ref: {kind: 'remote', name}};
};

const nobody = new Map<string, string>();

/** `tags/NAME`, `heads/NAME`, `remotes/HOST/NAME`, with or without `refs/` before it. */
const findQualifiedRef = (text: string, view: RevisionView): ResolvedRevision | undefined => {
	const match = /^(?:refs\/)?(?<kind>heads|remotes|tags)\/(?<name>.+)$/v.exec(text);
	if (!match) {
		return undefined;
	}

	const {kind, name = ''} = match.groups!;
	return findRef(name, {
		...view,
		tags: kind === 'tags' ? view.tags : nobody,
		branches: kind === 'heads' ? view.branches : nobody,
		remoteBranches: kind === 'remotes' ? view.remoteBranches : nobody,
	});
};

const findByPrefix = (text: string, {ids, removedIds}: RevisionView): string | undefined => {
	const prefix = text.toLowerCase();
	if (!/^[\da-f]{4,64}$/v.test(prefix)) {
		return undefined;
	}

	const matching = ids.filter(id => id.startsWith(prefix));
	if (matching.length > 1) {
		const shown = matching.slice(0, 8).map(id => id.slice(0, Math.max(8, prefix.length + 2)));
		const more = matching.length > shown.length ? ` and ${matching.length - shown.length} more` : '';
		throw new CoppiceError('usage', `${text} is the start of ${matching.length} ids: ${shown.join(', ')}${more}.`, {hint: 'Give more digits.'});
	}

	return matching[0] ?? removedIds.find(id => id.startsWith(prefix));
};

const unknown = (name: string, view: RevisionView): CoppiceError => {
	const near = nearNames(name, [...view.branches.keys(), ...view.tags.keys(), ...view.remoteBranches.keys()]);
	let hint = '`coppice log --all` shows the commits, `coppice branch` and `coppice tag` list the names.';
	if (near.length > 0) {
		hint = `Did you mean ${near.join(' or ')}?`;
	} else if (/^[\da-f]+$/iv.test(name) && name.length < shortestPrefix) {
		hint = `The start of an id needs at least ${shortestPrefix} digits.`;
	}

	return notFound(`There is no commit, branch or tag ${JSON.stringify(name)}.`, hint);
};

const findName = (name: string, view: RevisionView): ResolvedRevision => {
	if (name === 'HEAD') {
		return {id: tipOf(view.head, view.branches.get(view.head) ?? null), ref: {kind: 'branch', name: view.head}};
	}

	if (isCommitId(name) && view.ids.includes(name)) {
		return {id: name};
	}

	const found = findRef(name, view) ?? findQualifiedRef(name, view);
	if (found) {
		return found;
	}

	const id = findByPrefix(name, view);
	if (id === undefined) {
		throw unknown(name, view);
	}

	return {id};
};

const valueByIndex = (branch: string, entries: readonly ReflogEntry[], index: number): string | null => {
	// Newest first; the last is what it was before the first change.
	const values = [...entries.toReversed().map(({to}) => to), entries[0]?.from ?? null];
	const value = values[index];
	if (value === undefined || (value === null && index === values.length - 1)) {
		throw notFound(
			`Branch ${branch} has changed ${entries.length} ${entries.length === 1 ? 'time' : 'times'}, so there is no ${branch}@{${index}}.`,
			entries.length === 0 ? '`coppice log` shows its commits.' : `The oldest is ${branch}@{${entries.length - 1}}.`,
		);
	}

	return value;
};

const valueByDate = (branch: string, entries: readonly ReflogEntry[], text: string, now: Date): string | null => {
	const date = parseDate(text, now);
	if (!date) {
		throw new CoppiceError('usage', `${JSON.stringify(text)} in ${branch}@{${text}} is no date.`, {
			hint: 'Say `1 hour ago`, `3 days ago`, `yesterday`, `today`, `14:00`, `2026-11-20` or `2026-11-20 14:00`.',
		});
	}

	const entry = entries.findLast(({time}) => Date.parse(time) <= date.getTime());
	if (entry) {
		return entry.to;
	}

	const first = entries[0];
	// The first entry says what was before it, if anything was.
	if (first && first.from !== null) {
		return first.from;
	}

	throw notFound(
		`Branch ${branch} had no commit yet at ${date.toISOString()}.`,
		first ? `Its first was at ${first.time}.` : '`coppice log` shows its commits.',
	);
};

const findInReflog = async (name: string, selector: Exclude<Selector, {kind: 'previous'}>, view: RevisionView): Promise<ResolvedRevision> => {
	const branch = name === 'HEAD' ? view.head : name;
	const entries = await view.reflog(branch);
	if (entries.length === 0 && !view.branches.has(branch)) {
		if (view.tags.has(branch) || view.remoteBranches.has(branch)) {
			throw new CoppiceError('usage', `${branch} is no branch of this stack, so there is no record of where it pointed.`, {hint: 'Only branches have `@{…}`.'});
		}

		throw unknown(branch, {...view, tags: nobody, remoteBranches: nobody});
	}

	const value = selector.kind === 'index'
		? valueByIndex(branch, entries, selector.index)
		: valueByDate(branch, entries, selector.date, view.now);
	if (value === null) {
		throw notFound(`Branch ${branch} had no commit then: it was not made yet, or deleted.`, `Try ${branch}@{1}, ${branch}@{2}, …`);
	}

	return {id: value};
};

/** The branch that was current some switches ago. */
const findPrevious = async (count: number, view: RevisionView): Promise<ResolvedRevision> => {
	const entries = await view.headlog();
	const left = entries.filter(({from, to}) => from !== null && from !== to);
	const name = count === 0 ? view.head : left.at(-count)?.from;
	if (name === undefined || name === null) {
		throw notFound(`There were only ${left.length} switches, so there is no @{-${count}}.`, '`coppice branch` lists the branches.');
	}

	const tip = view.branches.get(name);
	if (tip === undefined) {
		throw notFound(`The branch ${name}, which was current then, is gone.`, `${name}@{1} is what it last pointed at.`);
	}

	return {id: tipOf(name, tip), ref: {kind: 'branch', name}};
};

/** The N-th parent; one that was removed is passed over to its own first parent. */
const findParent = async (id: string, number: number, view: RevisionView, removed: ReadonlySet<string>): Promise<string | undefined> => {
	const parents = await view.parents(id);
	let parent = parents[number - 1];
	while (parent !== undefined && removed.has(parent)) {
		[parent] = await view.parents(parent);
	}

	return parent;
};

const takeStep = async (id: string, step: Step, view: RevisionView, removed: ReadonlySet<string>): Promise<string> => {
	let current = id;
	if (step.kind === 'parent') {
		if (step.number === 0) {
			return current;
		}

		const parent = await findParent(current, step.number, view, removed);
		if (parent === undefined) {
			throw notFound(`Commit ${shortId(id)} has no parent number ${step.number}.`, '`coppice log` shows the parents.');
		}

		return parent;
	}

	for (let done = 0; done < step.count; done++) {
		const parent = await findParent(current, 1, view, removed);
		if (parent === undefined) {
			throw notFound(`~${step.count} goes beyond the first commit: ${shortId(id)} has ${done} before it.`, '`coppice log` shows them.');
		}

		current = parent;
	}

	return current;
};

/**
Finds the commit that a revision names.

@throws CoppiceError `usage` when it is no revision, or the start of several ids; `not-found` with near names.
*/
export const resolveRevision = async (text: string, view: RevisionView): Promise<ResolvedRevision> => {
	const {name, selector, steps} = parseRevision(text);
	let found: ResolvedRevision;
	if (selector?.kind === 'previous') {
		if (name !== 'HEAD') {
			throw new CoppiceError('usage', `${JSON.stringify(text)} does not name a commit: only the current branch has switches.`, {hint: `Say @{-${selector.count}}.`});
		}

		found = await findPrevious(selector.count, view);
	} else {
		found = selector === undefined ? findName(name, view) : await findInReflog(name, selector, view);
	}

	const removed = new Set(view.removedIds);
	let {id} = found;
	for (const step of steps) {
		id = await takeStep(id, step, view, removed);
	}

	if (removed.has(id)) {
		throw notFound(`${text} is commit ${shortId(id)}, which was removed.`, 'Until its data are destroyed, `coppice undo` brings back what `coppice prune` removed.');
	}

	return {id, ...(found.ref !== undefined && steps.length === 0 && {ref: found.ref})};
};

/**
The view of a history. Parents and reflogs are read when they are asked for.
*/
export const viewOf = async (history: History, now = new Date()): Promise<RevisionView> => {
	const [head, branches, tags, remoteBranches, here, elsewhere, removed] = await Promise.all([
		history.currentBranch(),
		history.branches(),
		history.tags(),
		history.remoteBranches(),
		history.commitIds(),
		history.elsewhereIds(),
		history.removedIds(),
	]);
	const ids = [...here, ...elsewhere];
	const known = new Set(elsewhere);
	return {
		head,
		branches,
		tags,
		remoteBranches,
		ids,
		// One that was removed here and that another host still has is known again.
		removedIds: removed.filter(id => !known.has(id)),
		now,
		async parents(id) {
			const {parents} = await history.readAnyCommit(id);
			return parents;
		},
		reflog: async branch => history.reflog(branch),
		headlog: async () => history.headlog(),
	};
};

/**
The id of the commit that a revision names.

@throws CoppiceError as `resolveRevision`.
*/
export const resolve = async (history: History, text: string): Promise<string> => {
	const {id} = await resolveRevision(text, await viewOf(history));
	return id;
};
