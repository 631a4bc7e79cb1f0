/**
What goes by the last verb waits until that has ended and was read: typed quickly, `z` would else take back more than the screen has shown.
*/
import {CoppiceError} from '../../system/errors.ts';
import {runningJobs} from '../state/select.ts';
import type {JobView, StackView, State} from '../state/state.ts';
import {commandLine} from './action.ts';

/** Whether a job has ended after the stack was last read. Of a stack that can't be read nothing more is to be waited for. */
const isUnread = ({readAt, problem}: StackView, {time, begun, ended}: JobView): boolean =>
	problem === undefined && readAt !== undefined && ended !== undefined && readAt < Date.parse(time) + ended - begun;

/** Why a verb that goes by the last one can't be run now. */
export const stillBusy = (state: State, stack: StackView, verb: 'undo' | 'redo'): string | undefined => {
	const running = runningJobs(state).find(job => job.stack === stack.id);
	if (running !== undefined) {
		return `${running.title} still runs: ${verb} waits for its end.`;
	}

	const twin = commandLine(state, stack, verb);
	const last = state.jobs.find(job => job.stack === stack.id && job.twin === twin);
	return last !== undefined && isUnread(stack, last) ? `${last.title} has only just ended: what it has changed is still being read.` : undefined;
};

/** @throws CoppiceError `conflict` as `stillBusy` says. */
export const assertFree = (state: State, stack: StackView, verb: 'undo' | 'redo'): void => {
	const obstacle = stillBusy(state, stack, verb);
	if (obstacle !== undefined) {
		throw new CoppiceError('conflict', obstacle, {stack: stack.name});
	}
};
