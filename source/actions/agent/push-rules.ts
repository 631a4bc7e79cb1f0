/**
Whether a push is taken: decided from what was offered and how the branch stands. Nothing here does I/O.
*/
import {CoppiceError} from '../../system/errors.ts';
import {isAncestor} from '../../history/ancestry.ts';
import {decodeCommit, shortId, type StoredCommit} from '../../history/commit.ts';

/** What a peer may offer at once; a message has a bound of its own. */
export const mostOffered = 20_000;

export type OfferedCommit = {readonly id: string; readonly text: string};

/**
The commits that were offered, each held against its id.

@returns By id.
@throws CoppiceError `failed` for one whose text does not give its id, that is no commit, or that is of another stack; `precondition` for one of a newer
version.
*/
export const readOffered = (stack: string, offered: readonly OfferedCommit[]): ReadonlyMap<string, StoredCommit> => {
	if (offered.length > mostOffered) {
		throw new CoppiceError('failed', `${offered.length} commits are more than can be pushed at once (${mostOffered}).`, {stack, hint: 'Push an older commit of the branch first.'});
	}

	return new Map(offered.map(({id, text}) => {
		let commit: StoredCommit;
		try {
			commit = decodeCommit(text, id, 'that was offered');
		} catch (error) {
			if (error instanceof CoppiceError && error.code === 'precondition') {
				throw new CoppiceError('precondition', `The commit ${shortId(id)} was written by a newer version of Coppice than this host has.`, {stack, hint: 'Update Coppice on that host.', cause: error});
			}

			throw new CoppiceError('failed', `The commit ${shortId(id)} that was offered is damaged: its text does not give its id, or is no commit.`, {
				stack, hint: 'Look with `coppice doctor` where it comes from.', cause: error,
			});
		}

		if (commit.stack !== stack) {
			throw new CoppiceError('failed', `The commit ${shortId(id)} that was offered is of stack ${commit.stack}, not of ${stack}.`, {stack, hint: 'Push it to the stack that it is of.'});
		}

		return [id, commit];
	}));
};

export type PushFacts = {
	readonly stack: string;
	readonly branch: string;
	readonly tip: string;
	readonly offered: ReadonlyMap<string, StoredCommit>;

	/** Commits of this host that the pusher may build on. */
	readonly known: ReadonlyMap<string, StoredCommit>;

	/** Where the branch is; `undefined` where there is none. */
	readonly current: string | null | undefined;

	/** Whether services have the branch's data, or get them when they are started. */
	readonly isAttached: boolean;
	readonly switch: boolean;
};

/**
- `nothing`: the branch is there already;
- `move` or `create`: it has to be moved, or made.
*/
export type PushDecision = 'nothing' | 'move' | 'create';

/**
@throws CoppiceError `failed` where something is missing between the tip and what is here; `conflict` where it is no fast-forward, or where data would change
that services use and `switch` was not said.
*/
export const judgePush = (facts: PushFacts): PushDecision => {
	const {
		stack, branch, tip, offered, known, current, isAttached,
	} = facts;
	const find = (id: string): StoredCommit | undefined => offered.get(id) ?? known.get(id);
	const gap = find(tip) === undefined ? tip : offered.values().flatMap(({parents}) => parents).find(parent => find(parent) === undefined);
	if (gap !== undefined) {
		throw new CoppiceError('failed', `The push is not whole: commit ${shortId(gap)} is neither on this host nor was it offered.`, {stack, hint: 'Fetch from that host, and push again.'});
	}

	if (current === tip) {
		return 'nothing';
	}

	const isForward = current === undefined || current === null || isAncestor(current, tip, id => {
		const commit = find(id);
		return commit && {parents: commit.parents, removed: false};
	});
	if (!isForward) {
		throw new CoppiceError('conflict', `Branch ${branch} of stack ${stack} has commits on this host that what is pushed does not descend from.`, {
			stack, hint: 'Pull first: `coppice pull` brings them; or push to another branch. Nothing was changed.',
		});
	}

	if (isAttached && !facts.switch) {
		throw new CoppiceError('conflict', `${branch} is the current branch of stack ${stack} on this host, so a push would change the data that its services use.`, {
			stack, hint: 'Push with `--switch`: the data there are kept in a safety commit first, and the services restart on what is pushed. Or push to another branch.',
		});
	}

	return current === undefined ? 'create' : 'move';
};
