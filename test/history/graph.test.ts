/**
The graph of a log: pictures, and what must hold for every history.
*/
import test from 'ava';
import fc from 'fast-check';
import {sortNewestFirst} from '../../source/history/commit-order.ts';
import {
	layoutGraph,
	renderGraph,
	type GraphCell,
	type GraphCommit,
	type GraphLine,
	type GraphRow,
} from '../../source/history/graph.ts';
import {historyShape} from './fixture.ts';

const draw = (commits: readonly GraphCommit[], ascii: boolean): string =>
	renderGraph(layoutGraph(commits), {ascii}).flatMap(({id, lines}) => lines.map(({text, isCommit}) => isCommit ? `${text.padEnd(10)} ${id}` : text)).join('\n');

const picture = (...lines: string[]): string => lines.join('\n');

test('one line of descent', t => {
	const commits = [{id: 'b', parents: ['a']}, {id: 'a', parents: []}];
	t.is(draw(commits, false), picture('●          b', '●          a'));
	t.is(draw(commits, true), picture('*          b', '*          a'));
	t.is(draw([], false), '');
});

test('a branch and its merge', t => {
	const commits = [
		{id: 'merge', parents: ['a', 'b']}, {id: 'x', parents: ['root']}, {id: 'b', parents: ['root']}, {id: 'a', parents: ['root']}, {id: 'root', parents: []},
	];
	t.is(draw(commits, false), picture(
		'●          merge',
		'├─╮',
		'│ │ ●      x',
		'│ ● │      b',
		'● │ │      a',
		'├─┴─╯',
		'●          root',
	));
	t.is(draw(commits, true), picture(
		'*          merge',
		'|\\',
		'| | *      x',
		'| * |      b',
		'* | |      a',
		'|/-/',
		'*          root',
	));
});

test('lanes that cross and lanes that join', t => {
	const commits = [
		{id: 't1', parents: ['r']},
		{id: 't2', parents: ['q']},
		{id: 't3', parents: ['p']},
		{id: 'm', parents: ['q', 'r', 'p']},
		{id: 'r', parents: []},
		{id: 'p', parents: ['q']},
		{id: 'q', parents: []},
	];
	t.is(draw(commits, false), picture(
		'●          t1',
		'│ ●        t2',
		'│ │ ●      t3',
		'│ │ │ ●    m',
		'├─│─┼─┤',
		'● │ │ │    r',
		'  │ ● │    p',
		'  ├─┴─╯',
		'  ●        q',
	));
	t.is(draw(commits, true), picture(
		'*          t1',
		'| *        t2',
		'| | *      t3',
		'| | | *    m',
		'|/|-|/|',
		'* | | |    r',
		'  | * |    p',
		'  |/-/',
		'  *        q',
	));
});

test('the lane of a parent that is not shown runs on, beside further lines of text too', t => {
	const [row] = renderGraph(layoutGraph([{id: 'b', parents: ['a', 'x']}]));
	t.deepEqual(row!.lines.map(({text}) => text), ['●', '├─╮']);
	t.is(row!.padding.text, '│ │');
});

test('each character knows its lane', t => {
	const [row] = renderGraph(layoutGraph([{id: 'b', parents: ['a', 'x']}]));
	t.deepEqual(row!.lines[1]!.lanes, [0, 1, 1]);
	t.deepEqual(row!.lines[0]!.lanes, [0]);
});

const blank: GraphCell = {
	isCommit: false, isCrossing: false, up: false, down: false, left: false, right: false, lane: undefined, rightLane: undefined,
};
const cellAt = (line: GraphLine | undefined, column: number): GraphCell => line?.cells[column] ?? blank;

