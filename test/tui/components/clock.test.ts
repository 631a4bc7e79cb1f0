/**
One clock for all that the screen shows, that of the wall: in a zone which is never that of UTC, nor whole hours from it.
*/
import process from 'node:process';
import {stripVTControlCharacters} from 'node:util';
import test from 'ava';
import {renderToString} from 'ink';
import {createElement as h} from 'react';
import {tellResetLoss} from '../../../source/tui/actions/loss.ts';
import {Screen} from '../../../source/tui/components/app.ts';
import {localClock, localTime} from '../../../source/tui/draw/local-time.ts';
import type {State, Tab} from '../../../source/tui/state/state.ts';
import {
	now,
	sampleStack,
	sampleState,
	sampleView,
} from '../sample.ts';

test.before(() => {
	process.env.TZ = 'Asia/Kolkata';
});

const frame = (tab: Tab, change: Partial<State> = {}): string => {
	const state = sampleState({
		tabs: {
			stacks: tab, services: tab, branches: tab, commits: tab,
		}, logRange: {first: 0, end: 1}, ...change,
	});
	return stripVTControlCharacters(renderToString(h(Screen, {state, view: sampleView(state, [['db', 'a line']])}), {columns: state.terminal.columns}));
};

test('times are those of the clock on the wall', t => {
	t.is(localClock('2026-03-01T12:00:01.002Z', 'minutes'), '17:30');
	t.is(localClock('2026-03-01T12:00:01.002Z'), '17:30:01');
	t.is(localClock('2026-03-01T12:00:01.002Z', 'milliseconds'), '17:30:01.002');
	t.is(localClock('never'), '');
	t.is(localTime('2026-03-01T22:00:01.002Z'), '2026-03-02 03:30:01 +05:30');
	t.is(localTime('never'), 'never');
});

test('a commit, a job, a line of a log, and what a confirmation says go by one clock', t => {
	t.regex(frame('commit', {focus: 'commits'}), /Made +2026-03-01 16:30:00 \+05:30 1 hour ago/v);
	t.regex(frame('jobs', {
		jobs: [{
			id: 1, title: 'reset main', twin: 'coppice reset', status: 'done', begun: 0, ended: 10, exitCode: 0, time: '2026-03-01T11:59:00.000Z', notices: [], canCancel: false,
		}],
	}), /✓ 17:29:00 coppice reset/v);
	t.regex(frame('logs', {logs: {wrap: false, timestamps: true}}), /17:30:00\.000 a line/v);
	t.deepEqual(tellResetLoss(sampleStack, 'HEAD', [{
		name: 'data', kind: 'changed', bytes: 2048, fileCount: 3, files: [],
	}], new Date(now)), ['2 KiB in data since 16:30 (1 hour ago), 3 files']);
});
