/**
What was done to a stack, newest first, for `undo --list`.
*/
import type {Operation} from '../../history/operation.ts';
import {firstLine, formatAge} from '../output/format.ts';
import {renderTable} from '../output/table.ts';
import type {View} from '../output/view.ts';

export const renderOperations = (operations: ReadonlyArray<Operation & {readonly undone: boolean}>, {style, now}: View): string =>
	renderTable(operations.map(({
		time, verb, summary, undone,
	}) => [
		style.dim(formatAge(time, now)),
		style.bold(verb),
		undone ? style.dim(firstLine(summary)) : firstLine(summary),
		undone ? style.dim('(undone)') : '',
	]));
