/**
A commit as a value: one instant of all volumes of a stack, with the stack's definition.

Its id is the SHA-256 of its canonical JSON (RFC 8785), so a commit that was changed or cut is noticed when it is read.
*/
import canonicalize from 'canonicalize';
import {CoppiceError} from '../system/errors.ts';
import {sha256Hex} from '../system/sha256.ts';
import type {Definition} from '../stack/stack.ts';
import {findFault} from './commit-shape.ts';

/**
How consistent the data are: the databases were asked for a checkpoint and all writers stood still; all writers stood still
(or were killed at one instant); nothing ran.
*/
export type Consistency = 'quiesced' | 'frozen' | 'stopped';

export type Commit = {
	readonly version: 1;
	readonly stack: string;
	readonly parents: readonly string[];

	/** ISO 8601 in UTC with milliseconds. */
	readonly time: string;
	readonly message: string;

	/** A `safety` commit was taken by itself before something that would discard data. */
	readonly kind: 'commit' | 'safety';

	/** The branch whose live data it is of. */
	readonly branch: string;
	readonly consistency: Consistency;

	/** Milliseconds that writers stood still. */
	readonly stillMilliseconds: number;

	/** Volume name to snapshot id. */
	readonly volumes: Readonly<Record<string, string>>;
	readonly definition: Definition;
};

export type StoredCommit = Commit & {readonly id: string};

/**
Whether a string is the id of a commit: 64 lower-case hexadecimal digits. Checked before an id touches a path.
*/
export const isCommitId = (id: string): boolean => /^[\da-f]{64}$/v.test(id);

/**
The start of an id, for people: 8 digits.
*/
export const shortId = (id: string): string => id.slice(0, 8);

/**
The canonical JSON (RFC 8785) of a commit, without a line end: exactly the bytes that its id is the SHA-256 of, and what its
file holds, so that `sha256sum` of the file gives the id.

What reading adds (`id`, `removed`, `state`) is not a part of it, and a message with half a surrogate pair is made well-formed.
*/
export const encodeCommit = (commit: Commit): string => {
	const {id: _id, removed: _removed, state: _state, ...content} = commit as Commit & {id?: string; removed?: boolean; state?: string};
	return canonicalize({...content, message: content.message.toWellFormed()})!;
};

/**
The id of a commit: 64 hexadecimal digits.
*/
export const commitId = (commit: Commit): string => sha256Hex(encodeCommit(commit));

const damaged = (expectedId: string, file: string, what: string, cause?: unknown): CoppiceError => new CoppiceError('failed', `The commit file ${file} ${what}.`, {
	file,
	hint: `Other commits are untouched. Copy that file from another host that has commit ${shortId(expectedId)}, or give the commit up with \`coppice prune ${shortId(expectedId)}\`; \`coppice doctor\` lists every damaged file.`,
	cause,
});

/**
Reads what `encodeCommit` wrote.

The name of the file is for the message.

@throws CoppiceError `failed` when the text was cut or altered, so that it does not give the id; `precondition` when a newer
version of Coppice wrote it.
*/
export const decodeCommit = (text: string, expectedId: string, file: string): StoredCommit => {
	if (sha256Hex(text) !== expectedId) {
		throw damaged(expectedId, file, 'was cut or altered: its content does not give its id');
	}

	let content: unknown;
	try {
		content = JSON.parse(text);
	} catch (error) {
		throw damaged(expectedId, file, 'is not JSON', error);
	}

	const fault = findFault(content);
	if (fault === 'newer') {
		throw new CoppiceError('precondition', `The commit file ${file} was written by a newer version of Coppice.`, {file, hint: 'Update Coppice on this host.'});
	}

	if (fault !== undefined) {
		throw damaged(expectedId, file, `does not hold a commit: ${fault}`);
	}

	const commit = content as Commit;
	// Two texts of one commit would give it two ids.
	if (canonicalize(content) !== text) {
		throw damaged(expectedId, file, 'is not canonical JSON (RFC 8785)');
	}

	return {...commit, id: expectedId};
};
