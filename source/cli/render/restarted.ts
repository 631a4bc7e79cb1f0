/**
What was restarted by a verb that changed data, and how long clients had to wait.
*/
import {formatDuration} from '../output/format.ts';

/** The end of a sentence: `; db was ready after 0.52 s`, or nothing. */
export const renderRestart = ({restarted, readyMilliseconds}: {restarted: readonly string[]; readyMilliseconds: number}): string =>
	restarted.length === 0 ? '' : `; ${restarted.join(', ')} ready after ${formatDuration(readyMilliseconds)}`;
