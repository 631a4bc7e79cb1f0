/**
`coppice undo` and `redo`: takes the last verb back, one further back each time; `redo` takes an undo back.
*/
import {CoppiceError} from '../system/errors.ts';
import {
	nextRedo,
	nextUndo,
	undoneOperations,
	type Operation,
} from '../history/operation.ts';
import {applyChanges} from './change/apply-changes.ts';
import {invertOperation} from './change/invert-operation.ts';
import {exclusively} from './change/transact.ts';
import type {Workspace} from './workspace/workspace.ts';

export type UndoResult = {
	/** The operation that was taken back. */
	readonly undone: Operation;

	/** What would be next. */
	readonly next?: Operation;

	/** The safety commits of what was there before, where data were replaced. */
	readonly kept: readonly string[];
	readonly restarted: readonly string[];

	/** Milliseconds until clients could query. */
	readonly readyMilliseconds: number;
};

/**
Whether an operation removed commits whose data have been destroyed since: that can't be taken back any more.
*/
const isBeyondUndo = async ({history, pool, stack}: Workspace, {changes}: Operation): Promise<boolean> => {
	for (const change of changes) {
		for (const id of change.type === 'pruned' ? change.commits : []) {
			const commit = await history.readAnyCommit(id);
			for (const [volume, snapshot] of Object.entries(commit.volumes)) {
				const {snapshots, trash} = await pool.driver.contents({stack: stack.name, volume});
				if (!snapshots.includes(snapshot) && !trash.includes(snapshot)) {
					return true;
				}
			}
		}
	}

	return false;
};

/**
The operation to take back, passing over those that can't be any more.
*/
const findTarget = async (workspace: Workspace, operations: readonly Operation[], verb: 'undo' | 'redo'): Promise<Operation | undefined> => {
	const next = verb === 'undo' ? nextUndo : nextRedo;
	let candidates = operations;
	for (let target = next(candidates); target !== undefined; target = next(candidates)) {
		const {id, summary} = target;
		if (!await isBeyondUndo(workspace, target)) {
			return target;
		}

		workspace.report({type: 'notice', message: `passing over "${summary}": what it removed was destroyed for good`});
		candidates = candidates.filter(operation => operation.id !== id);
	}

	return undefined;
};

const takeBack = async (workspace: Workspace, verb: 'undo' | 'redo', signal: AbortSignal | undefined): Promise<UndoResult> =>
	exclusively(workspace, verb, async () => {
		const {history, stack} = workspace;
		const operations = await history.operations();
		const target = await findTarget(workspace, operations, verb);
		if (target === undefined) {
			throw new CoppiceError('precondition', `There is nothing to ${verb} in stack ${stack.name}.`, {
				stack: stack.name, hint: '`coppice undo --list` shows what was done.',
			});
		}

		const applied = await applyChanges(workspace, {
			verb,
			summary: `${verb} of ${target.summary}`,
			changes: invertOperation(target),
			...(verb === 'undo' ? {undoes: target.id} : {redoes: target.id}),
		}, {signal});
		const next = nextUndo([...operations, applied.operation]);
		return {
			undone: target, ...(next !== undefined && {next}), kept: applied.kept, restarted: applied.restarted, readyMilliseconds: applied.readyMilliseconds,
		};
	}, {signal});

/**
Takes the last verb that was not taken back yet back. What is there now is kept in a safety commit where data are replaced.

@throws CoppiceError `precondition` when there is nothing to undo; `not-found` when what it needs was pruned for good.
*/
export const undo = async (workspace: Workspace, {signal}: {signal?: AbortSignal} = {}): Promise<UndoResult> => takeBack(workspace, 'undo', signal);

/**
Takes the last undo back, as long as nothing else was done since.

@throws CoppiceError as `undo`.
*/
export const redo = async (workspace: Workspace, {signal}: {signal?: AbortSignal} = {}): Promise<UndoResult> => takeBack(workspace, 'redo', signal);

/**
What was done, newest first, with what is undone marked.
*/
export const listOperations = async (workspace: Workspace): Promise<ReadonlyArray<Operation & {readonly undone: boolean}>> => {
	const operations = await workspace.history.operations();
	const undone = undoneOperations(operations);
	return operations.toReversed().map(operation => ({...operation, undone: undone.has(operation.id)}));
};
