/**
Progress that is told often enough for eyes, not for every piece of work.
*/
import {monotonicNow} from '../system/clock.ts';

/** Milliseconds between two reports. */
const interval = 200;

/**
A function that passes on what it is told at most five times a second; `isLast` always passes.
*/
export const throttleProgress = <Progress>(report: ((progress: Progress) => void) | undefined): ((progress: Progress, isLast?: boolean) => void) => {
	let told = -Infinity;
	return (progress, isLast = false) => {
		const now = monotonicNow();
		if (report === undefined || (!isLast && now - told < interval)) {
			return;
		}

		told = now;
		report(progress);
	};
};
