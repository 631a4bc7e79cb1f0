/**
What is shown of transfers, and of how the branches of other hosts stand, of known values.
*/
import {stripVTControlCharacters} from 'node:util';
import test from 'ava';
import {renderToString} from 'ink';
import {createElement as h} from 'react';
import type {RemoteBranch} from '../../../source/actions/remote.ts';
import type {Transfer} from '../../../source/actions/transfers.ts';
import {Screen} from '../../../source/tui/components/app.ts';
import type {State} from '../../../source/tui/state/state.ts';
import {
	now,
	sampleStack,
	sampleState,
	sampleView,
} from '../sample.ts';

const frame = (state: State): string =>
	stripVTControlCharacters(renderToString(h(Screen, {state, view: sampleView(state)}), {columns: state.terminal.columns}));

const transfer = (id: string, change: Partial<Transfer>): Transfer => ({
	version: 1,
	id,
	verb: 'pull',
	host: 'staging',
	stack: 'shop',
	command: ['pull', 'staging', 'main', '--full'],
	directory: '/shop',
	processId: 4711,
	startTime: 1,
	boot: 'boot',
	begun: new Date(now - 120_000).toISOString(),
	updated: new Date(now).toISOString(),
	state: 'running',
	rate: 2_097_152,
	volumes: [{
		volume: 'data', snapshot: 's'.repeat(32), totalBytes: 41_943_040, streamBytes: 10_485_760, wireBytes: 5_242_880, resumedBytes: 0, state: 'running',
	}],
	...change,
});

const transfers = [
	transfer('aaaaaaaa', {}),
	transfer('bbbbbbbb', {state: 'cut', verb: 'push'}),
	transfer('cccccccc', {state: 'failed', message: 'No space is left.'}),
	transfer('dddddddd', {state: 'done', verb: 'fetch'}),
];

const showing = (change: Partial<State> = {}): State => sampleState({
	tabs: {
		stacks: 'transfers', services: 'transfers', branches: 'transfers', commits: 'transfers',
	}, focus: 'main', transfers, ...change,
}, {columns: 180, rows: 36});

test('the tab of transfers: bytes, rate, ratio, remaining time, and what to do about those that stopped', t => {
	const drawn = frame(showing());
	t.regex(drawn, /aaaaaaaa pull shop from staging {2}10 MiB of 40 MiB, 2 MiB\/s, 2\.0 : 1, 15 s left {2}in process 4711 +2 minutes ago/v);
	t.regex(drawn, /○ bbbbbbbb push shop to staging .*cut: v goes on/v);
	t.regex(drawn, /✗ cccccccc pull shop from staging .*No space is left\./v);
	t.regex(drawn, /✓ dddddddd fetch shop from staging {2}10 MiB/v);
	t.regex(drawn, /x cancel.*v go on.*⏎ follow/v);
});

test('one of this program says not that it is another process\'s', t => {
	const job = {
		id: 1, title: 'pull from staging', twin: 'coppice pull staging', status: 'running' as const, begun: 0, time: new Date(now).toISOString(), notices: [], canCancel: true, transfer: 'aaaaaaaa',
	};
	t.false(frame(showing({jobs: [job]})).includes('in process 4711'));
});

test('what runs in another terminal stands in the tray, wherever one is', t => {
	const drawn = frame(sampleState({transfers}, {columns: 160, rows: 36}));
	t.regex(drawn, /pull shop from staging {2}10 MiB of 40 MiB, 2 MiB\/s.*of another terminal, F shows it/v);
	t.false(frame(sampleState({transfers: transfers.slice(1)})).includes('of another terminal'));
});

test('where there are none, it says how there will be', t => {
	const drawn = frame(showing({transfers: []}));
	t.true(drawn.includes('p pulls, P pushes, f fetches, C clones a stack'));
	t.true(drawn.includes('adds a host'));
});

test('a filter narrows them', t => {
	const drawn = frame(showing({filters: {transfers: 'cut'}}));
	t.true(drawn.includes('bbbbbbbb push'));
	t.false(drawn.includes('cccccccc pull'));
});

const remote: RemoteBranch = {
	host: 'staging', name: 'main', commit: 'c'.repeat(64), fetched: 'c'.repeat(64), data: 'elsewhere', ours: 'main', ahead: 2, behind: 1,
};

test('the overview says how the branches of other hosts stand', t => {
	const drift = {
		[sampleStack.id]: [remote, {
			...remote, name: 'dev', ours: 'dev', ahead: 0, behind: 0, data: 'here' as const,
		}],
	};
	const drawn = frame(sampleState({drift}, {columns: 160, rows: 50}));
	t.regex(drawn, /Other hosts.*as last fetched/v);
	t.regex(drawn, /staging\/main {2}main is 2 ahead, 1 behind {2}data only there/v);
	t.regex(drawn, /staging\/dev {2}same as dev/v);
	t.false(frame(sampleState()).includes('Other hosts'));
});

test('a branch of another host says how far it is from ours, and the keys to bring it', t => {
	const drawn = frame(sampleState({
		focus: 'branches', drift: {[sampleStack.id]: [remote]}, cursors: {[`${sampleStack.id} branches`]: {id: 'staging/main', index: 2}},
	}, {columns: 160, rows: 50}));
	t.true(drawn.includes('main is 2 ahead, 1 behind'));
	t.true(drawn.includes('p  pull it'));
});
