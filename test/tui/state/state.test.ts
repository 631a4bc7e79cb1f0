import test from 'ava';
import fc from 'fast-check';
import {matcher} from '../../../source/tui/state/filter.ts';
import {boxAt, computeLayout, shareHeight} from '../../../source/tui/state/layout.ts';
import {
	activeTab,
	commitEntries,
	currentBranch,
	currentCommit,
	stackEntries,
} from '../../../source/tui/state/select.ts';
import type {State} from '../../../source/tui/state/state.ts';
import {
	emptyInput,
	inputOf,
	insertText,
	typeKey,
} from '../../../source/tui/state/text-input.ts';
import {
	focusBy,
	focusPanel,
	goBack,
	move,
	moveToEnd,
	putDetail,
	putStacks,
	scrollMain,
	setFilter,
	sortNext,
	tabBy,
	zoomBy,
	type Change,
} from '../../../source/tui/state/update.ts';
import {sampleCommits, sampleStack, sampleState} from '../sample.ts';

const after = (state: State, ...changes: readonly Change[]): State => {
	let next = state;
	for (const change of changes) {
		next = change(next);
	}

	return next;
};

test('panes fill the screen without a gap and without covering each other', t => {
	fc.assert(fc.property(fc.integer({min: 20, max: 250}), fc.integer({min: 5, max: 80}), fc.constantFrom('stacks', 'commits', 'main', 'branches'), fc.constantFrom(0, 1, 2), (columns, rows, focus, zoom) => {
		const state = sampleState({focus, zoom, lastSide: focus === 'main' ? 'commits' : focus}, {columns, rows});
		const layout = computeLayout(state);
		t.is(layout.mode === 'tiny', columns < 30 || rows < 8);
		if (layout.mode === 'tiny') {
			return;
		}

		t.true(layout.boxes.some(({panel}) => panel === focus));
		const cells = layout.boxes.reduce((sum, {width, height}) => sum + (width * height), 0);
		t.is(cells, columns * (rows - 3));
		for (const box of layout.boxes) {
			t.true(box.height >= 3 && box.width >= 10);
			t.is(boxAt(layout, box.column, box.line), box);
			t.is(boxAt(layout, box.column + box.width - 1, box.line + box.height - 1), box);
		}
	}));
});

test('heights are shared by need, the one with the focus first', t => {
	t.deepEqual(shareHeight(30, [2, 3, 3, 100], 0), [4, 5, 5, 16]);
	t.deepEqual(shareHeight(21, [1, 30, 3, 100], 1), [3, 10, 5, 3]);
	t.is(shareHeight(12, [9, 9, 9, 9], 3).reduce((sum, height) => sum + height, 0), 12);
});

test('moving goes through the list and stops at its ends', t => {
	const state = sampleState({focus: 'commits'});
	t.is(currentCommit(state)?.id, sampleCommits[0]!.id);
	t.is(currentCommit(after(state, move(1), move(1)))?.id, sampleCommits[2]!.id);
	t.is(currentCommit(after(state, move(-1)))?.id, sampleCommits[0]!.id);
	t.is(currentCommit(after(state, move(50)))?.id, sampleCommits[3]!.id);
	t.is(currentCommit(after(state, moveToEnd('last'), moveToEnd('first')))?.id, sampleCommits[0]!.id);
});

test('a cursor stays on its entry while the list changes, and near its place when that goes', t => {
	const state = after(sampleState({focus: 'commits'}), move(2));
	const {commits} = sampleStack.detail!;
	const grown = after(state, putDetail(sampleStack.id, {commits: [{...commits[0]!, id: 'e'.repeat(64)}, ...commits]}));
	t.is(currentCommit(grown)?.id, commits[2]!.id);
	const shrunk = after(state, putDetail(sampleStack.id, {commits: [commits[0]!, commits[3]!]}));
	t.is(currentCommit(shrunk)?.id, commits[3]!.id);
});

test('the focus goes round, and the main pane shows what the panel before shows', t => {
	const state = sampleState();
	t.is(after(state, focusBy(1)).focus, 'services');
	t.is(after(state, focusBy(-1)).focus, 'main');
	const main = after(state, focusPanel('commits'), focusPanel('main'));
	t.is(activeTab(main), 'commit');
	t.is(activeTab(after(main, tabBy(1))), 'definition');
	t.is(after(main, goBack()).focus, 'commits');
});

