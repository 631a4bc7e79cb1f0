/**
What a confirmation says in the room there is: the question, what would be lost or that some of it is not shown, and how to answer always; what
explains that gives way.
*/
import {displayWidth} from '../../system/display-width.ts';
import {
	emptyRow,
	piece,
	row,
	type Row,
} from '../draw/row.ts';
import {wrapText} from '../draw/wrap-text.ts';
import type {Modal} from '../state/state.ts';
import {inputPieces} from './bars.ts';

type Confirmation = Extract<Modal, {type: 'confirm'}>;

/** So many lines of what would be lost are worth more than what explains them. */
const wantedLines = 3;

/** The lines that there is room for, at least one, and how many more there are. */
const lossRows = (lost: Confirmation['lost'], lines: readonly string[], room: number): Row[] => {
	if (lost === undefined) {
		return [row(piece('  measuring…', 'dim'))];
	}

	const shown = lines.length <= room ? lines : lines.slice(0, Math.max(0, room - 1));
	const more = lines.length - shown.length;
	return [
		...shown.map(line => row('  ', piece(line, 'warning'))),
		...more === 0 ? [] : [row(piece(`  … ${shown.length === 0 ? '' : 'and '}${more} more ${more === 1 ? 'line' : 'lines'}`, shown.length === 0 ? 'warning' : 'dim'))],
	];
};

/** Where the name is typed: below the question where it has no room beside it. */
const typedRows = ({typed, input}: Confirmation, inner: number): Row[] => {
	if (typed === undefined) {
		return [];
	}

	const question = `Type ${typed} to confirm: `;
	const [before, after] = ['Type ', ' to confirm: '];
	return displayWidth(question) + displayWidth(typed) + 1 <= inner
		? [row(before, piece(typed, 'production'), after, ...inputPieces(input))]
		: [row(before, piece(typed, 'production'), after), row(...inputPieces(input))];
};

/** The rows for a frame that is at most so wide and high. */
export const confirmationRows = (asked: Confirmation, {width, height}: {readonly width: number; readonly height: number}): readonly Row[] => {
	const {lost, way, title} = asked;
	const inner = width - 2;
	const room = height - 2;
	const lines = (lost ?? []).flatMap(line => wrapText(line, inner - 4));
	const answer = typedRows(asked, inner);
	const ways = wrapText(way, inner - 2).map(line => row(piece(line, 'dim')));
	const heading = row(piece('What would be lost or changed:', 'dim'));
	// The upper edge has no room for all of a long question.
	const question = displayWidth(title) <= inner - 2 ? [] : wrapText(title, inner).map(line => row(piece(line, 'strong')));
	const blank = (rows: readonly Row[]): readonly Row[] => rows.length === 0 ? [] : [emptyRow, ...rows];
	// From all of it to what can't be left out.
	const parts: ReadonlyArray<readonly [above: readonly Row[], below: readonly Row[]]> = [
		[[...question, heading], [emptyRow, ...ways, ...blank(answer)]],
		[[...question, heading], [...ways, ...answer]],
		[question, [...ways, ...answer]],
		[question, [row(piece(way, 'dim')), ...answer]],
		[question, answer],
		[[], answer],
	];
	const least = Math.max(1, Math.min(lines.length, wantedLines));
	const found = parts.find(([first, last]) => first.length + last.length + least <= room);
	const [above, below] = found ?? (question.length + answer.length < room ? parts.at(-2)! : parts.at(-1)!);
	return [...above, ...lossRows(lost, lines, room - above.length - below.length), ...below];
};

/** Which keys answer: shorter where a frame has no room for all of it in its lower edge. */
export const confirmationKeys = ({typed}: Confirmation, width: number): string => {
	if (typed !== undefined) {
		return 'enter: do it   esc: back';
	}

	const whole = 'enter or y: do it   esc or n: back';
	return displayWidth(whole) <= width - 4 ? whole : 'y: do it   n: back';
};
