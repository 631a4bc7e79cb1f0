/**
Running a verb on the stack that is shown.
*/
import {CoppiceError} from '../../system/errors.ts';
import {verbObstacle, workOnStack, type StackWork} from '../jobs/stack-work.ts';
import {selectedStack} from '../state/select.ts';
import {
	isLocal,
	type JobView,
	type StackView,
	type State,
} from '../state/state.ts';
import {commandLine, noStack, type Tools} from './action.ts';

/** Why there is nothing to be shown of a stack. */
export const needsShown = (state: State): string | undefined => {
	const stack = selectedStack(state);
	if (stack === undefined) {
		return noStack;
	}

	return stack.isUntaken ? `${stack.name} is no stack of Coppice yet: \`i\` takes it up.` : undefined;
};

/** Why no verb can be run on a stack now. */
export const needsStack = (state: State): string | undefined => needsShown(state) ?? verbObstacle(state, selectedStack(state)!);

/** Why what is done with the files of a project can't be done here: they are on another machine. */
export const isElsewhere = (state: State): string | undefined => {
	const stack = selectedStack(state);
	return stack === undefined || isLocal(stack) ? undefined : `${stack.name} is on ${stack.host}: that is done there.`;
};

/** Why no verb can be run that is for stacks of this machine alone. */
export const needsLocalStack = (state: State): string | undefined => needsShown(state) ?? isElsewhere(state);

/** Why nothing can be shown or done that needs a commit. */
export const needsShownCommit = (state: State): string | undefined =>
	needsShown(state) ?? (selectedStack(state)?.detail?.head === null ? 'Nothing was committed yet: `c` makes the first commit.' : undefined);

export const needsCommit = (state: State): string | undefined => needsStack(state) ?? needsShownCommit(state);

export type VerbRequest<Result> = StackWork<Result> & {
	readonly title: string;
	readonly canCancel?: boolean;

	/** What has come of it, as a sentence: the result itself where it is one, unless told. It may be what another host has answered. */
	readonly tell?: (result: Result) => string | undefined;

	/** What else the user should know of it. */
	readonly notices?: (result: Result) => readonly string[];
};

/** A result of another host that is not what the verb gives here is none. */
const readResult = <Result, Read>(stack: StackView, result: Result, read: (result: Result) => Read): Read => {
	try {
		return read(result);
	} catch (error) {
		if (isLocal(stack)) {
			throw error;
		}

		throw new CoppiceError('host', `It was done on ${stack.host}, which answered something that this engine can't read.`, {
			host: stack.host, hint: `Run \`coppice host check ${stack.host}\`: it compares the versions of both sides.`, cause: error,
		});
	}
};

/** Runs a verb as a job, on the stack wherever it is. */
export const runVerb = async <Result>({store, jobs}: Tools, stack: StackView, {
	title, words, canCancel, run, tell, notices,
}: VerbRequest<Result>): Promise<JobView> => jobs.start({
	title: isLocal(stack) ? title : `${title} on ${stack.host}`,
	twin: commandLine(store.getState(), stack, ...words),
	stack: stack.id,
	...(canCancel !== undefined && {canCancel}),
	async run(tools) {
		const result = await workOnStack(store.getState(), stack, {words, run}, tools);

		// The verb there has told its notices by itself.
		for (const message of isLocal(stack) ? notices?.(result) ?? [] : []) {
			tools.report({type: 'notice', message});
		}

		return readResult(stack, result, tell ?? (value => typeof value === 'string' ? value : undefined));
	},
});
