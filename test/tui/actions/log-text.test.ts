import test from 'ava';
import {grepLine, lastLines} from '../../../source/tui/actions/log-text.ts';

test('the newest lines stay, whole, counted in bytes', t => {
	const lines = ['älter\n', 'über\n', 'neu\n'];
	t.deepEqual(lastLines(lines, 10), ['über\n', 'neu\n']);
	t.deepEqual(lastLines(lines, 9), ['neu\n']);
	t.deepEqual(lastLines(lines, 100), lines);
	t.deepEqual(lastLines(lines, 2), ['neu\n']);
	t.deepEqual(lastLines([], 2), []);
});

test('a filter as grep does it', t => {
	t.is(grepLine('Slow query'), 'grep -iF -- \'Slow query\'');
	t.is(grepLine('!/slow|fast/'), 'grep -vP -- \'slow|fast\'');
	t.is(grepLine('/it\'s/i'), String.raw`grep -iP -- 'it'\''s'`);
});