/**
Follows a lane down from a commit, as the eye does, to the commits that it leads to; `end` where it leaves the picture.
*/
const follow = (rows: readonly GraphRow[], start: GraphRow): Set<string> => {
	const lines = rows.flatMap(row => row.lines.map(line => ({line, id: row.id})));
	const found = new Set<string>();
	const walk = (index: number, column: number): void => {
		const entry = lines[index];
		if (!entry) {
			found.add('end');
			return;
		}

		const {line, id} = entry;
		const cell = cellAt(line, column);
		if (!cell.up) {
			throw new Error(`a lane breaks off in line ${index}, column ${column}`);
		}

		if (cell.isCommit) {
			found.add(id);
			return;
		}

		if (cell.down) {
			walk(index + 1, column);
		}

		// Lanes come together towards the commit and part from it; where lanes only cross, the eye goes straight on.
		if (line.kind === 'merge-in' && column !== line.lane && !cell.isCrossing) {
			alongTo(index, column, line.lane);
		}

		if (line.kind === 'branch-off' && column === line.lane) {
			for (const side of [-1, 1]) {
				partFrom(index, column, side);
			}
		}
	};

	const alongTo = (index: number, column: number, target: number): void => {
		const side = target < column ? 'left' : 'right';
		let at = column;
		while (at !== target) {
			if (!cellAt(lines[index]!.line, at)[side]) {
				// It ends here by itself: only a lane that came to its end may do so.
				return;
			}

			at += side === 'left' ? -1 : 1;
		}

		if (!cellAt(lines[index]!.line, column).down) {
			walk(index + 1, target);
		}
	};

	const partFrom = (index: number, column: number, side: number): void => {
		const {line} = lines[index]!;
		let at = column;
		while (cellAt(line, at)[side < 0 ? 'left' : 'right']) {
			at += side;
			const cell = cellAt(line, at);
			if (!cell.isCrossing && cell.down) {
				walk(index + 1, at);
			}
		}
	};

	const own = lines.findIndex(({line, id}) => id === start.id && line.kind === 'commit');
	if (cellAt(lines[own]!.line, start.lane).down) {
		walk(own + 1, start.lane);
	}

	return found;
};

/** Any log: sorted as one is, perhaps with only its first commits shown. */
const log = fc.tuple(historyShape(12), fc.func(fc.nat({max: 20})), fc.nat({max: 12})).map(([commits, clock, hidden]) => {
	const sorted = sortNewestFirst(commits.map(commit => ({...commit, time: String(clock(commit.id)).padStart(2, '0')})));
	return sorted.slice(0, Math.max(1, sorted.length - hidden));
});

test('every edge is drawn, and no other', t => {
	fc.assert(fc.property(log, commits => {
		const shown = new Set(commits.map(({id}) => id));
		const rows = layoutGraph(commits);
		t.deepEqual(rows.map(({id}) => id), commits.map(({id}) => id));
		for (const [index, {parents}] of commits.entries()) {
			const expected = new Set(parents.map(parent => shown.has(parent) ? parent : 'end'));
			t.deepEqual([...follow(rows, rows[index]!)].toSorted(), [...expected].toSorted(), draw(commits, false));
		}
	}), {numRuns: 500});
});

test('lanes never collide: what leaves a cell arrives in the next one', t => {
	fc.assert(fc.property(log, commits => {
		const lines = layoutGraph(commits).flatMap(row => row.lines);
		for (const [index, line] of lines.entries()) {
			t.is(line.cells.filter(({isCommit}) => isCommit).length, line.kind === 'commit' ? 1 : 0);
			t.false(cellAt(line, 0).left);
			for (const column of line.cells.keys()) {
				t.is(cellAt(line, column).right, cellAt(line, column + 1).left);
			}

			const below = lines[index + 1];
			const width = below ? Math.max(line.cells.length, below.cells.length) : 0;
			for (let column = 0; column < width; column++) {
				t.is(cellAt(line, column).down, cellAt(below, column).up, draw(commits, false));
			}
		}
	}), {numRuns: 300});
});

test('the text has a character for each piece, and a lane for each character', t => {
	fc.assert(fc.property(log, fc.boolean(), (commits, ascii) => {
		for (const {lines, padding} of renderGraph(layoutGraph(commits), {ascii})) {
			for (const {text, lanes, isCommit} of [...lines, padding]) {
				t.is([...text].length, lanes.length);
				t.is(text, text.trimEnd());
				t.regex(text, ascii ? /^[ *\-\/\\\|]*$/v : /^[ ─│├┤┬┴┼╭╮╯╰●]*$/v);
				t.is(text.includes(ascii ? '*' : '●'), isCommit);
				for (const [index, lane] of lanes.entries()) {
					t.is(lane === undefined, text[index] === ' ', `${text} ${index}`);
				}
			}
		}
	}));
});
