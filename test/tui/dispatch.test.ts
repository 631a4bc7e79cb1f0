/**
Keys, pastes and the mouse against a real store, without a terminal.
*/
import {setImmediate as soon} from 'node:timers/promises';
import test from 'ava';
import {overlayOf} from '../../source/tui/components/modals.ts';
import {paneContent} from '../../source/tui/components/pane.ts';
import {viewOf} from '../../source/tui/components/view.ts';
import {rowText} from '../../source/tui/draw/row.ts';
import {createLogRing} from '../../source/tui/sources/log-ring.ts';
import {createLogView} from '../../source/tui/sources/log-view.ts';
import {dispatch} from '../../source/tui/keys/dispatch.ts';
import {createTokeniser} from '../../source/tui/keys/tokenise.ts';
import {computeLayout} from '../../source/tui/state/layout.ts';
import {activeTab, currentBranch, currentCommit} from '../../source/tui/state/select.ts';
import type {State} from '../../source/tui/state/state.ts';
import {sampleCommits, sampleStack, sampleState} from './sample.ts';
import {withoutTerminal, type WithoutTerminal} from './without-terminal.ts';

const setUp = (change: Partial<State> = {}) => withoutTerminal(sampleState(change));

test('keys move, focus and change tabs', async t => {
	const {type} = setUp();
	t.is(currentCommit(await type('4jj'))?.id, sampleCommits[2]!.id);
	t.is((await type('\t')).focus, 'main');
	t.is(activeTab(await type(']')), 'definition');
	t.is((await type('-')).focus, 'commits');
	t.is((await type('+')).zoom, 1);
	t.is((await type('\u{1B}')).zoom, 0);
});

test('a filter narrows while it is typed; escape brings the old one back', async t => {
	const {type} = setUp();
	const typed = await type('3/dev');
	t.is(typed.filters.branches, 'dev');
	t.is(currentBranch(typed)?.name, 'dev');
	t.is((await type('\r')).modal, undefined);
	t.is((await type('/x\u{1B}')).filters.branches, 'dev');
});

test('the palette finds an action and runs it', async t => {
	const {type} = setUp();
	const state = await type(':zoom\u{1B}');
	t.is(state.modal, undefined);
	t.is((await type(':more room\r')).zoom, 1);
});

test('what can\'t be done says why', async t => {
	const {type} = setUp({stacks: [], selected: undefined});
	t.regex((await type('c')).toast?.text ?? '', /There is no stack here yet/v);
	t.is((await type('c')).modal, undefined);
});

test('a branch name is checked before it is taken', async t => {
	const {type, store} = setUp();
	const {modal} = await type('bdev\r');
	t.true(modal?.type === 'prompt' && modal.problem?.includes('already'));
	const bad = (await type('\u{15}..\r')).modal;
	t.true(bad?.type === 'prompt' && bad.problem?.includes('Letters'));
	await type('\u{1B}');
	t.is(store.getState().modal, undefined);
});

test('a paste goes into what is typed, as one line', async t => {
	const {type} = setUp();
	const {modal} = await type('c\u{1B}[200~two\nlines\u{1B}[201~');
	t.true(modal?.type === 'prompt' && modal.input.text === 'two lines');
});

test('nothing is confirmed before it is known what would be lost, and a name has to be typed', async t => {
	const {tools, type, store} = setUp();
	const {promise, resolve} = Promise.withResolvers<readonly string[]>();
	const asked = tools.ask.confirm({
		title: 'Eject', lost: async () => promise, way: 'No way back.', typed: 'shop',
	});
	await type('\r');
	t.is(store.getState().modal?.type, 'confirm');
	resolve(['everything']);
	await soon();
	await type('sho\r');
	t.is(store.getState().modal?.type, 'confirm');
	await type('p\r');
	t.true(await asked);
	t.is(store.getState().modal, undefined);
});

test('no is no', async t => {
	const {tools, type} = setUp();
	const asked = tools.ask.confirm({title: 'Reset', lost: async () => ['data'], way: ''});
	await type('n');
	t.false(await asked);
});

test('the mouse selects, a second click opens, the wheel moves', async t => {
	const {type, store} = setUp();
	const at = (kind: 0 | 64 | 65, column: number, line: number): string => `\u{1B}[<${kind};${column};${line}M`;
	// Line by line from the top: header, frame of the stacks, host, stack.
	await type(at(0, 5, 8));
	t.is(store.getState().focus, 'services');
	await type(at(0, 5, 7));
	t.is(store.getState().focus, 'services');
	await type(at(0, 5, 7));
	t.is(activeTab(store.getState()), 'logs');
	await type(at(0, 5, 13));
	t.is(store.getState().focus, 'branches');
	t.is(currentBranch(store.getState())?.name, 'dev');
	await type(at(65, 5, 13));
	t.is(currentBranch(store.getState())?.name, 'staging/main');
	t.is(sampleStack.detail!.branches.length, 3);
});

test('copying, the mouse toggle, and quitting', async t => {
	const {type, done} = setUp();
	await type('4yMq');
	t.deepEqual(done, [`copy ${sampleCommits[0]!.id}`, 'mouse off', 'quit']);
});

