import test from 'ava';
import {dataMark, measuredAge} from '../../../source/tui/state/data-state.ts';
import {now, sampleCommits, sampleStack} from '../sample.ts';

test('the age of what was measured, where it is worth saying', t => {
	const at = (seconds: number) => measuredAge({measuredAt: now - (seconds * 1000)}, new Date(now));
	t.is(measuredAge({}, new Date(now)), undefined);
	t.is(at(-5), undefined, 'measured since the clock of the screen has moved on');
	t.is(at(9), undefined);
	t.is(at(38), '30 s ago');
	t.is(at(150), '2 minutes ago');
});

test('whatever verb may have changed the data leaves another mark', t => {
	const {detail} = sampleStack;
	const mark = dataMark('main', detail!);
	t.is(dataMark('main', {...detail!}), mark);
	for (const other of [
		dataMark('dev', detail!),
		dataMark('main', {...detail!, head: null}),
		dataMark('main', {...detail!, undo: 'switch to dev'}),
		dataMark('main', {...detail!, redo: 'reset'}),
		dataMark('main', {...detail!, commits: sampleCommits.slice(1)}),
	]) {
		t.not(other, mark);
	}
});
