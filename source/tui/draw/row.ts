/**
Rows of text: what stands on one line, as pieces with a role each, and how it is made to fit a width.
*/
import {displayWidth} from '../../system/display-width.ts';
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

/** Whether a text takes as many columns as it has characters: the usual case, which need not be measured. */
const isPlain = (text: string): boolean => /^[\u{20}-\u{7E}]*$/v.test(text);

/** How many columns a text takes. */
const textWidth = (text: string): number => isPlain(text) ? text.length : displayWidth(text);

/**
The beginning of a text that fits, with an ellipsis where something is left out.
*/
export const truncate = (text: string, width: number, ellipsis = '…'): string => {
	if (width <= 0) {
		return '';
	}

	if (textWidth(text) <= width) {
		return text;
	}

	const room = width - displayWidth(ellipsis);
	if (room < 0) {
		return '';
	}

	if (isPlain(text)) {
		return text.slice(0, room) + ellipsis;
	}

	let kept = '';
	let used = 0;
	for (const character of text) {
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
	return cut + ' '.repeat(Math.max(0, width - textWidth(cut)));
};

const widthOf = (pieces: readonly Piece[]): number => pieces.reduce((sum, {text}) => sum + textWidth(text), 0);

const cutPieces = (pieces: readonly Piece[], width: number): Piece[] => {
	const kept: Piece[] = [];
	let left = width;
	for (const [index, {text, role}] of pieces.entries()) {
		const columns = textWidth(text);
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

export type RowStyle = {
	readonly paint: Paint;

	/** The role of the whole row, in place of those of its pieces: the one that the cursor is on. */
	readonly over?: Role;
};

/**
A row as text of exactly this width.
*/
export const drawRow = ({pieces, right = []}: Row, width: number, {paint, over}: RowStyle): string => {
	const rightWidth = widthOf(right);
	const hasRight = right.length > 0 && width - rightWidth >= Math.min(12, widthOf(pieces)) + 1;
	const room = hasRight ? width - rightWidth - 1 : width;
	const left = widthOf(pieces) <= room ? pieces : cutPieces(pieces, room);
	const gap = ' '.repeat(Math.max(0, (hasRight ? width - rightWidth : width) - widthOf(left)));
	const end = hasRight ? right : [];
	return over === undefined
		? [...left, piece(gap), ...end].map(({text, role}) => paint(role, text)).join('')
		: paint(over, [...left, piece(gap), ...end].map(({text}) => text).join(''));
};

/** The text of a row without roles, for filters and for copying. */
export const rowText = ({pieces, right = []}: Row): string => [...pieces, ...right.length === 0 ? [] : [piece(' '), ...right]].map(({text}) => text).join('');
