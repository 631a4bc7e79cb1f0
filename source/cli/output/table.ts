/**
Columns of text without a frame, aligned whatever colours and wide characters are in them.

Not by a library: those for tables take longer to load than `coppice status` has to spare.
*/
import {stripVTControlCharacters} from 'node:util';
import type {Style} from './style.ts';

const gap = '  ';

// Takes two columns of a terminal: East Asian wide and full-width characters, and emoji (Unicode Standard Annex #11).
const wide = /[\u{1100}-\u{115F}\u{2E80}-\u{303E}\u{3041}-\u{A4CF}\u{AC00}-\u{D7A3}\u{F900}-\u{FAFF}\u{FE30}-\u{FE6F}\u{FF01}-\u{FF60}\u{FFE0}-\u{FFE6}\u{1F300}-\u{1FAFF}\u{20000}-\u{3FFFD}]/gv;

/**
How many columns of a terminal a text takes.
*/
export const displayWidth = (text: string): number => {
	const plain = stripVTControlCharacters(text);
	const characters = /^[\u{20}-\u{7E}]*$/v.test(plain) ? plain.length : [...plain].length;
	return characters + (plain.match(wide)?.length ?? 0);
};

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
