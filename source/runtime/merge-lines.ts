/**
The lines of several logs as one sequence.
*/
import type {LogLine} from './runtime.ts';

/**
Sequences that are in the order of their time, as one that is.

@yields Lines, the oldest first.
*/
export async function * mergeLines(sources: ReadonlyArray<AsyncGenerator<LogLine>>): AsyncGenerator<LogLine> {
	const heads = await Promise.all(sources.map(async source => ({source, next: await source.next()})));
	try {
		for (;;) {
			let first: (typeof heads)[number] | undefined;
			for (const head of heads) {
				if (!head.next.done && (first?.next.done !== false || head.next.value.time < first.next.value.time)) {
					first = head;
				}
			}

			if (first === undefined || first.next.done) {
				return;
			}

			yield first.next.value;
			first.next = await first.source.next();
		}
	} finally {
		await Promise.all(sources.map(async source => source.return(undefined)));
	}
}
