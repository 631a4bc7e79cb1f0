/**
Frames as ink renders them: what each pane shows of a known state.
*/
import process from 'node:process';
import {stripVTControlCharacters} from 'node:util';
import test from 'ava';
import {renderToString} from 'ink';
import {createElement as h} from 'react';
import {Screen} from '../../../source/tui/components/app.ts';
import {drawGraph} from '../../../source/tui/sources/history-reader.ts';
import {diffKey} from '../../../source/tui/state/select.ts';
import {
	sidePanels,
	tabs,
	type Modal,
	type StackDetail,
	type State,
} from '../../../source/tui/state/state.ts';
import {putDetail} from '../../../source/tui/state/update.ts';
import {inkWidth} from '../ink-width.ts';
import {
	emptyState,
	now,
	sampleCommits,
	sampleStack,
	sampleState,
	sampleView,
} from '../sample.ts';

// What is drawn goes by the clock on the wall.
process.env.TZ = 'UTC';

const frame = (state: State, lines: ReadonlyArray<readonly [string, string]> = []): string => {
	const withLogs = {...state, logRange: {first: 0, end: lines.length}};
	return stripVTControlCharacters(renderToString(h(Screen, {state: withLogs, view: sampleView(withLogs, lines)}), {columns: state.terminal.columns}));
};

const showing = (tab: typeof tabs[number], change: Partial<State> = {}): State => sampleState({
	tabs: {
		stacks: tab, services: tab, branches: tab, commits: tab,
	}, ...change,
});

test('every pane in every size fills the screen exactly', t => {
	for (const [columns, rows] of [[200, 50], [120, 36], [80, 24], [60, 18], [34, 9]] as const) {
		for (const focus of [...sidePanels, 'main'] as const) {
			for (const tab of tabs) {
				for (const zoom of [0, 1, 2] as const) {
					const state = {...showing(tab, {focus, zoom, lastSide: focus === 'main' ? 'services' : focus}), terminal: {columns, rows}};
					const drawn = frame(state, [['db', 'a line that is longer than it should be, and 日本語 in it'.repeat(4)]]).split('\n');
					t.is(drawn.length, rows, `${columns}×${rows} ${focus} ${tab} ${zoom}`);
					// Ink leaves out the blanks at the end of a line: those of the header and of the last two.
					t.deepEqual(drawn.slice(1, -2).filter(line => inkWidth(line) !== columns), []);
					t.deepEqual(drawn.filter(line => inkWidth(line) > columns), []);
				}
			}
		}
	}
});

test('the header says host, stack, branch, and what changed', t => {
	t.regex(frame(sampleState()), /^ coppice local › shop › main {2}changed 13\.4 MiB .*process, btrfs/v);
});

test('where the whole copy is the data\'s own, the header does not give it for what changed', t => {
	const pool = {...sampleStack.detail!.pool, driver: 'directory'};
	t.regex(frame(putDetail(sampleStack.id, {pool})(sampleState())), /^ coppice local › shop › main {2}changed +process, directory/v);
});

test('in a narrow graph the message is cut, not that it is a safety commit', t => {
	t.regex(frame(sampleState({focus: 'commits'}, {columns: 80, rows: 24})), /bbbbbbbb \[safety\] b.*… 2h│/v);
});

test('what is not measured is not called clean, and what was measured a while ago is said with its age', t => {
	const header = (change: Partial<StackDetail>): string => frame(putDetail(sampleStack.id, change)(sampleState())).split('\n', 1)[0]!;
	const overview = (change: Partial<StackDetail>): string => frame(putDetail(sampleStack.id, change)(showing('overview')));
	t.regex(header({changed: undefined}), /shop › main {2}measuring… /v);
	const unknown = overview({changed: undefined});
	t.regex(unknown, /Data +measuring…/v);
	t.regex(unknown, /data measuring…/v);
	t.false(unknown.includes('clean') || unknown.includes('changed, '));
	t.regex(header({changed: false, measuredAt: now - 2000}), /main {2}clean +process/v);
	t.regex(header({changed: false, measuredAt: now - 45_000}), /main {2}clean 40 s ago +process/v);
	t.regex(header({measuredAt: now - 180_000}), /changed 13\.4 MiB 3 minutes ago/v);
	t.regex(overview({changed: false, measuredAt: now - 45_000}), /Data +clean {2}as of 40 s ago/v);
});

test('the stacks panel', t => {
	t.regex(frame(sampleState()), /1 Stacks[^\n]*\n│● local[^\n]*\n│ {2}shop +main\* 1\/2│/v);
});

test('the services panel', t => {
	const drawn = frame(sampleState());
	t.regex(drawn, /│● db ready +:5544→5432│/v);
	t.regex(drawn, /│✗ web failed \(3\) +│/v);
});

test('the branches panel', t => {
	const drawn = frame(sampleState({focus: 'branches'}));
	t.regex(drawn, /│\* main changed +13\.4 MiB 1h│/v);
	t.regex(drawn, /│ {2}dev +3h│/v);
	t.regex(drawn, /│ {2}staging\/main +3h│/v);
});

