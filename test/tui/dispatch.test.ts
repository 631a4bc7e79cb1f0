/**
Keys, pastes and the mouse against a real store, without a terminal.
*/
import {setImmediate as soon} from 'node:timers/promises';
import test from 'ava';
import {activeTab, currentBranch, currentCommit} from '../../source/tui/state/select.ts';
import type {State} from '../../source/tui/state/state.ts';
import {sampleCommits, sampleStack, sampleState} from './sample.ts';
import {withoutTerminal} from './without-terminal.ts';

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
