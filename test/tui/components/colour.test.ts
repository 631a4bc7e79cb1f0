/**
Frames with their colours, as the terminal gets them.
*/
import test from 'ava';
import {renderToString} from 'ink';
import {createElement as h} from 'react';
import {Screen} from '../../../source/tui/components/app.ts';
import {createPaint} from '../../../source/tui/draw/theme.ts';
import type {State} from '../../../source/tui/state/state.ts';
import {
	sampleCommits,
	sampleStack,
	sampleState,
	sampleView,
} from '../sample.ts';

const frame = (theme: State['theme']): string[] => {
	const state = sampleState({theme, focus: 'services', cursors: {[`${sampleStack.id} commits`]: {id: sampleCommits[3]!.id, index: 3}}}, {columns: 200, rows: 50});
	return renderToString(h(Screen, {state, view: sampleView(state)}), {columns: 200}).split('\n');
};

const escape = '\u{1B}[';

/** Each character of a line with the foreground colour that it is drawn in; '' for the terminal's own. */
const coloursOf = (line: string): ReadonlyArray<readonly [string, string]> => {
	let colour = '';
	const [start = '', ...parts] = line.split(escape);
	const coloured = parts.flatMap(part => {
		const end = part.indexOf('m');
		for (const code of part.slice(0, end).split(';')) {
			if (/^(?:0|39)?$/v.test(code)) {
				colour = '';
			} else if (/^[39][0-7]$/v.test(code)) {
				colour = code;
			}
		}

		return [...part.slice(end + 1)].map(character => [character, colour] as const);
	});
	return [...[...start].map(character => [character, ''] as const), ...coloured];
};

/** The text of a line from a word on to its end in the panel, by colours. */
const lineWith = (lines: readonly string[], word: string): ReadonlyArray<readonly [string, string]> =>
	lines.map(line => coloursOf(line)).find(cells => cells.map(([character]) => character).join('').slice(0, 64).includes(word))!;

const colourOf = (cells: ReadonlyArray<readonly [string, string]>, text: string): ReadonlySet<string> => {
	const start = cells.map(([character]) => character).join('').indexOf(text);
	return new Set(cells.slice(start, start + text.length).map(([, colour]) => colour));
};

test('lanes of the graph have a colour each, safety commits are dim', t => {
	const lines = frame('dark');
	const head = lineWith(lines, 'aaaaaaaa');
	t.deepEqual(colourOf(head, '●'), new Set(['36']));
	t.deepEqual(colourOf(head, 'aaaaaaaa'), new Set(['33']));
	t.deepEqual(colourOf(head, '[main]'), new Set(['32']));
	t.deepEqual(colourOf(head, 'load the orders of May'), new Set(['']));
	const safety = lineWith(lines, 'bbbbbbbb');
	// Its sign, its id and its message are dim; the lane that passes by it keeps its colour.
	t.deepEqual(colourOf(safety, '● bbbbbbbb [safety] before reset main'), new Set(['90', '']));
	t.deepEqual(colourOf(safety, '●'), new Set(['90']));
	t.deepEqual(colourOf(safety, 'bbbbbbbb'), new Set(['90']));
	t.deepEqual(colourOf(safety, '[safety]'), new Set(['90']));
	t.deepEqual(colourOf(safety, 'before reset main'), new Set(['90']));
	t.is(safety[1]![0], '│');
	t.is(safety[1]![1], '36');
	// Where two lanes meet, each is in its own.
	const meeting = lineWith(lines, '├─╯');
	t.deepEqual(colourOf(meeting, '├'), new Set(['36']));
	t.deepEqual(colourOf(meeting, '╯'), new Set(['35']));
});

test('on a light ground, edges and what is dim can be seen', t => {
	t.is(createPaint('light')('dim', 'x'), '\u{1B}[90mx\u{1B}[0m');
	t.is(createPaint('light')('border', 'x'), '\u{1B}[90mx\u{1B}[0m');
	// White as a foreground, alone on the ground of the terminal.
	t.deepEqual(frame('light').filter(line => line.includes(`${escape}37m`)), []);
});

test('without colours nothing has one', t => {
	t.true(frame('none').every(line => coloursOf(line).every(([, colour]) => colour === '')));
});
