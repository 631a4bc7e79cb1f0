/**
The graph of a log as text without colour, in box-drawing characters or in ASCII, with the lane of each character for whoever colours it.
*/
import type {GraphCell, GraphLine, GraphRow} from './layout-graph.ts';

export type RenderedLine = {
	/** Two characters a lane, without blanks at the end. */
	readonly text: string;

	/** For each character of the text the lane it belongs to, `undefined` for a blank. */
	readonly lanes: ReadonlyArray<number | undefined>;

	/** Whether the commit is on this line, so that its text goes beside it. */
	readonly isCommit: boolean;
};

export type RenderedRow = {
	readonly id: string;
	readonly lane: number;
	readonly lines: readonly RenderedLine[];

	/** What goes beside further lines of text. */
	readonly padding: RenderedLine;
};

export type RenderOptions = {
	/** `*`, `|`, `/` and `\` in place of box-drawing characters. */
	readonly ascii?: boolean;
};

// By the sides that a piece connects to: up 8, down 4, left 2, right 1.
const boxes = [' ', ' ', ' ', '─', ' ', '╭', '╮', '┬', ' ', '╰', '╯', '┴', '│', '├', '┤', '┼'];

const sides = ({up, down, left, right}: GraphCell): number => (up ? 8 : 0) + (down ? 4 : 0) + (left ? 2 : 0) + (right ? 1 : 0);

const boxGlyph = (cell: GraphCell): string => {
	if (cell.isCommit) {
		return '●';
	}

	return cell.isCrossing ? '│' : boxes[sides(cell)]!;
};

const asciiGlyph = (cell: GraphCell): string => {
	if (cell.isCommit) {
		return '*';
	}

	if (cell.up && cell.down) {
		return '|';
	}

	return cell.left && cell.right ? '-' : ' ';
};

/** Whether a lane ends or begins in a cell, rather than being crossed or being the commit's own. */
const isEnd = (line: GraphLine, column: number): boolean => {
	const cell = line.cells[column];
	return cell !== undefined && column !== line.lane && !cell.isCrossing && (cell.up || cell.down) && (cell.left || cell.right);
};

/** The piece between a column and the next one: a slope beside the end that it leads to. */
const asciiGap = (line: GraphLine, column: number): string => {
	if (column >= line.lane) {
		return isEnd(line, column + 1) ? (line.kind === 'merge-in' ? '/' : '\\') : '-';
	}

	return isEnd(line, column) ? (line.kind === 'merge-in' ? '\\' : '/') : '-';
};

const renderLine = (line: GraphLine, isAscii: boolean): RenderedLine => {
	let text = '';
	const lanes: Array<number | undefined> = [];
	for (const [column, cell] of line.cells.entries()) {
		const gap = cell.right ? (isAscii ? asciiGap(line, column) : '─') : ' ';
		text += (isAscii ? asciiGlyph(cell) : boxGlyph(cell)) + gap;
		lanes.push(cell.lane, cell.rightLane);
	}

	text = text.trimEnd();
	return {text, lanes: lanes.slice(0, text.length).map((lane, index) => text[index] === ' ' ? undefined : lane), isCommit: line.kind === 'commit'};
};

/**
Renders the rows of a graph.
*/
export const renderGraph = (rows: readonly GraphRow[], options: RenderOptions = {}): readonly RenderedRow[] => {
	const {ascii: isAscii = false} = options;
	return rows.map(({id, lane, lines, padding}) => ({
		id, lane, lines: lines.map(line => renderLine(line, isAscii)), padding: renderLine(padding, isAscii),
	}));
};
