/**
Does something to each value of a sequence, several at once, and gives the results in the order of the values.
*/
import {BoundedQueue} from './bounded-queue.ts';

/**
A result is given as soon as it and those before it are there, also while the next value is still to come.

@yields A result.

@param atOnce - How many are worked on, wait to be taken, or are with whoever took them last, at most; at least 3.
*/
export async function * mapInOrder<Value, Result>(
	values: AsyncIterable<Value>,
	atOnce: number,
	work: (value: Value) => Promise<Result>,
): AsyncGenerator<Result, void, undefined> {
	// Beside those in the queue, one is with whoever takes, and one waits for room.
	const queue = new BoundedQueue<{readonly result: Promise<Result>}>(atOnce - 2);
	const reading = (async () => {
		try {
			for await (const value of values) {
				const result = work(value);
				// Whoever takes hears of it in its turn.
				result.catch(() => {});
				if (!await queue.put({result})) {
					return;
				}
			}

			queue.finish();
		} catch (error) {
			// Those before it come first.
			// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-assertion -- It is unknown what the source throws.
			const result = Promise.reject<Result>(error as Error);
			result.catch(() => {});
			await queue.put({result});
		}
	})();
	for await (const {result} of queue) {
		yield await result;
	}

	await reading;
}
