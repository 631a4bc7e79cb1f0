import test from 'ava';
import {
	dataMark,
	keepCounts,
	measuredAge,
	withCounts,
	withLiveData,
} from '../../../source/tui/state/data-state.ts';
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

test('what was counted of branches holds while their tips do, and of the current one while its data may', t => {
	const {branches} = sampleStack.detail!;
	const read = branches.map(({changed: _changed, ownBytes: _own, sharedBytes: _shared, ...rest}) => rest);
	const counted = branches.map((branch, index) => ({...branch, changed: false, ownBytes: index}));
	t.deepEqual(keepCounts(read, counted, false).map(({ownBytes}) => ownBytes), [0, 1, 2]);
	t.deepEqual(keepCounts(read, counted, true).map(({ownBytes}) => ownBytes), [undefined, 1, 2]);
	t.is(keepCounts(read, counted, true)[0]!.changed, undefined);
	t.is(keepCounts(read.map(branch => ({...branch, tip: null})), counted, false)[1]!.ownBytes, undefined);
});

test('a count says nothing else of the current branch than its measurement', t => {
	const {branches} = sampleStack.detail!;
	const counted = branches.map(({name}) => ({
		name, changed: false, ownBytes: 7, sharedBytes: 8,
	}));
	t.deepEqual(withCounts(branches, counted, true).map(({ownBytes}) => ownBytes), [14_000_000, 7, undefined]);
	t.deepEqual(withCounts(branches, counted, false).map(({ownBytes}) => ownBytes), [7, 7, undefined]);
});

test('the live data are those of the current branch', t => {
	const [main, dev] = withLiveData(sampleStack.detail!.branches, [
		{changed: false, ownBytes: 1, sharedBytes: 10}, {changed: true, ownBytes: 2, sharedBytes: 20},
	]);
	t.like(main, {
		name: 'main', changed: true, ownBytes: 3, sharedBytes: 30,
	});
	t.is(dev!.ownBytes, undefined);
});
