/**
Columns of text without a frame, aligned whatever colours and wide characters are in them.
*/
import Table from 'cli-table3';
import type {Style} from './style.ts';

const noFrame = {
	top: '', 'top-mid': '', 'top-left': '', 'top-right': '',
	bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '',
	left: '', 'left-mid': '', mid: '', 'mid-mid': '',
	right: '', 'right-mid': '', middle: '  ',
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

	const columns = Math.max(...rows.map(row => row.length));
	const table = new Table({
		chars: noFrame,
		style: {
			'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true,
		},
		colAligns: Array.from({length: columns}, (_, index) => alignRight.includes(index) ? 'right' : 'left'),
	});
	if (head !== undefined) {
		table.push(head.map(text => style === undefined ? text : style.dim(text)));
	}

	table.push(...rows.map(row => [...row]));
	return table.toString().split('\n').map(line => `${' '.repeat(indent)}${line.trimEnd()}`).join('\n');
};
