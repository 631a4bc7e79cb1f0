/**
Lines of logs as text that leaves the screen.
*/
import {Buffer} from 'node:buffer';
import {quoteWord} from '../../system/quote-word.ts';
import {readFilter} from '../state/filter.ts';

/** The newest lines that have room in so many bytes. One line that is longer by itself keeps its beginning. */
export const lastLines = (lines: readonly string[], bytes: number): readonly string[] => {
	let room = bytes;
	let first = lines.length;
	while (first > 0) {
		room -= Buffer.byteLength(lines[first - 1]!);
		if (room < 0) {
			break;
		}

		first--;
	}

	return first === lines.length ? lines.slice(-1) : lines.slice(first);
};

/** What `/` leaves of logs, as a shell does it. */
export const grepLine = (filter: string): string => {
	const {isOpposite, wanted, expression} = readFilter(filter);
	const ignoresCase = expression === undefined || expression.ignoresCase;
	const options = `${isOpposite ? 'v' : ''}${ignoresCase ? 'i' : ''}${expression === undefined ? 'F' : 'P'}`;
	return `grep -${options} -- ${quoteWord(expression?.pattern ?? wanted)}`;
};
