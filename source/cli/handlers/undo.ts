/**
Runs `coppice undo`.
*/
import {listOperations, undo, type UndoResult} from '../../actions/undo.ts';
import type {Operation} from '../../history/operation.ts';
import {renderOperations} from '../render/operations.ts';
import {renderUndo} from '../render/undo.ts';
import type {Verb} from '../verb.ts';

type Options = {readonly list?: boolean};
type Result = UndoResult | {readonly operations: ReadonlyArray<Operation & {readonly undone: boolean}>};

export const verb: Verb<Options, Result> = {
	async run({openWorkspace, signal}, {options: {list = false}}) {
		const workspace = await openWorkspace();
		return list ? {operations: await listOperations(workspace)} : undo(workspace, {signal});
	},
	render(result, view) {
		if ('operations' in result) {
			return result.operations.length === 0 ? 'Nothing was done yet.' : renderOperations(result.operations, view);
		}

		return renderUndo(result, view, 'undo');
	},
	toJson: result => 'operations' in result ? result.operations : result,
};
