/**
What is said of the main pane while it has the focus: where the cursor goes, what scrolling brings, what is logged.
*/
import test from 'ava';
import type {Transfer} from '../../../source/actions/transfers.ts';
import {usualBindings} from '../../../source/tui/keys/key-map.ts';
import {announce} from '../../../source/tui/plain/announce.ts';
import {createLogRing} from '../../../source/tui/sources/log-ring.ts';
import {createLogView} from '../../../source/tui/sources/log-view.ts';
import {
	move,
	moveToEnd,
	scrollMain,
	setFilter,
} from '../../../source/tui/state/update.ts';
import type {JobView, State, Tab} from '../../../source/tui/state/state.ts';
import {now, sampleState} from '../sample.ts';

const at = (tab: Tab, change: Partial<State> = {}): State => sampleState({
	focus: 'main',
	lastSide: 'stacks',
	tabs: {
		stacks: tab, services: tab, branches: tab, commits: tab,
	},
	...change,
}, {columns: 120, rows: 24});

const withLogs = (count: number) => {
	const ring = createLogRing();
	const logs = createLogView(ring);
	const log = (from: number, to: number): void => {
		for (let number = from; number < to; number++) {
			ring.push({
				service: 'db', text: `line ${number}`, stream: 'stdout', time: new Date(now).toISOString(),
			});
		}

		logs.update(undefined, '');
	};

	log(0, count);
	return {log, parts: {bindings: usualBindings, logs}};
};

const {parts: quiet} = withLogs(0);

test('moving in the jobs says the one under the cursor', t => {
	const job = (id: number): JobView => ({
		id, title: `job ${id}`, twin: `coppice job-${id}`, status: 'done', begun: 0, ended: 700, exitCode: 0, time: new Date(now).toISOString(), notices: [], canCancel: false,
	});
	const state = at('jobs', {jobs: [job(2), job(1)]});
	const said = announce(state, move(1)(state), quiet);
	t.is(said.length, 1);
	t.regex(said[0]!, /coppice job-1 0\.70 s exit 0$/v);
	t.regex(announce(move(1)(state), state, quiet)[0]!, /coppice job-2/v);
	t.regex(announce(state, setFilter('jobs', 'job-1')(state), quiet)[0]!, /coppice job-1/v);
});

test('moving in the transfers says the one under the cursor', t => {
	const transfer = (id: string): Transfer => ({
		version: 1, id, verb: 'pull', host: 'staging', stack: 'shop', command: ['pull', 'staging'], directory: '/shop', processId: 1, startTime: 1, boot: 'boot', begun: new Date(now).toISOString(), updated: new Date(now).toISOString(), state: 'done', rate: 0, volumes: [],
	});
	const state = at('transfers', {transfers: [transfer('aaaaaaaa'), transfer('bbbbbbbb')]});
	const said = announce(state, move(1)(state), quiet);
	t.is(said.length, 1);
	t.regex(said[0]!, /bbbbbbbb pull shop from staging/v);
});

test('scrolling says the lines that it brings into sight', t => {
	const state = at('overview', {terminal: {columns: 120, rows: 20}});
	const [line, ...others] = announce(state, scrollMain(1)(state), quiet);
	t.truthy(line);
	t.deepEqual(others, []);
	const down = scrollMain(1)(state);
	t.deepEqual(announce(down, state, quiet), ['Stack shop /shop']);
	t.deepEqual(announce(state, {...state, now: state.now + 1000}, quiet), []);
});

test('new lines are said where the logs follow, the last of them where there are many', t => {
	const {log, parts} = withLogs(3);
	const state = at('logs', {logRange: {first: 0, end: 3}});
	log(3, 5);
	const next = {...state, logRange: {first: 0, end: 5}};
	t.deepEqual(announce(state, next, parts), ['db: line 3', 'db: line 4']);
	t.deepEqual(announce({...state, focus: 'services'}, {...next, focus: 'services'}, parts), []);
	t.deepEqual(announce({...state, logs: {...state.logs, end: 2}}, {...next, logs: {...state.logs, end: 2}}, parts), []);
	log(5, 105);
	const flood = announce(next, {...state, logRange: {first: 0, end: 105}}, parts);
	t.is(flood[0], '80 more lines before these.');
	t.deepEqual(flood.slice(1), Array.from({length: 20}, (_, index) => `db: line ${85 + index}`));
});

test('going back in the logs says the lines that come into sight', t => {
	const {parts} = withLogs(100);
	const state = at('logs', {logRange: {first: 0, end: 100}});
	// Of 24 lines, header, tray, hints and two edges leave 19.
	const back = scrollMain(-2)(state);
	t.deepEqual(announce(state, back, parts), ['db: line 79', 'db: line 80']);
	t.deepEqual(announce(back, moveToEnd('last')(back), parts), ['db: line 98', 'db: line 99']);
});
