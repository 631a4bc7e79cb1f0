import {stripVTControlCharacters} from 'node:util';
import test from 'ava';
import {logEntryToJson, renderLog} from '../../../source/cli/render/log.ts';
import {
	colorView,
	idOf,
	logEntry,
	plainView,
} from '../fixtures/samples.ts';

const forked = {
	entries: [
		logEntry('dddd4444', 'On main', {shownParents: [idOf('aaaa1111')], branches: ['main'], head: true}),
		logEntry('cccc3333', 'Elsewhere\n\nMore.', {shownParents: [idOf('aaaa1111')], branches: ['dev'], remoteBranches: ['staging/dev']}),
		logEntry('bbbb2222', 'Before reset', {
			shownParents: [idOf('aaaa1111')], kind: 'safety', measure: undefined, consistency: 'frozen',
		}),
		logEntry('aaaa1111', 'First', {tags: ['v1'], sharedBytes: 2048, ownBytes: 1024}),
	],
	damaged: [],
};

test('one line a commit beside its lane, with names, age, bytes and consistency', t => {
	t.is(renderLog(forked, plainView), `● dddd4444 (HEAD → main) On main  2 hours ago, 1.2 MiB changed, quiesced
│ ● cccc3333 (dev, staging/dev) Elsewhere  2 hours ago, 1.2 MiB changed, quiesced
│ │ ● bbbb2222 Before reset  [safety] 2 hours ago, frozen
├─┴─╯
● aaaa1111 (tag v1) First  2 hours ago, 1.2 MiB changed, 2 KiB shared, 1 KiB own, quiesced`);
});

test('in ASCII', t => {
	const text = renderLog(forked, {...plainView, isAscii: true});
	t.true(text.startsWith('* dddd4444'));
	t.notRegex(text, /[\u{2500}-\u{257F}●]/v);
});

test('a safety commit is dim, and colours change nothing but the looks', t => {
	const text = renderLog(forked, colorView);
	t.true(text.includes('\u{1B}[2mbbbb2222\u{1B}[22m'));
	t.is(stripVTControlCharacters(text), renderLog(forked, plainView));
});

test('no commits, no text', t => {
	t.is(renderLog({entries: [], damaged: []}, plainView), '');
});

test('JSON has what scripts look for, and null for what was not measured', t => {
	t.like(logEntryToJson(forked.entries[3]!), {
		id: idOf('aaaa1111'),
		parents: [],
		time: '2025-03-01T10:00:00.000Z',
		message: 'First',
		tags: ['v1'],
		consistency: 'quiesced',
		changedBytes: 1_258_292,
	});
	t.is(logEntryToJson(forked.entries[2]!).changedBytes, null);
	t.false('definition' in logEntryToJson(forked.entries[0]!));
});