test('the commits panel is a graph with names', t => {
	const drawn = frame(sampleState({focus: 'commits'}, {columns: 200, rows: 50}));
	t.regex(drawn, /│● aaaaaaaa HEAD \[main\] load the orders of May +1h│/v);
	t.regex(drawn, /││ ● bbbbbbbb \[safety\] before reset main to cccccccc +2h│/v);
	t.regex(drawn, /│├─╯ +│/v);
	t.regex(drawn, /│● cccccccc \[dev\] \[staging\/main\] <v1\.2> commit number 2 +3h│/v);
});

test('the overview of a stack, and of a branch', t => {
	const drawn = frame(showing('overview'));
	for (const text of ['load the orders of May', 'changed, 13.4 MiB of their own', 'z takes back: reset main to cccccccc', 'postgres://postgres@127.0.0.1:5544/shop', 'is failed (exit code 3)', '55.9 GiB free of 93.1 GiB']) {
		t.true(drawn.includes(text));
	}

	t.true(frame(showing('overview', {focus: 'branches', cursors: {[`${sampleStack.id} branches`]: {id: 'dev', index: 1}}})).includes('switch to it'));
});

test('logs of all services, of one, filtered', t => {
	const lines = [['db', 'ready to accept'], ['web', 'ERROR no such table'], ['db', 'checkpoint \u{1B}[31mdone\u{1B}[2J']] as const;
	const all = frame(showing('logs'), lines);
	t.regex(all, /│db {2}ready to accept +│/v);
	t.regex(all, /│web ERROR no such table +│/v);
	t.regex(all, /│db {2}checkpoint done +│/v);
	t.true(all.includes('following'));
	t.true(all.includes('3 of 3 lines'));
	t.regex(frame(showing('logs', {focus: 'services'}), lines.slice(0, 1)), /│ready to accept +│/v);
	t.regex(frame(showing('logs', {logs: {wrap: false, timestamps: true, end: 2}}), lines), /standing still[\s\S]*│web 12:00:01\.000 ERROR/v);
});

test('statistics', t => {
	const drawn = frame(showing('stats', {
		usage: {
			'local:/shop/db': [1, 2, 3].map(cpu => ({
				cpu, memoryBytes: 27_000_000, networkBytes: 0, diskBytes: 4096,
			})),
		},
		measures: {[sampleCommits[0]!.id]: {changedBytes: 4_000_000, changedFiles: 3, volumes: {}}},
	}));
	t.regex(drawn, /CPU.*[▁▂▃▄▅▆▇█] +3\.0 %│/v);
	t.regex(drawn, /memory.*25\.7 MiB│/v);
	t.regex(drawn, /disk.*4 KiB\/s│/v);
	t.regex(drawn, /main +█+ +13\.4 MiB│/v);
	t.regex(drawn, /aaaaaaaa load the orders of May.*3\.81 MiB│/v);
});

test('a commit with what changed in it', t => {
	const state = showing('commit', {focus: 'commits'});
	const key = diffKey(sampleStack.id, {from: sampleCommits[2]!.id, to: sampleCommits[0]!.id});
	const commits = [{...sampleCommits[0]!, parents: [sampleCommits[2]!.id]}, ...sampleCommits.slice(1)];
	const stacks = [{...sampleStack, detail: {...sampleStack.detail!, commits}}];
	const comparing = frame({...state, stacks});
	t.true(comparing.includes('comparing…'));
	const drawn = frame({
		...state,
		stacks,
		diffs: {
			[key]: {
				from: sampleCommits[2]!.id,
				to: sampleCommits[0]!.id,
				volumes: [{
					name: 'data', kind: 'changed', bytes: 12_288, fileCount: 9,
					files: [{path: 'base/1/2', kind: 'modified', bytes: 8192}, {path: 'base/1/3', kind: 'added', bytes: 4096}],
				}],
				definition: [{key: 'services.db.image', from: 'postgres:16', to: 'postgres:17'}],
				drift: [],
			},
		},
	});
	t.true(drawn.includes('what changed since cccccccc'));
	t.regex(drawn, /data {2}changed, 12 KiB in 9 files/v);
	t.regex(drawn, /M base\/1\/2 +8 KiB│/v);
	t.true(drawn.includes('… and 7 more files'));
	t.true(drawn.includes('services.db.image: postgres:16 → postgres:17'));
});

test('the definition', t => {
	const drawn = frame(showing('definition'));
	for (const text of ['/shop/compose.yaml', 'postgres:17', 'data:/var/lib/postgresql/data', 'POSTGRES_PASSWORD']) {
		t.true(drawn.includes(text));
	}
});