test('each panel remembers its tab', t => {
	const state = after(sampleState(), focusPanel('services'), tabBy(1));
	t.is(activeTab(state), 'stats');
	t.is(activeTab(after(state, focusPanel('stacks'))), 'overview');
	t.is(activeTab(after(state, focusPanel('stacks'), focusPanel('services'))), 'stats');
});

test('back goes out of a filter, then of a zoom', t => {
	const state = after(sampleState({focus: 'branches'}), setFilter('branches', 'dev'), zoomBy(1));
	t.is(currentBranch(state)?.name, 'dev');
	const unfiltered = after(state, goBack());
	t.is(unfiltered.filters.branches, '');
	t.is(unfiltered.zoom, 1);
	t.is(after(unfiltered, goBack()).zoom, 0);
});

test('filters find in names, messages, tags and ids', t => {
	const found = (filter: string): number => commitEntries(sampleState({filters: {commits: filter}})).length;
	t.is(found('orders'), 1);
	t.is(found('v1.2'), 1);
	t.is(found('!safety'), 3);
	t.is(found('cccccc'), 2);
	t.is(found(''), 4);
});

test('a filter is text, an expression, or the opposite of either', t => {
	t.true(matcher('ERR')('an error'));
	t.true(matcher('/^an? /')('an error'));
	t.false(matcher('/^AN/')('an error'));
	t.true(matcher('/^AN/i')('an error'));
	t.false(matcher('!error')('an error'));
	t.true(matcher('/(/')('broken /(/ expression'));
	t.true(matcher('!')('anything'));
});

test('branches are sorted by the next column each time', t => {
	const state = after(sampleState({focus: 'branches'}), sortNext());
	t.is(state.sorts.branches, 'name');
	t.is(after(state, sortNext(), sortNext(), sortNext()).sorts.branches, '');
});

test('logs stand still once they are scrolled, and follow again at the end', t => {
	const state = {...after(sampleState(), focusPanel('services'), focusPanel('main')), logRange: {first: 0, end: 100}};
	const back = after(state, scrollMain(-10));
	t.is(back.logs.end, 90);
	t.is(after({...back, logRange: {first: 0, end: 500}}, scrollMain(-5)).logs.end, 85);
	t.is(after(back, scrollMain(10)).logs.end, undefined);
	t.is(after(back, moveToEnd('first')).logs.end, 1);
	t.is(after(back, moveToEnd('first'), moveToEnd('last')).logs.end, undefined);
});

test('listing the stacks again keeps what is known of them', t => {
	const state = sampleState();
	const {detail: _detail, ...listed} = sampleStack;
	const again = after(state, putStacks([{...listed, branch: 'dev'}, {...listed, id: 'local:/other', name: 'other'}], undefined));
	t.is(again.stacks[0]?.branch, 'dev');
	t.is(again.stacks[0]?.detail, sampleStack.detail);
	t.is(again.selected, sampleStack.id);
	t.deepEqual(stackEntries(again).map(({id}) => id), ['host local', sampleStack.id, 'local:/other']);
	t.is(after(again, putStacks([], undefined)).selected, undefined);
});

test('the stack under the cursor is the one that is shown', t => {
	const {detail: _detail, ...listed} = sampleStack;
	const two = after(sampleState(), putStacks([sampleStack, {...listed, id: 'local:/other', name: 'other'}], undefined));
	t.is(after(two, move(1)).selected, 'local:/other');
	t.is(after(two, move(1), move(-1)).selected, sampleStack.id);
});

test('typing a line', t => {
	const type = (input: typeof emptyInput, ...names: readonly string[]): typeof emptyInput => {
		let typed = input;
		for (const name of names) {
			typed = typeKey(typed, {name, ...([...name].length === 1 && {text: name})}) ?? typed;
		}

		return typed;
	};

	t.is(type(emptyInput, 'a', 'b', 'left', 'c').text, 'acb');
	t.is(type(inputOf('one two  three'), 'ctrl-w').text, 'one two  ');
	t.is(type(inputOf('one'), 'home', 'delete', 'end', 'x').text, 'nex');
	t.is(type(inputOf('one'), 'ctrl-u').text, '');
	t.is(type(inputOf('😀ü'), 'backspace', 'backspace').text, '');
	t.is(insertText(inputOf('a'), 'two\nlines\u{1B}').text, 'atwo lines');
	t.is(typeKey(emptyInput, {name: 'f5'}), undefined);
});
