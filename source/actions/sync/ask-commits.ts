/**
Asks a host for the commits that are not known here. What it answers is checked before it is used: each text gives its id, belongs to this stack, and
was asked for; and there is an end to it.
*/
import {CoppiceError} from '../../system/errors.ts';
import {reachable} from '../../history/ancestry.ts';
import {decodeCommit, shortId, type StoredCommit} from '../../history/commit.ts';
import {leavesOf} from '../../history/known-commits.ts';
import type {Peer} from './peer.ts';

export type AskedCommit = {
	readonly commit: StoredCommit;

	/** Its canonical JSON. */
	readonly text: string;
};

export type CommitBounds = {
	/** Commits in all. */
	readonly commits: number;

	/** Characters of their texts in all. */
	readonly characters: number;
};

const usualBounds: CommitBounds = {commits: 200_000, characters: 256 * 1024 * 1024};

// More ids than these are no help, and every message has a bound.
const mostKnown = 5000;

const refuse = ({name}: Peer, stack: string, what: string, cause?: unknown): CoppiceError => new CoppiceError('failed', `${name} answers with commits that can't be used: ${what}.`, {
	host: name, stack, hint: `Nothing of it was taken. Look on ${name} with \`coppice doctor\`.`, cause,
});

export type CommitsWanted = {
	readonly stack: string;
	readonly tips: readonly string[];

	/** Commits of this side, with all that they descend from. */
	readonly known: ReadonlyMap<string, {readonly id: string; readonly parents: readonly string[]}>;
};

/**
@returns What is reachable from the tips and not known, parents before their children.
@throws CoppiceError `not-found` where a tip is not there (any more); `failed` for what can't be right.
*/
export const askCommits = async (
	peer: Peer,
	{stack, tips, known}: CommitsWanted,
	{signal, bounds = usualBounds}: {signal?: AbortSignal | undefined; bounds?: CommitBounds} = {},
): Promise<AskedCommit[]> => {
	const wanted = [...new Set(tips)].filter(id => !known.has(id));
	if (wanted.length === 0) {
		return [];
	}

	const asked = new Map<string, AskedCommit>();
	const base = leavesOf(known.values()).slice(0, mostKnown);
	let characters = 0;
	for (;;) {
		const came = leavesOf(asked.values().map(({commit}) => commit));
		const {commits, complete} = await peer.host.call('commits', {stack, tips: wanted, known: [...came, ...base].slice(0, 2 * mostKnown)}, {signal});
		const before = asked.size;
		for (const {id, text} of commits) {
			characters += text.length;
			if (characters > bounds.characters || asked.size >= bounds.commits) {
				throw refuse(peer, stack, 'there is no end to them');
			}

			if (known.has(id)) {
				continue;
			}

			let commit: StoredCommit;
			try {
				commit = decodeCommit(text, id, `that ${peer.name} sent`);
			} catch (error) {
				if (error instanceof CoppiceError && error.code === 'precondition') {
					throw error;
				}

				throw refuse(peer, stack, `the text of ${shortId(id)} does not give its id, or is no commit`, error);
			}

			if (commit.stack !== stack) {
				throw refuse(peer, stack, `${shortId(id)} is of another stack`);
			}

			asked.set(id, {commit, text});
		}

		if (complete) {
			break;
		}

		if (asked.size === before) {
			throw refuse(peer, stack, 'it says that there are more, and sends none');
		}
	}

	const missing = wanted.find(id => !asked.has(id));
	if (missing !== undefined) {
		throw refuse(peer, stack, `${shortId(missing)}, which one of its branches points at, is not among them`);
	}

	// Nothing that was not asked for.
	const inReach = reachable(wanted, id => asked.get(id)?.commit.parents ?? []);
	return parentsFirst(asked.values().filter(({commit}) => inReach.has(commit.id)).toArray());
};

/**
Whatever order they came in: one that is written has its parents written before, so that a cut leaves no commit without what it descends from.
*/
const parentsFirst = (commits: readonly AskedCommit[]): AskedCommit[] => {
	const left = new Map(commits.map(each => [each.commit.id, each]));
	const ordered: AskedCommit[] = [];
	for (const {commit: {id}} of commits) {
		const stack = [id];
		while (stack.length > 0) {
			const current = stack.at(-1)!;
			const each = left.get(current);
			const parents = each?.commit.parents.filter(parent => left.has(parent)) ?? [];
			if (each === undefined) {
				stack.pop();
			} else if (parents.length === 0) {
				left.delete(current);
				ordered.push(each);
				stack.pop();
			} else {
				stack.push(...parents);
			}
		}
	}

	return ordered;
};
