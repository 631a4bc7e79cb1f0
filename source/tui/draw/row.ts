/**
Rows of text: what stands on one line, as pieces with a role each, and how it is made to fit a width.
*/
import {displayWidth, graphemes} from '../../system/display-width.ts';
import type {Paint, Role} from './theme.ts';

export type Piece = {readonly text: string; readonly role: Role};

/** A line: pieces from left to right, and pieces that stand at its right end where there is room. */
export type Row = {
	readonly pieces: readonly Piece[];
	readonly right?: readonly Piece[];
};

/** Whatever its text comes from (a commit, a log, another host), it can't move the cursor of the terminal. */
export const piece = (text: string, role: Role = 'text'): Piece => ({text: /^\P{Control}*$/v.test(text) ? text : text.replaceAll(/\p{Control}/gv, ' '), role});

/** A row of texts and pieces; empty ones are left out. */
export const row = (...parts: ReadonlyArray<string | Piece | undefined>): Row => ({
	pieces: parts.filter(part => part !== undefined).map(part => typeof part === 'string' ? piece(part) : part).filter(({text}) => text !== ''),
});

export const emptyRow: Row = {pieces: []};

/**
The beginning of a text that fits, with an ellipsis where something is left out.
*/
export const truncate = (text: string, width: number, ellipsis = '…'): string => {
	if (width <= 0) {
		return '';
	}

	if (displayWidth(text) <= width) {
		return text;
	}

	const room = width - displayWidth(ellipsis);
	if (room < 0) {
		return '';
	}

	let kept = '';
	let used = 0;
	for (const character of graphemes(text)) {
		const columns = displayWidth(character);
		if (used + columns > room) {
			break;
		}

		kept += character;
		used += columns;
	}

	return kept + ellipsis + ' '.repeat(Math.max(0, room - used));
};

/** A text cut or filled up with blanks to exactly this width. */
export const fit = (text: string, width: number): string => {
	const cut = truncate(text, width);
	return cut + ' '.repeat(Math.max(0, width - displayWidth(cut)));
};

const widthOf = (pieces: readonly Piece[]): number => pieces.reduce((sum, {text}) => sum + displayWidth(text), 0);

const cutPieces = (pieces: readonly Piece[], width: number): Piece[] => {
	const kept: Piece[] = [];
	let left = width;
	for (const [index, {text, role}] of pieces.entries()) {
		const columns = displayWidth(text);
		// The ellipsis stands in the last piece that has room, or replaces the end of it.
		if (columns <= left && (columns < left || index === pieces.length - 1)) {
			kept.push({text, role});
			left -= columns;
			continue;
		}

		const cut = truncate(columns <= left ? `${text} ` : text, left);
		kept.push({text: cut, role});
		break;
	}

	return kept;
};

/** The left side gives way to what stands at the right, but keeps so many columns. */
const leastLeft = 12;

/** A text at the right that is cut shorter than this says nothing. */
const leastRight = 8;

/** What is shown at the right: all of it where the left side can give way, else as much as the whole left side leaves. */
const fitRight = (right: readonly Piece[], width: number, leftWidth: number): readonly Piece[] => {
	if (widthOf(right) + Math.min(leastLeft, leftWidth) + 1 <= width) {
		return right;
	}

	const room = width - leftWidth - 1;
	return room < leastRight ? [] : cutPieces(right, room);
};

export type RowStyle = {
	readonly paint: Paint;

	/** The role of the whole row, in place of those of its pieces: the one that the cursor is on. */
	readonly over?: Role;
};

/**
A row as text of exactly this width.
*/
export const drawRow = ({pieces, right = []}: Row, width: number, {paint, over}: RowStyle): string => {
	const leftWidth = widthOf(pieces);
	const end = fitRight(right, width, leftWidth);
	const endWidth = widthOf(end);
	const room = endWidth === 0 ? width : width - endWidth - 1;
	const left = leftWidth <= room ? pieces : cutPieces(pieces, room);
	const gap = ' '.repeat(Math.max(0, width - endWidth - widthOf(left)));
	return over === undefined
		? [...left, piece(gap), ...end].map(({text, role}) => paint(role, text)).join('')
		: paint(over, [...left, piece(gap), ...end].map(({text}) => text).join(''));
};

/** The text of a row without roles, for filters and for copying. */
export const rowText = ({pieces, right = []}: Row): string => [...pieces, ...right.length === 0 ? [] : [piece(' '), ...right]].map(({text}) => text).join('');
