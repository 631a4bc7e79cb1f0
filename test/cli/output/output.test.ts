import test from 'ava';
import fc from 'fast-check';
import {
	firstLine,
	formatAge,
	formatBytes,
	formatCount,
	formatDuration,
	formatPort,
	printable,
	shortId,
} from '../../../source/cli/output/format.ts';
import {createStyle, shouldColor} from '../../../source/cli/output/style.ts';
import {hasAsciiLocale} from '../../../source/cli/output/view.ts';
import {renderTable} from '../../../source/cli/output/table.ts';
import {idOf, now} from '../fixtures/samples.ts';

test('sizes', t => {
	t.deepEqual([0, 512, 1536, 1_258_292, 3 * (2 ** 30)].map(bytes => formatBytes(bytes)), ['0 B', '512 B', '1.5 KiB', '1.2 MiB', '3 GiB']);
});

test('durations', t => {
	t.deepEqual(
		[0, 42, 99, 100, 523, 5230, 12_340, 59_990, 125_000, 3_840_000].map(milliseconds => formatDuration(milliseconds)),
		['0 ms', '42 ms', '99 ms', '0.10 s', '0.52 s', '5.23 s', '12.3 s', '1 min 0 s', '2 min 5 s', '1 h 4 min'],
	);
});

test('ages', t => {
	const ago = (seconds: number): string => formatAge(new Date(now.getTime() - (seconds * 1000)).toISOString(), now);
	t.deepEqual(
		[0, 59, 60, 7200, 86_400, 8 * 86_400, 40 * 86_400, 800 * 86_400, -120].map(seconds => ago(seconds)),
		['just now', 'just now', '1 minute ago', '2 hours ago', '1 day ago', '1 week ago', '1 month ago', '2 years ago', 'in 2 minutes'],
	);
	t.is(formatAge('yesterday', now), 'yesterday');
});

test('counts and ids', t => {
	t.is(formatCount(1, 'file'), '1 file');
	t.is(formatCount(0, 'file'), '0 files');
	t.is(shortId(idOf('3f2a91c8')), '3f2a91c8');
});

test('ports', t => {
	t.is(formatPort({
		address: '127.0.0.1', published: 5432, target: 5432, protocol: 'tcp',
	}), '127.0.0.1:5432');
	t.is(formatPort({published: 53, target: 5353, protocol: 'udp'}), '53→5353/udp');
	t.is(formatPort({target: 80, protocol: 'tcp'}), '80');
});

test('text of somebody else\'s is one line without control characters', t => {
	t.is(firstLine('  Title\u{1B}[31m red\nbody'), 'Title[31m red');
	fc.assert(fc.property(fc.string({unit: 'binary'}), text => {
		t.notRegex(printable(text), /\p{Control}/v);
	}));
});

test('colour: the command line goes first, then NO_COLOR, then FORCE_COLOR, then the terminal', t => {
	const environment = {TERM: 'xterm'};
	t.true(shouldColor({environment, isTerminal: true}));
	t.false(shouldColor({environment, isTerminal: false}));
	t.false(shouldColor({environment: {...environment, NO_COLOR: '1'}, isTerminal: true}));
	t.true(shouldColor({environment: {...environment, NO_COLOR: ''}, isTerminal: true}), 'an empty NO_COLOR does not count');
	t.false(shouldColor({environment: {...environment, NO_COLOR: '1', FORCE_COLOR: '1'}, isTerminal: true}));
	t.true(shouldColor({environment: {...environment, FORCE_COLOR: '1'}, isTerminal: false}));
	t.false(shouldColor({environment: {...environment, FORCE_COLOR: '0'}, isTerminal: true}));
	t.false(shouldColor({environment: {TERM: 'dumb'}, isTerminal: true}));
	t.true(shouldColor({told: true, environment: {NO_COLOR: '1'}, isTerminal: false}));
	t.false(shouldColor({told: false, environment: {FORCE_COLOR: '1'}, isTerminal: true}));
});

test('a style without colour leaves text as it is', t => {
	t.is(createStyle(false).red('x'), 'x');
	t.is(createStyle(true).red('x'), '\u{1B}[31mx\u{1B}[39m');
	t.is(createStyle(true).red(''), '');
});

test('tables align coloured and wide text', t => {
	const {red} = createStyle(true);
	t.is(renderTable([['a', '1'], ['日本', '22']], {alignRight: [1], indent: 1}), ' a      1\n 日本  22');
	t.is(renderTable([[red('a'), 'b'], ['ccc', 'd']]), `${red('a')}    b\nccc  d`);
});

test('only a locale that is set to something else than UTF-8 is ASCII', t => {
	t.false(hasAsciiLocale({}));
	t.false(hasAsciiLocale({LANG: 'de_DE.UTF-8'}));
	t.true(hasAsciiLocale({LC_ALL: 'C', LANG: 'de_DE.UTF-8'}));
	t.false(hasAsciiLocale({LC_ALL: '', LANG: 'C.utf8'}));
});
