/**
What a small terminal must still say: that one pane is shown, which branch it is of, and how to answer a question.
*/
import {stripVTControlCharacters} from 'node:util';
import test from 'ava';
import {renderToString} from 'ink';
import {createElement as h} from 'react';
import {Screen} from '../../../source/tui/components/app.ts';
import type {Modal, State} from '../../../source/tui/state/state.ts';
import {sampleState, sampleView} from '../sample.ts';

const frame = (state: State): string =>
	stripVTControlCharacters(renderToString(h(Screen, {state, view: sampleView(state)}), {columns: state.terminal.columns}));

const sizes = [[79, 19], [70, 20], [60, 16], [45, 16], [40, 12], [30, 8]] as const;

test('every small terminal is told that it shows one pane, and of which branch', t => {
	for (const [columns, rows] of sizes) {
		const [header] = frame(sampleState({}, {columns, rows})).split('\n', 1);
		t.regex(header!, /one pane/v, `${columns}×${rows}`);
		t.regex(header!, /local › shop › main/v, `${columns}×${rows}`);
	}

	t.regex(frame(sampleState({}, {columns: 60, rows: 16})), /one pane at a time/v);
	t.regex(frame(sampleState({}, {columns: 110, rows: 16})), /one pane at a time, 80×20 shows all/v);
	t.notRegex(frame(sampleState({}, {columns: 80, rows: 20})), /one pane/v);
});

const confirm = (change: Partial<Extract<Modal, {type: 'confirm'}>> = {}): Modal => ({
	type: 'confirm',
	title: 'Reset main of shop to its last commit',
	lost: Array.from({length: 12}, (_, index) => `${index + 1} MiB in volume-${index + 1}`),
	way: 'What is there now is kept as a safety commit: z brings it back, and so does coppice undo.',
	input: {text: '', cursor: 0},
	...change,
});

/** Without edges and line breaks. */
const flat = (drawn: string): string => drawn.replaceAll(/[\u{2500}-\u{257F}]/gv, ' ').replaceAll(/\s+/gv, ' ');

test('a confirmation says what is asked, how to answer, and that there is more, however small the terminal is', t => {
	for (const [columns, rows] of [...sizes, [80, 24], [120, 36]] as const) {
		const at = `${columns}×${rows}`;
		const asked = frame(sampleState({modal: confirm()}, {columns, rows}));
		t.regex(flat(asked), /Reset main of shop to/v, at);
		t.regex(asked, /y: do it {3}(?:esc or )?n: back/v, at);
		const typed = frame(sampleState({modal: confirm({typed: 'shop'})}, {columns, rows}));
		t.regex(flat(typed), /Reset main of shop to/v, at);
		t.regex(flat(typed), /Type shop to confirm:/v, at);
		t.regex(typed, /enter: do it {3}esc: back/v, at);
		for (const drawn of [asked, typed]) {
			const shown = drawn.split('MiB in volume-').length - 1;
			const more = Number(/… (?:and )?(?<count>\d+) more lines?/v.exec(drawn)?.groups!.count ?? 0);
			t.is(shown + more, 12, at);
		}
	}
});

test('where all of it has room, all of it is there', t => {
	const drawn = flat(frame(sampleState({modal: confirm({typed: 'shop'})}, {columns: 100, rows: 40})));
	t.regex(drawn, /What would be lost or changed: .*1 MiB in volume-1 .*12 MiB in volume-12 .*What is there now is kept .*Type shop to confirm:/v);
	t.notRegex(drawn, /more line/v);
});

test('the first thing to give way is what explains', t => {
	const drawn = frame(sampleState({modal: confirm()}, {columns: 40, rows: 12}));
	t.regex(drawn, /1 MiB in volume-1 /v);
	t.regex(drawn, /… and 1?\d more lines/v);
	t.regex(frame(sampleState({modal: confirm({lost: undefined})}, {columns: 30, rows: 8})), /measuring…[\s\S]*y: do it {3}n: back/v);
});
