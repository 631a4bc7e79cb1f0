/**
What `undo` or `redo` has taken back.
*/
import type {UndoResult} from '../../actions/undo.ts';
import {firstLine, shortId} from '../output/format.ts';
import type {View} from '../output/view.ts';
import {renderRestart} from './restarted.ts';

export const renderUndo = (result: UndoResult, {style}: View, verb: 'undo' | 'redo'): string => {
	const {undone, next, kept} = result;
	return [
		`Took back: ${firstLine(undone.summary)}${renderRestart(result)}.`,
		...kept.length === 0 ? [] : [`What was there is kept in ${kept.map(id => style.yellow(shortId(id))).join(', ')}.`],
		...verb === 'undo' ? ['`coppice redo` does it again.'] : [],
		...next === undefined ? [] : [style.dim(`Next \`coppice undo\`: ${firstLine(next.summary)}`)],
	].join('\n');
};
