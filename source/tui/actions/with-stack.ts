/**
Running a verb on the stack that is shown.
*/
import {openWorkspace} from '../../actions/workspace/open-workspace.ts';
import type {Workspace} from '../../actions/workspace/workspace.ts';
import type {JobTools} from '../jobs/jobs.ts';
import {selectedStack} from '../state/select.ts';
import type {JobView, StackView, State} from '../state/state.ts';
import {commandLine, noStack, type Tools} from './action.ts';

/** Why nothing can be done with a stack now. */
export const needsStack = (state: State): string | undefined => {
	const stack = selectedStack(state);
	if (stack === undefined) {
		return noStack;
	}

	return stack.isUntaken ? `${stack.name} is no stack of Coppice yet: \`i\` takes it up.` : undefined;
};

/** Why nothing can be done that needs a commit. */
export const needsCommit = (state: State): string | undefined => {
	const obstacle = needsStack(state);
	if (obstacle !== undefined) {
		return obstacle;
	}

	return selectedStack(state)?.detail?.head === null ? 'Nothing was committed yet: `c` makes the first commit.' : undefined;
};

export type VerbRequest = {
	readonly title: string;

	/** The words of the command line that does the same. */
	readonly words: readonly string[];
	readonly canCancel?: boolean;
	readonly run: (workspace: Workspace, tools: JobTools) => Promise<string | undefined | void>;
};

/** Runs a verb as a job, on a stack opened for it. */
export const runVerb = async ({store, jobs}: Tools, stack: StackView, {title, words, canCancel, run}: VerbRequest): Promise<JobView> => jobs.start({
	title,
	twin: commandLine(store.getState(), stack, ...words),
	stack: stack.id,
	...(canCancel !== undefined && {canCancel}),
	run: async tools => run(await openWorkspace({directory: stack.folder, report: tools.report}), tools),
});
