/**
Columns of text without a frame, aligned whatever colours and wide characters are in them.

Not by a library: those for tables take longer to load than `coppice status` has to spare.
*/
import {displayWidth} from '../../system/display-width.ts';
import type {Style} from './style.ts';

const gap = '  ';

export type TableOptions = {
	readonly head?: readonly string[];
	readonly style?: Style;

	/** Spaces before each line. */
	readonly indent?: number;

	/** Columns of numbers. */
	readonly alignRight?: readonly number[];
};

/**
One line a row, without a line break at the end. Nothing at all without rows.
*/
export const renderTable = (rows: ReadonlyArray<readonly string[]>, {head, style, indent = 0, alignRight = []}: TableOptions = {}): string => {
	if (rows.length === 0) {
		return '';
	}

	const all = head === undefined ? rows : [head.map(text => style === undefined ? text : style.dim(text)), ...rows];
	const widths = Array.from({length: Math.max(...all.map(row => row.length))}, (_, column) => Math.max(...all.map(row => displayWidth(row[column] ?? ''))));
	return all.map(row => {
		const cells = row.map((text, column) => {
			const padding = ' '.repeat((widths[column] ?? 0) - displayWidth(text));
			return alignRight.includes(column) ? `${padding}${text}` : `${text}${padding}`;
		});
		return `${' '.repeat(indent)}${cells.join(gap)}`.trimEnd();
	}).join('\n');
};
