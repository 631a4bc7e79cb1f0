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
		readonly from?: string | null;
		readonly to?: string | null;
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

const invertChange = (change: OperationChange): OperationChange => {
	switch (change.type) {
		case 'head': {
			return {type: 'head', from: change.to, to: change.from};
		}

		case 'branch': {
			return {
				type: 'branch',
				name: change.name,
				...(change.to !== undefined && {from: change.to}),
				...(change.from !== undefined && {to: change.from}),
				...(change.kept !== undefined && {made: change.kept}),
			};
		}

		case 'branch-renamed': {
			return {type: 'branch-renamed', from: change.to, to: change.from};
		}

		case 'tag': {
			return {
				type: 'tag',
				name: change.name,
				...(change.to !== undefined && {from: change.to}),
				...(change.from !== undefined && {to: change.from}),
			};
		}

		case 'pruned': {
			return {type: 'restored', commits: change.commits};
		}

		case 'restored': {
			return {type: 'pruned', commits: change.commits};
		}
	}
};

/**
The changes that take an operation back, in the order to make them.

Live data that the operation replaced come back from the safety commit it kept: `made` of the inverse is `kept` of the change. Where
`made` is absent, live data stay as they are. `kept` of an inverse is for the verb to fill in, when it has taken its own safety commit.
*/
export const invert = (operation: Operation): readonly OperationChange[] => operation.changes.map(change => invertChange(change)).toReversed();

/**
The operations that `undo` can take back and the undos that `redo` can take back, the next one last: the two stacks of an editor.

An undo moves the operation that it took back from the first to the second; a redo moves itself from the second to the first, in the place
of what it did again; any other operation goes on the first and empties the second.
*/
const fold = (operations: readonly Operation[]): {readonly undoable: readonly Operation[]; readonly redoable: readonly Operation[]} => {
	let undoable: Operation[] = [];
	let redoable: Operation[] = [];
	for (const operation of operations) {
		if (operation.undoes !== undefined) {
			undoable = undoable.filter(({id}) => id !== operation.undoes);
			redoable.push(operation);
		} else if (operation.redoes === undefined) {
			undoable.push(operation);
			redoable = [];
		} else {
			redoable = redoable.filter(({id}) => id !== operation.redoes);
			undoable.push(operation);
		}
	}

	return {undoable, redoable};
};

/**
The operation that the next `undo` takes back: an ordinary one or a redo, each undo one further back; `undefined` where there is nothing left.
*/
export const nextUndo = (operations: readonly Operation[]): Operation | undefined => fold(operations).undoable.at(-1);

/**
The undo that the next `redo` takes back; `undefined` where the last thing done was neither an undo nor a redo.
*/
export const nextRedo = (operations: readonly Operation[]): Operation | undefined => fold(operations).redoable.at(-1);

/**
Ids of the operations whose effect is taken back at present: undone ones, and undos that were redone.
*/
export const undoneOperations = (operations: readonly Operation[]): ReadonlySet<string> => {
	const {undoable, redoable} = fold(operations);
	const effective = new Set([...undoable, ...redoable].map(({id}) => id));
	const takenBack = operations.flatMap(({undoes, redoes}) => [undoes, redoes]).filter(id => id !== undefined);
	return new Set(takenBack.filter(id => !effective.has(id)));
};
