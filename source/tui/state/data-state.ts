/**
What is known of the live data of a stack, and for how long that can be said. Pure.
*/
import {formatAge} from '../../system/format.ts';
import type {StackDetail} from './state.ts';

/** The clock of the screen moves on about this often: what is younger was just measured. */
const recentSeconds = 10;

/**
How long ago the data were measured, where that is a while: services may have written to them since.

@returns `20 s ago`, `2 minutes ago`; `undefined` where they were just measured, or when is not known.
*/
export const measuredAge = ({measuredAt}: Pick<StackDetail, 'measuredAt'>, now: Date): string | undefined => {
	const seconds = measuredAt === undefined ? 0 : (now.getTime() - measuredAt) / 1000;
	if (measuredAt === undefined || seconds < recentSeconds) {
		return undefined;
	}

	return seconds < 60 ? `${Math.floor(seconds / recentSeconds) * recentSeconds} s ago` : formatAge(new Date(measuredAt).toISOString(), now);
};

/**
What a statement about the live data goes by. Where it differs from what it was, a verb may have changed them, and they have to be measured again: a reset
leaves the tip as it is, but can be undone, or has made a safety commit.
*/
export const dataMark = (branch: string | undefined, {head, undo, redo, commits}: Pick<StackDetail, 'head' | 'undo' | 'redo' | 'commits'>): string =>
	JSON.stringify([branch, head, undo, redo, commits.length]);