test('help is searched and left', async t => {
	const {type} = setUp();
	const {modal} = await type('?/tag');
	t.true(modal?.type === 'help' && modal.isTyping && modal.input.text === 'tag');
	t.is((await type('\rq')).modal, undefined);
});

test('the end of a scrolled pane is its end', async t => {
	const {type, store} = setUp();
	store.setState({terminal: {columns: 80, rows: 24}});
	await type('0G');
	const most = Object.values(store.getState().scroll)[0]!;
	t.true(Number.isFinite(most));
	await type('k');
	t.is(Object.values(store.getState().scroll)[0], Math.max(0, most - 1));
});

const pageDown = '\u{1B}[6~';

/** What a modal shows, line by line. */
const overlaid = ({store, tools}: Pick<WithoutTerminal, 'store' | 'tools'>): readonly string[] => overlayOf(store.getState(), viewOf(store.getState(), tools))!.lines;

test('help is scrolled to its ends and no further: every key up moves it', async t => {
	const shown = setUp();
	await shown.type('?');
	const top = overlaid(shown);
	await shown.type('G');
	const bottom = overlaid(shown);
	t.notDeepEqual(bottom, top);
	await shown.type(pageDown.repeat(20));
	t.deepEqual(overlaid(shown), bottom);
	await shown.type('k');
	t.deepEqual(overlaid(shown).slice(3, -1), bottom.slice(2, -2), 'one line up');
	await shown.type('g');
	t.deepEqual(overlaid(shown), top);
	await shown.type('\u{1B}[F');
	t.deepEqual(overlaid(shown), bottom);
	await shown.type('\u{1B}[H');
	t.deepEqual(overlaid(shown), top);
});

test('a long message is scrolled to its ends and no further, a short one not at all', async t => {
	const shown = setUp();
	shown.tools.ask.message('What it said', Array.from({length: 90}, (_, index) => `line ${index} ${'of many words '.repeat(index % 3 * 5)}`));
	const top = overlaid(shown);
	await shown.type(pageDown.repeat(40));
	t.true(overlaid(shown).some(line => line.includes('line 89')));
	const bottom = overlaid(shown);
	await shown.type('k');
	t.deepEqual(overlaid(shown).slice(2, -1), bottom.slice(1, -2), 'one line up');
	await shown.type('g');
	t.deepEqual(overlaid(shown), top);
	await shown.type('G');
	t.deepEqual(overlaid(shown), bottom);
	await shown.type('q');
	shown.tools.ask.message('Short', ['all of it']);
	const {modal} = await shown.type('jjG');
	t.true(modal?.type === 'message' && modal.scroll === 0);
});

/** A stack with that many lines in its logs, shown in the main pane; what of them is. */
const withLogs = (texts: readonly string[], change: Partial<State> = {}) => {
	const ring = createLogRing();
	for (const [index, text] of texts.entries()) {
		ring.push({
			service: 'db', text, stream: 'stdout', time: new Date(index * 1000).toISOString(),
		});
	}

	const logs = createLogView(ring);
	logs.update(undefined, '');
	const shown = setUp({
		focus: 'main', lastSide: 'stacks', tabs: {...sampleState().tabs, stacks: 'logs'}, logRange: {first: logs.first, end: logs.end}, ...change,
	});
	const tools = {...shown.tools, logs};
	const box = computeLayout(shown.store.getState()).boxes.find(({panel}) => panel === 'main')!;
	return {
		...shown,
		room: box.height - 2,
		async type(text: string) {
			const tokeniser = createTokeniser();
			for (const token of [...tokeniser.feed(text), ...tokeniser.flush()]) {
				dispatch(token, tools);
				await soon();
			}
		},
		rows: () => paneContent(shown.store.getState(), viewOf(shown.store.getState(), tools), box).rows.map(line => rowText(line)),
	};
};

test('the beginning of the logs is a page of them', async t => {
	const {type, rows, room, store} = withLogs(Array.from({length: 500}, (_, index) => `line ${index}`));
	await type('g');
	t.is(rows().length, room);
	t.regex(rows()[0]!, /line 0$/v);
	await type('kkk\u{1B}[5~\u{1B}[<64;100;10M');
	t.regex(rows()[0]!, /line 0$/v, 'there is nothing above');
	t.is(rows().length, room);
	await type('j');
	t.regex(rows()[0]!, /line 1$/v);
	await type('G');
	t.is(store.getState().logs.end, undefined);
	t.regex(rows().at(-1)!, /line 499$/v);
});

test('the wheel stops there too, and few lines are all of them', async t => {
	const many = withLogs(Array.from({length: 60}, (_, index) => `line ${index}`));
	await many.type('\u{1B}[<64;100;10M'.repeat(40));
	t.is(many.rows().length, many.room);
	t.regex(many.rows()[0]!, /line 0$/v);
	const few = withLogs(['one', 'two', 'three']);
	await few.type('gk');
	t.is(few.rows().length, 3);
});

test('where long lines are wrapped, the beginning of the logs begins with its first line', async t => {
	const {type, rows, room} = withLogs(Array.from({length: 500}, (_, index) => `line ${index} ${'x'.repeat(200)}`), {logs: {wrap: true, timestamps: false}});
	await type('g');
	t.regex(rows()[0]!, /line 0 x/v);
	t.true(rows().length > room - 4 && rows().length <= room);
});
