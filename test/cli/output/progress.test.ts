import test from 'ava';
import type {ProgressEvent} from '../../../source/actions/progress.ts';
import {createProgress, describeProgress, type ProgressMode} from '../../../source/cli/output/progress.ts';
import {createStyle} from '../../../source/cli/output/style.ts';

const copying = (done: number, total?: number): Extract<ProgressEvent, {type: 'progress'}> => ({
	type: 'progress', task: 'copying data', done, total, unit: 'bytes',
});

const capture = (mode: ProgressMode) => {
	const clock = {now: 0};
	const written: string[] = [];
	const progress = createProgress({
		mode,
		write(text) {
			written.push(text);
		},
		style: createStyle(false),
		columns: 40,
		now: () => clock.now,
	});
	return {clock, written, progress};
};

test('progress says how much, how fast and how long', t => {
	const mebibyte = 2 ** 20;
	t.is(describeProgress(copying(0, 100), 0), 'copying data  0 %  0 B of 100 B');
	t.is(describeProgress(copying(50 * mebibyte, 100 * mebibyte), 5000), 'copying data  50 %  50 MiB of 100 MiB  10 MiB/s  5 s left');
	t.is(describeProgress(copying(100, 100), 1000), 'copying data  100 %  100 B of 100 B  100 B/s');
	t.is(describeProgress(copying(999_999, 1_000_000), 100), 'copying data  99 %  977 KiB of 977 KiB');
	t.is(describeProgress(copying(0, 0), 0), 'copying data  100 %  0 B of 0 B');
	t.is(describeProgress({
		type: 'progress', task: 'loading', done: 3000, unit: 'rows',
	}, 1000), 'loading  3000 rows  3000 rows/s');
});

test('JSON: one line an event, a notice once', t => {
	const {written, progress} = capture('json');
	progress.report({type: 'step', message: 'stopping db'});
	progress.report({type: 'notice', message: 'no reflink here'});
	progress.report({type: 'notice', message: 'no reflink here'});
	progress.report(copying(1, 2));
	progress.stop();
	t.deepEqual(written.map(line => JSON.parse(line) as unknown), [
		{type: 'step', message: 'stopping db'},
		{type: 'notice', message: 'no reflink here'},
		copying(1, 2),
	]);
	t.true(written.every(line => line.endsWith('\n')));
});

test('without a terminal: plain lines, and how far it is every ten seconds', t => {
	const {clock, written, progress} = capture('lines');
	progress.report({type: 'step', message: 'stopping db'});
	progress.report(copying(0, 100));
	clock.now = 5000;
	progress.report(copying(25, 100));
	clock.now = 10_000;
	progress.report(copying(50, 100));
	progress.report({type: 'notice', message: 'slow disk'});
	progress.stop();
	t.deepEqual(written, ['stopping db\n', 'copying data  50 %  50 B of 100 B  5 B/s  10 s left\n', 'note: slow disk\n']);
});

test('quiet: nothing', t => {
	const {written, progress} = capture('quiet');
	progress.report({type: 'step', message: 'stopping db'});
	progress.report({type: 'notice', message: 'slow disk'});
	progress.stop();
	t.deepEqual(written, []);
});

const waitFor = async (condition: () => boolean): Promise<void> => {
	while (!condition()) {
		await new Promise(resolve => {
			setTimeout(resolve, 20);
		});
	}
};

test('a terminal: nothing for a second, then one line that moves, fits and is wiped', async t => {
	const {clock, written, progress} = capture('terminal');
	progress.report({type: 'step', message: 'waiting until db answers, which may take quite some time'});
	clock.now = 900;
	await new Promise(resolve => {
		setTimeout(resolve, 250);
	});
	t.deepEqual(written, []);
	clock.now = 2100;

	// The timer of the line does not keep a program alive: this one does.
	await waitFor(() => written.length > 2);
	t.regex(written[0] ?? '', /^. waiting until db answers/v);
	t.true((written[0] ?? '').length < 40);
	t.is(written[1], '\r\u{1B}[K');
	progress.report({type: 'notice', message: 'slow disk'});
	t.is(written.at(-1), 'note: slow disk\n');
	t.is(written.at(-2), '\r\u{1B}[K');
	progress.stop();
	const count = written.length;
	await new Promise(resolve => {
		setTimeout(resolve, 250);
	});
	t.is(written.length, count);
});
