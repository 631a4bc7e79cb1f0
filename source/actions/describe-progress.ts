/**
How far a countable piece of work is, in words for people.
*/
import {formatBytes, formatCount, formatDuration} from '../system/format.ts';
import type {ProgressEvent} from './progress.ts';

export type Countable = Extract<ProgressEvent, {type: 'progress'}>;

const formatAmount = (amount: number, unit: Countable['unit']): string =>
	unit === 'bytes' ? formatBytes(amount) : formatCount(Math.round(amount), unit.slice(0, -1));

/** Whole seconds, minutes, hours: what is guessed should not look exact. */
export const formatWait = (seconds: number): string => seconds < 60 ? `${seconds} s` : formatDuration(seconds * 1000);

/** Whole percents, 100 only when all is done. */
const percentage = (done: number, total: number): number => done >= total ? 100 : Math.floor(done / total * 100);

/**
How far a countable piece of work is, so many milliseconds after it began: what is done of what, how fast, and how long it will
still take at that rate.
*/
export const describeProgress = (event: Countable, elapsed: number): string => {
	const {
		task, done, total, unit, wireBytes, resumedBytes = 0,
	} = event;
	const parts = total === undefined
		? [task, formatAmount(done, unit)]
		: [task, `${percentage(done, total)} %`, `${formatAmount(done, unit)} of ${formatAmount(total, unit)}`];

	// What an earlier try had brought took no time of this one.
	const fresh = done - resumedBytes;
	const rate = elapsed > 0 ? fresh / (elapsed / 1000) : 0;
	if (elapsed >= 500 && rate > 0) {
		parts.push(`${formatAmount(rate, unit)}/s`);
		if (total !== undefined && total > done) {
			const seconds = Math.max(1, Math.round((total - done) / rate));
			parts.push(`${formatWait(seconds)} left`);
		}
	}

	if (wireBytes !== undefined && wireBytes > 0 && fresh > 0) {
		parts.push(`${formatAmount(wireBytes, unit)} over the line (${(fresh / wireBytes).toFixed(1)} : 1)`);
	}

	return parts.join('  ');
};
