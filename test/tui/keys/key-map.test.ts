import test from 'ava';
import {CoppiceError} from '../../../source/system/errors.ts';
import {actions, findActionById} from '../../../source/tui/actions/index.ts';
import {
	activeContexts,
	findAction,
	keysOf,
	normaliseKey,
	remap,
	showKey,
	usualBindings,
} from '../../../source/tui/keys/key-map.ts';
import {emptyState, sampleState} from '../sample.ts';

test('every key leads to an action that is there', t => {
	for (const {action} of usualBindings) {
		t.truthy(findActionById(action), action);
	}

	t.is(new Set(actions.map(({id}) => id)).size, actions.length);
});

test('a key does one thing in a context', t => {
	const seen = usualBindings.flatMap(({context, keys}) => keys.map(key => `${context} ${key}`));
	t.deepEqual(seen.filter((key, index) => seen.indexOf(key) !== index), []);
});

test('what an action says of itself can be asked in any state', t => {
	for (const state of [emptyState(), sampleState(), sampleState({stacks: [], selected: undefined}), sampleState({focus: 'branches'}), sampleState({focus: 'services'})]) {
		for (const {id, obstacle, twin} of actions) {
			t.notThrows(() => obstacle?.(state), id);
			t.notThrows(() => twin?.(state), id);
		}
	}
});

test('the nearest context wins', t => {
	t.is(findAction(usualBindings, activeContexts('branches', 'overview'), 'R'), 'reset.here');
	t.is(findAction(usualBindings, activeContexts('stacks', 'overview'), 'R'), 'reset');
	t.is(findAction(usualBindings, activeContexts('main', 'logs'), 'f'), 'logs.follow');
	t.is(findAction(usualBindings, activeContexts('stacks', 'logs'), 'f'), 'fetch');
	t.is(findAction(usualBindings, activeContexts('main', 'transfers'), 'x'), 'transfer.cancel');
	t.is(findAction(usualBindings, activeContexts('main', 'overview'), 'x'), undefined);
});

test('keys as people write them', t => {
	t.deepEqual(['Ctrl+D', '<esc>', 'Shift-Tab', 'G', 'PgDn', '-', '+', 'alt-x', 'C-s'].map(key => normaliseKey(key)), ['ctrl-d', 'escape', 'shift-tab', 'G', 'pagedown', '-', '+', 'alt-x', 'ctrl-s']);
});

test('the user\'s keys replace the usual ones, and are taken from what had them', t => {
	const mapped = remap(usualBindings, {undo: ['Ctrl+U', 'z'], 'branches:branch.delete': 'd', redo: []});
	t.deepEqual(keysOf(mapped, 'undo'), ['ctrl-u', 'z']);
	t.false(keysOf(mapped, 'move.pageUp').includes('ctrl-u'));
	t.is(findAction(mapped, activeContexts('branches', 'overview'), 'd'), 'branch.delete');
	t.is(findAction(mapped, activeContexts('commits', 'overview'), 'd'), 'diff.here');
	t.deepEqual(keysOf(mapped, 'redo'), []);
});

test('an action that is not there is an error', t => {
	const error = t.throws(() => remap(usualBindings, {'no.such': 'x'}), {instanceOf: CoppiceError});
	t.is(error.code, 'usage');
	t.regex(error.message, /no\.such/v);
});

test('keys as they are shown', t => {
	t.deepEqual(['ctrl-d', 'enter', 'j', 'alt-x', 'shift-tab', '-'].map(key => showKey(key)), ['^d', '⏎', 'j', 'alt-x', 'shift-tab', '-']);
	t.is(showKey('enter', true), 'enter');
});
