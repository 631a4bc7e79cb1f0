/**
A commit as a value: one instant of all volumes of a stack, with the stack's definition.

Its id is the SHA-256 of its canonical JSON (RFC 8785), so a commit that was changed or cut is noticed when it is read.
*/
import type {Definition} from '../stack/stack.ts';

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
