/**
Tries again when the connection is lost: the transfer then goes on where it was.
*/
import {setTimeout as delay} from 'node:timers/promises';
import pRetry from 'p-retry';
import {isLostConnection} from './failure.ts';
import {interruption, throwIfInterrupted} from './interruption.ts';

export type RetryWait = {
	/** The failure that it tries again after. */
	readonly error: Error;

	/** Until the next try. */
	readonly milliseconds: number;

	/** Tries that are left without any progress, the next one included. */
	readonly left: number;

	/** One sentence for people: "The connection was lost. Trying again in 4 s." */
	readonly message: string;
};

export type RetryOptions = {
	readonly signal?: AbortSignal;
	readonly onWait?: (wait: RetryWait) => void;

	/** Tries after one with progress that may fail one after the other without any; 8 unless told, which takes about two minutes. */
	readonly retries?: number;

	/** Milliseconds before the first of these tries; doubled for each that follows, up to `longestWait`. 1,000 unless told. */
	readonly firstWait?: number;

	/** Milliseconds; 30,000 unless told. */
	readonly longestWait?: number;
};

/** What an attempt says of itself. */
export type Attempt = {
	/** The channel is open: from now on a lost connection is worth another try. */
	readonly connected: () => void;

	/**
	So many bytes of the stream are through for good (frames acknowledged; more than any stream has once all of it is). Counts as connected.
	Where it is more than in any attempt before, counting and waiting start from the beginning: who gets no further is not tried for ever.
	*/
	readonly progressed: (streamBytes: number) => void;
};

const words = (error: Error, milliseconds: number): string => `${error.message} Trying again in ${Math.max(1, Math.round(milliseconds / 1000))} s.`;

/**
Runs an attempt until it is through. Only what `isLostConnection` says is tried again, and only if some attempt has been connected: a host that can't
be reached in the first place is an error at once. The signal ends it at once, also while it waits.

@param attempt - Opens its own channel and closes it, whatever happens; is given the signal by its caller.
@throws What the last attempt threw; CoppiceError `interrupted` by the signal.
*/
export const retryTransfer = async <Result>(attempt: (attempt: Attempt) => Promise<Result>, options: RetryOptions = {}): Promise<Result> => {
	const {signal, onWait, retries = 8, firstWait = 1000, longestWait = 30_000} = options;
	let isConnected = false;
	let hasProgressed = false;
	let furthest = 0;
	const hooks: Attempt = {
		connected() {
			isConnected = true;
		},
		progressed(streamBytes) {
			isConnected = true;
			hasProgressed ||= streamBytes > furthest;
			furthest = Math.max(furthest, streamBytes);
		},
	};
	const isWorthAnother = (error: unknown): error is Error => isConnected && signal?.aborted !== true && isLostConnection(error);
	const isStuck = (error: unknown) => !hasProgressed && isWorthAnother(error);

	// Each series of tries ends with a result, with one that has got further, or for good.
	for (;;) {
		throwIfInterrupted(signal);
		hasProgressed = false;
		try {
			return await pRetry(async () => attempt(hooks), {
				retries,
				minTimeout: firstWait,
				maxTimeout: longestWait,
				factor: 2,
				...(signal !== undefined && {signal}),
				shouldRetry: ({error}) => isStuck(error),
				onFailedAttempt({error, retryDelay, retriesLeft}) {
					if (retriesLeft > 0 && isStuck(error)) {
						onWait?.({
							error, milliseconds: retryDelay, left: retriesLeft, message: words(error, retryDelay),
						});
					}
				},
			});
		} catch (error) {
			if (signal?.aborted === true) {
				throw interruption(signal);
			}

			if (!hasProgressed || retries === 0 || !isWorthAnother(error)) {
				throw error;
			}

			onWait?.({
				error, milliseconds: firstWait, left: retries, message: words(error, firstWait),
			});
			await delay(firstWait, undefined, {...(signal !== undefined && {signal})}).catch(() => {
				throwIfInterrupted(signal);
			});
		}
	}
};
