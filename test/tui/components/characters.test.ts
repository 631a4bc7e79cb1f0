/**
Names and messages of every script, and emoji, in every pane: no line may be longer or shorter than the screen is wide.
*/
import {stripVTControlCharacters} from 'node:util';
import test from 'ava';
import {renderToString} from 'ink';
import {createElement as h} from 'react';
import {Screen} from '../../../source/tui/components/app.ts';
import {inputPieces} from '../../../source/tui/components/bars.ts';
import {
	sidePanels,
	tabs,
	type State,
} from '../../../source/tui/state/state.ts';
import {inkWidth} from '../ink-width.ts';
import {
	sampleCommits,
	sampleStack,
	sampleState,
	sampleView,
} from '../sample.ts';

const odd = ['✅ ok', 'cafe\u{301} de\u{301}ja\u{300} vu', '⚡⭐❌ three', '👩‍👩‍👧‍👦 a family', '👍🏽 fine', '日本語の表', '🇩🇪 1️⃣ ❤️ हिन्दी ᄀ'];

const commits = sampleCommits.map((commit, index) => ({...commit, message: `${odd[index]!} ${odd.join(' ')}`, branches: commit.branches.map(name => `${name}✅`)}));
const detail = {
	...sampleStack.detail!,
	commits,
	branches: sampleStack.detail!.branches.map((branch, index) => ({...branch, name: `${branch.name}${odd[index]!}`})),
	services: sampleStack.detail!.services.map((service, index) => ({...service, name: odd[index + 2]!})),
	undo: odd.join(' '),
};
const stack = {
	...sampleStack, name: '✅👍🏽e\u{301}', branch: odd[3]!, detail,
};

const linesOf = (state: State): string[] => {
	const logs = odd.map((text, index) => [index % 2 === 0 ? odd[2]! : odd[3]!, `${text} `.repeat(12)] as const);
	const shown = {...state, logRange: {first: 0, end: logs.length}};
	return stripVTControlCharacters(renderToString(h(Screen, {state: shown, view: sampleView(shown, logs)}), {columns: state.terminal.columns})).split('\n');
};

test('whatever is written in it, each line of a pane is as wide as the screen', t => {
	for (const [columns, rows] of [[200, 50], [120, 36], [81, 24], [80, 24], [61, 18], [34, 9]] as const) {
		for (const focus of [...sidePanels, 'main'] as const) {
			for (const tab of tabs) {
				for (const wrap of [false, true]) {
					const lines = linesOf(sampleState({
						focus,
						lastSide: focus === 'main' ? 'services' : focus,
						stacks: [stack],
						selected: stack.id,
						logs: {wrap, timestamps: false},
						tabs: {
							stacks: tab, services: tab, branches: tab, commits: tab,
						},
						measures: Object.fromEntries(commits.map(({id}) => [id, {changedBytes: 4_000_000, changedFiles: 3, volumes: {}}])),
					}, {columns, rows}));
					const at = `${columns}×${rows} ${focus} ${tab}`;
					t.is(lines.length, rows, at);
					// Ink leaves out the blanks at the end of a line: those of the header and of the last two.
					t.deepEqual(lines.slice(1, -2).filter(line => inkWidth(line) !== columns), [], at);
					t.deepEqual(lines.filter(line => inkWidth(line) > columns), [], at);
				}
			}
		}
	}
});

test('a question over the panes leaves their lines as wide as they are', t => {
	const lines = linesOf(sampleState({
		stacks: [stack], selected: stack.id, modal: {
			type: 'confirm', title: odd.join(' '), lost: odd, way: odd.join(' '), typed: odd[0]!, input: {text: odd[3]!, cursor: 0},
		},
	}, {columns: 80, rows: 24}));
	t.true(lines.some(line => line.includes('✅ ok')));
	t.deepEqual(lines.slice(1, -2).filter(line => inkWidth(line) !== 80), []);
});

test('the cursor of what is typed stands on a whole character', t => {
	const family = '👩‍👩‍👧‍👦';
	const text = `a${family}b`;
	const under = (cursor: number): string[] => inputPieces({text, cursor}).map(part => part.text);
	t.deepEqual(under(0), ['', 'a', `${family}b`]);
	t.deepEqual(under(1), ['a', family, 'b']);
	t.deepEqual(under(3), ['a', family, 'b']);
	t.deepEqual(under([...text].length - 1), [`a${family}`, 'b', '']);
	t.deepEqual(under([...text].length), [text, ' ', '']);
});