test('jobs with progress and exit codes, and the tray', t => {
	const job = {
		title: 'reset main', twin: 'coppice reset', begun: 0, time: '2026-03-01T11:59:00.000Z', notices: [], canCancel: true,
	};
	const drawn = frame(showing('jobs', {
		jobs: [
			{
				...job, id: 3, title: 'pull', status: 'running', step: 'stopping db',
			},
			{
				...job, id: 2, status: 'failed', ended: 1200, exitCode: 5, problem: {message: 'The stack is locked.'},
			},
			{
				...job, id: 1, status: 'done', ended: 700, exitCode: 0,
			},
		],
	}));
	t.regex(drawn, /⠋ 11:59:00 pull {2}stopping db/v);
	t.regex(drawn, /✗ 11:59:00 coppice reset {2}The stack is locked\. +1\.20 s {2}exit 5│/v);
	t.regex(drawn, /✓ 11:59:00 coppice reset +0\.70 s {2}exit 0│/v);
	t.regex(drawn, /\n ⠋ pull {2}stopping db.*X cancels/v);
});

test('an empty host teaches the first step', t => {
	const drawn = frame({...emptyState(), isLoaded: true});
	t.true(drawn.includes('No stacks yet: a makes one'));
	t.true(drawn.includes('take up the compose project of /work'));
});

test('a stack that can\'t be read says why, one that is none yet how to take it up', t => {
	const {detail: _detail, ...bare} = sampleStack;
	t.true(frame(sampleState({stacks: [{...bare, problem: {message: 'The pool is not mounted.', hint: 'Mount it.'}}]})).includes('The pool is not mounted.'));
	t.true(frame(sampleState({stacks: [{...bare, isUntaken: true}]})).includes('takes it up'));
});

test('a host that does not answer is shown with its age, never as empty', t => {
	const drawn = frame(sampleState({
		hosts: [{
			name: 'local', kind: 'local', status: 'online', production: false,
		}, {
			name: 'staging', kind: 'ssh', status: 'stale', seenAt: now - 3_600_000, production: true,
		}],
	}));
	t.regex(drawn, /│○ staging +as of 1 hour ago│/v);
});

const modal = (asked: Modal, change: Partial<State> = {}): string => frame(sampleState({modal: asked, ...change}));

test('a confirmation lists what would be lost, and waits until that is known', t => {
	const input = {text: '', cursor: 0};
	t.true(modal({
		type: 'confirm', title: 'Reset main', way: 'z brings it back.', input,
	}).includes('measuring…'));
	const drawn = modal({
		type: 'confirm', title: 'Reset main', lost: ['14 MB in data since 10:42', '2 commits'], way: 'z brings it back.', typed: 'shop', input,
	});
	for (const text of ['Reset main', '14 MB in data since 10:42', '2 commits', 'z brings it back.', 'Type shop to confirm']) {
		t.true(drawn.includes(text));
	}
});

test('the palette shows keys and the command line', t => {
	const drawn = modal({type: 'palette', input: {text: 'reset branch last', cursor: 17}, index: 0});
	t.regex(drawn, /Reset the current branch to its last commit +R│/v);
	t.true(drawn.includes('$ coppice -C /shop reset'));
	t.regex(modal({type: 'palette', input: {text: 'reset here', cursor: 0}, index: 0}, {stacks: [], selected: undefined}), /There is no stack here yet/v);
});

test('help can be searched', t => {
	const drawn = modal({
		type: 'help', input: {text: 'rename', cursor: 6}, isTyping: true, scroll: 0,
	});
	t.true(drawn.includes('Rename the selected branch'));
	t.false(drawn.includes('Redraw'));
	t.false(drawn.includes('Take the last verb back'));
});

test('prompts and choices', t => {
	t.true(modal({
		type: 'prompt', title: 'New branch', hint: 'from main', input: {text: 'de', cursor: 2}, problem: 'There is a branch de already.',
	}).includes('There is a branch de already.'));
	const drawn = modal({
		type: 'choose', title: 'Which?', choices: [{id: 'a', label: 'first', detail: 'coppice a'}, {id: 'b', label: 'second'}], index: 1,
	});
	t.regex(drawn, /first +coppice a│[\s\S]*second/v);
});

test('the filter is typed in the hint bar', t => {
	t.regex(modal({
		type: 'filter', list: 'branches', input: {text: 'de', cursor: 2}, before: '',
	}), /\n \/de .*enter keeps it/v);
});

test('hints belong to what has the focus', t => {
	t.regex(frame(sampleState({focus: 'branches'})), /\n : actions {2}\? help {2}⏎ switch {2}x delete {2}m rename/v);
	t.regex(frame(sampleState({focus: 'commits'})), /\n : actions {2}\? help {2}⏎ show {2}R reset to it/v);
});

test('a small terminal is told so, a tiny one alone', t => {
	t.true(frame(sampleState({}, {columns: 70, rows: 20})).includes('one pane at a time'));
	t.regex(frame(sampleState({}, {columns: 29, rows: 7})), /^The terminal is too small/v);
});

test('ASCII draws without any other character', t => {
	for (const tab of tabs) {
		const detail = {...sampleStack.detail!, graph: drawGraph(sampleCommits, true)};
		t.notRegex(frame({...showing(tab, {focus: 'services'}), isAscii: true, stacks: [{...sampleStack, detail}]}), /[^\n\u{20}-\u{7E}]/v);
	}
});
