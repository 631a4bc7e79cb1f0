/**
Operations: what each verb changed, kept so that `undo` can take it back.

An operation is a plain value; the operations of a stack are a list, oldest first. Nothing here does I/O.
*/

export type OperationChange =
	/** The current branch changed. */
	| {readonly type: 'head'; readonly from: string; readonly to: string}

	/**
	A branch was made (`from` absent), deleted (`to` absent) or moved. `null` is a branch without a commit yet.
	Where its live data were replaced or removed, `kept` is the safety commit that holds them.
	`made` is the commit that the live data were cloned from.
	*/
	| {
		readonly type: 'branch';
		readonly name: string;
		readonly from?: string | undefined;
		readonly to?: string | undefined;
		readonly kept?: string;
		readonly made?: string | undefined;
	}
	| {readonly type: 'branch-renamed'; readonly from: string; readonly to: string}
	| {readonly type: 'tag'; readonly name: string; readonly from?: string; readonly to?: string}

	/** Commits went to the trash, from which they can be restored until it is emptied. */
	| {readonly type: 'pruned'; readonly commits: readonly string[]}
	| {readonly type: 'restored'; readonly commits: readonly string[]};

export type Operation = {
	readonly id: string;

	/** ISO 8601. */
	readonly time: string;

	/** The verb as typed: `reset`, `switch`, `undo`, … */
	readonly verb: string;

	/** One line for people: `reset main to 3f2a91c`. */
	readonly summary: string;
	readonly changes: readonly OperationChange[];

	/** For an `undo`: the operation that it took back. */
	readonly undoes?: string;

	/** For a `redo`: the undo that it took back. */
	readonly redoes?: string;
};
