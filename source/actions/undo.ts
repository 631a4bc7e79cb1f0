/**
`coppice undo` and `redo`: takes the last verb back, one further back each time; `redo` takes an undo back.
*/
import type {Operation} from '../history/operation.ts';
import type {Workspace} from './workspace.ts';

export type UndoResult = {
	/** The operation that was taken back. */
	readonly undone: Operation;

	/** What would be next. */
	readonly next?: Operation;

	/** The safety commit of what was there before, where data were replaced. */
	readonly kept: readonly string[];
	readonly restarted: readonly string[];
	readonly readyMilliseconds: number;
};

export const undo = async (_workspace: Workspace, _options: {signal?: AbortSignal} = {}): Promise<UndoResult> => {
	throw new Error('Not built yet');
};

export const redo = async (_workspace: Workspace, _options: {signal?: AbortSignal} = {}): Promise<UndoResult> => {
	throw new Error('Not built yet');
};

/** Newest first, with what is undone already marked. */
export const listOperations = async (_workspace: Workspace): Promise<ReadonlyArray<Operation & {readonly undone: boolean}>> => {
	throw new Error('Not built yet');
};
