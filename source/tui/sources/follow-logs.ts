/**
Follows what services log, into the ring. The screen is told a few times a second at most.
*/
import {setTimeout as delay} from 'node:timers/promises';
import type {Runtime} from '../../runtime/runtime.ts';
import type {Store} from '../state/store.ts';
import type {LogRing} from './log-ring.ts';

/** Fifteen frames a second. */
export const frameMilliseconds = 66;

/** The lines of each service that are read from before. */
const tail = 2000;

const retryMilliseconds = 2000;

export type FollowOptions = {readonly store: Store; readonly ring: LogRing; readonly runtime: Pick<Runtime, 'logs'>; readonly signal: AbortSignal};

/**
Until the signal aborts. A log that ends or can't be read is asked for again.
*/
export const followLogs = async ({store, ring, runtime, signal}: FollowOptions): Promise<void> => {
	let timer: NodeJS.Timeout | undefined;
	let since: Date | undefined;
	const tell = (): void => {
		timer ??= setTimeout(() => {
			timer = undefined;
			store.setState(({logVersion}) => ({logVersion: logVersion + 1}));
		}, frameMilliseconds);
	};

	while (!signal.aborted) {
		try {
			for await (const line of runtime.logs({follow: true, signal, ...(since === undefined ? {tail} : {since})})) {
				if (signal.aborted) {
					break;
				}

				ring.push(line);
				since = new Date(Math.max(Date.parse(line.time) + 1, since?.getTime() ?? 0));
				tell();
			}
		} catch {
			// The services' states say what is wrong with them.
		}

		await delay(retryMilliseconds, undefined, {signal}).catch(() => {});
	}

	clearTimeout(timer);
};
