/**
Running a verb on the stack that is shown.
*/
import {CoppiceError} from '../../system/errors.ts';
import {verbObstacle, workOnStack, type StackWork} from '../jobs/stack-work.ts';
import type {Confirmation} from '../modals/ask.ts';
import {runningJobs, selectedStack} from '../state/select.ts';
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

	/** What is asked before it is run: what would be lost is measured then. */
	readonly question?: Confirmation;

	/** Whether it takes nothing away and disturbs nobody, on production too: only a commit does not. */
	readonly isHarmless?: boolean;

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

/** The host of a stack, where that is marked as production. */
const productionHost = ({hosts}: State, stack: StackView): string | undefined => hosts.find(({name, production}) => production && name === stack.host)?.name;

/** What is asked on a production host: its name is typed, whatever else would be. */
const askedThere = (host: string, question: Confirmation): Confirmation => ({
	...question, title: `${question.title} on ${host}`, typed: host, isProduction: true,
});

/** What is asked where a verb by itself asks nothing. */
const plainQuestion = (host: string, title: string, twin: string): Confirmation => ({
	title: `${title.slice(0, 1).toUpperCase()}${title.slice(1)}`,
	lost: async () => [`$ ${twin}`],
	way: `${host} is marked as production: what is done there, its users notice.`,
});

/** Asks before what may change something on a production host; elsewhere there is nothing to ask. */
export const confirmOnProduction = async (
	{store, ask}: Tools,
	stack: StackView,
	{title, twin}: Pick<JobView, 'title' | 'twin'>,
): Promise<boolean> => {
	const host = productionHost(store.getState(), stack);
	return host === undefined || ask.confirm(askedThere(host, plainQuestion(host, title, twin)));
};

/** Says that a verb runs already; two of the same are one wish. */
const saysRunning = ({store}: Tools, {id}: StackView, twin: string): boolean => {
	const running = runningJobs(store.getState()).find(job => job.stack === id && job.twin === twin);
	if (running !== undefined) {
		store.setState({toast: {text: `${running.title} still runs: it was not started again.`, kind: 'plain', until: Date.now() + 4000}, now: Date.now()});
	}

	return running !== undefined;
};

/** The stack as it is known now. */
const stackNow = ({store}: Tools, {id, name}: StackView): StackView => {
	const found = store.getState().stacks.find(stack => stack.id === id);
	if (found === undefined) {
		throw new CoppiceError('not-found', `The stack ${name} is not there any more.`, {stack: name});
	}

	return found;
};

/**
Runs a verb as a job, on the stack wherever it is, after what it asks. This is the one place that protects production hosts: there every verb but
the harmless ones has the name of the host typed.

@param wish - The verb, or what makes it of the stack as it is: run again later, it is made, measured and asked anew.
@returns `undefined` where it was not confirmed, or runs already.
*/
export const runVerb = async <Result>(
	tools: Tools,
	stack: StackView,
	wish: VerbRequest<Result> | ((stack: StackView) => VerbRequest<Result>),
): Promise<JobView | undefined> => {
	const {store, jobs, ask} = tools;
	const {
		title, words, canCancel, run, tell, notices, question, isHarmless = false,
	} = typeof wish === 'function' ? wish(stack) : wish;
	const twin = commandLine(store.getState(), stack, ...words);
	if (saysRunning(tools, stack, twin)) {
		return undefined;
	}

	const host = isHarmless ? undefined : productionHost(store.getState(), stack);
	const asked = host === undefined ? question : askedThere(host, question ?? plainQuestion(host, title, twin));
	if (asked !== undefined && (!await ask.confirm(asked) || saysRunning(tools, stack, twin))) {
		return undefined;
	}

	return jobs.start({
		title: isLocal(stack) ? title : `${title} on ${stack.host}`,
		twin,
		stack: stack.id,
		...(canCancel !== undefined && {canCancel}),
		async again() {
			await runVerb(tools, stackNow(tools, stack), wish);
		},
		async run(jobTools) {
			const result = await workOnStack(store.getState(), stack, {words, run}, jobTools);

			// The verb there has told its notices by itself.
			for (const message of isLocal(stack) ? notices?.(result) ?? [] : []) {
				jobTools.report({type: 'notice', message});
			}

			return readResult(stack, result, tell ?? (value => typeof value === 'string' ? value : undefined));
		},
	});
};
