/**
A frame with a title around rows of text.
*/
import {displayWidth} from '../../system/display-width.ts';
import type {Glyphs} from './glyphs.ts';
import {
	drawRow,
	emptyRow,
	truncate,
	type Piece,
	type Row,
} from './row.ts';
import type {Paint, Role} from './theme.ts';

export type FrameOptions = {
	/** Outside width and height. */
	readonly width: number;
	readonly height: number;
	readonly title: readonly Piece[];

	/** At the right end of the upper edge. */
	readonly note?: string;

	/** At the right end of the lower edge: `3 of 12`. */
	readonly footer?: string;
	readonly isActive: boolean;
	readonly paint: Paint;
	readonly glyphs: Glyphs;

	/** The row of `rows` that the cursor is on. */
	readonly cursor?: number;
	readonly role?: Role;
};

const edge = (left: string, right: string, inside: {title: readonly Piece[]; note: string}, {width, isActive, paint, glyphs, role}: FrameOptions): string => {
	const line = glyphs.frame[4];
	const border = role ?? (isActive ? 'activeBorder' : 'border');
	const room = width - 4;
	let used = 0;
	let text = '';
	for (const part of inside.title) {
		const cut = truncate(part.text, room - used);
		used += displayWidth(cut);
		text += paint(part.role, cut);
	}

	// With no title beside it, it may take the whole edge, and is cut rather than left out: it says which keys do what.
	const isAlone = used === 0;
	const hasRoom = used + displayWidth(inside.note) + (isAlone ? 0 : 1) <= room;
	const note = hasRoom ? inside.note : (isAlone ? truncate(inside.note, room) : '');
	const gap = Math.max(0, width - 4 - used - displayWidth(note));
	return `${paint(border, left + line)}${text}${paint(border, line.repeat(gap))}${paint('dim', note)}${paint(border, line + right)}`;
};

/**
The lines of a frame with its content: exactly as high and wide as told. Rows beyond are left out, missing ones are blank.
*/
export const drawFrame = (rows: readonly Row[], options: FrameOptions): string[] => {
	const {
		width, height, title, note = '', footer = '', isActive, paint, glyphs, cursor, role,
	} = options;
	if (width < 4 || height < 2) {
		return Array.from({length: Math.max(0, height)}, () => ' '.repeat(Math.max(0, width)));
	}

	const [topLeft, topRight, bottomLeft, bottomRight, , side] = glyphs.frame;
	const border = paint(role ?? (isActive ? 'activeBorder' : 'border'), side);
	const inner = Array.from({length: height - 2}, (_, index) => {
		const isCursor = index === cursor;
		const over = isCursor ? (isActive ? 'selected' : 'selectedDim') : undefined;
		return `${border}${drawRow(rows[index] ?? emptyRow, width - 2, {paint, ...(over !== undefined && {over})})}${border}`;
	});
	return [
		edge(topLeft, topRight, {title, note}, options),
		...inner,
		edge(bottomLeft, bottomRight, {title: [], note: footer}, options),
	];
};
