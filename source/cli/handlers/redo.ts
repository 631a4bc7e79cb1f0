/**
Runs `coppice redo`.
*/
import {redo, type UndoResult} from '../../actions/undo.ts';
import {renderUndo} from '../render/undo.ts';
import type {Verb} from '../verb.ts';

export const verb: Verb<object, UndoResult> = {
	async run({openWorkspace, signal}) {
		return redo(await openWorkspace(), {signal});
	},
	render: (result, view) => renderUndo(result, view, 'redo'),
};
