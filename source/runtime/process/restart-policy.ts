/**
Whether and when a service that has ended by itself is started again. Pure.
*/
import type {RestartPolicy} from '../../stack/stack.ts';

const firstPause = 100;
const longestPause = 60_000;

/** A service that has run this long counts as having started well. */
export const settledMilliseconds = 10_000;

/**
Milliseconds to wait before the next start, or `undefined` when it is to stay ended. Doubles from 0.1 s to a minute, as Docker does.

@param exitCode - `undefined` where it is not known: it then counts as a failure.
@param attempts - Starts by this policy since it last ran well.
*/
export const restartPause = (policy: RestartPolicy, exitCode: number | undefined, attempts: number): number | undefined => {
	const pause = Math.min(firstPause * (2 ** Math.min(attempts, 20)), longestPause);
	switch (policy.name) {
		case 'no': {
			return undefined;
		}

		case 'on-failure': {
			const isLast = policy.maximumRetries !== undefined && attempts >= policy.maximumRetries;
			return exitCode === 0 || isLast ? undefined : pause;
		}

		// Which of the two only differs after a reboot; a stack is brought up again by a verb.
		case 'always':
		case 'unless-stopped': {
			return pause;
		}
	}
};
