/**
Trying again: only what may help, and only as long as it may.
*/
import test from 'ava';
import {CoppiceError} from '../../source/system/errors.ts';
import {ToldFailure} from '../../source/transfer/failure.ts';
import {type Attempt, retryTransfer, type RetryWait} from '../../source/transfer/retry.ts';

const lost = () => new CoppiceError('host', 'The connection was lost.');
const quick = {firstWait: 1, longestWait: 4, retries: 3};

const run = async (steps: ReadonlyArray<(attempt: Attempt) => void>, options: {signal?: AbortSignal} = {}) => {
	const waits: RetryWait[] = [];
	let number = 0;
	const result = await retryTransfer(async attempt => {
		const step = steps[number++];
		step?.(attempt);
		return number;
	}, {
		...quick, ...options, onWait(wait) {
			waits.push(wait);
		},
	}).catch((error: unknown) => error);
	return {result, waits, number};
};

const connectThenLose = (attempt: Attempt) => {
	attempt.connected();
	throw lost();
};

const progressTo = (streamBytes: number) => (attempt: Attempt) => {
	attempt.progressed(streamBytes);
	throw lost();
};

test('a lost connection is tried again, and said', async t => {
	const {result, waits} = await run([connectThenLose, connectThenLose]);
	t.is(result, 3);
	t.deepEqual(waits.map(({left, milliseconds}) => [left, milliseconds]), [[3, 1], [2, 2]]);
	t.regex(waits[0]!.message, /^The connection was lost\. Trying again in \d+ s\.$/v);
});

test('a host that can\'t be reached in the first place is an error at once', async t => {
	const {result, number} = await run([() => {
		throw lost();
	}]);
	t.like(result, {code: 'host'});
	t.is(number, 1);
});

test('without progress it gives up; progress begins the counting anew', async t => {
	const fails = await run(Array.from({length: 20}, () => connectThenLose));
	t.like(fails.result, {code: 'host'});
	t.is(fails.number, 4);
	const goes = await run([...Array.from({length: 10}, (_, index) => progressTo(index + 1)), connectThenLose, connectThenLose, progressTo(11)]);
	t.is(goes.result, 14);
});

test('who gets as far each time and no further is given up', async t => {
	for (const streamBytes of [0, 5, Infinity]) {
		const {result, number} = await run(Array.from({length: 50}, () => progressTo(streamBytes)));
		t.like(result, {code: 'host'});
		t.true(number <= 6, `${number} tries at ${streamBytes}`);
	}
});

test('nothing else is tried again, what the other side tells of its own hosts included', async t => {
	for (const error of [
		new CoppiceError('failed', 'No'), new CoppiceError('interrupted', 'No'), new TypeError('No'), new ToldFailure({code: 'host', message: 'No', context: {}}),
	]) {
		const {result, number} = await run([attempt => {
			attempt.progressed(1);
			throw error;
		}]);
		t.is(result, error);
		t.is(number, 1);
	}
});

test('the signal ends the waiting', async t => {
	for (const step of [connectThenLose, progressTo(1)]) {
		const stopping = new AbortController();
		const error = await t.throwsAsync(retryTransfer(async attempt => {
			step(attempt);
		}, {
			firstWait: 1_000_000,
			longestWait: 1_000_000,
			signal: stopping.signal,
			onWait() {
				setImmediate(() => {
					stopping.abort();
				});
			},
		}));
		t.like(error, {code: 'interrupted'});
	}
});
