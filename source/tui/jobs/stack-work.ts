/**
What is done with a stack, wherever it is: on this machine by the actions, in this process; on another host by the engine there, as
`coppice -H HOST --stack NAME …` does it. Both give the same result, since a verb prints with `--json` what its action returns.
*/
import {openWorkspace} from '../../actions/workspace/open-workspace.ts';
import type {Workspace} from '../../actions/workspace/workspace.ts';
import type {StackThere} from '../../actions/hosts/verb-there.ts';
import {findHome} from '../../host/home.ts';
import {CoppiceError} from '../../system/errors.ts';
import {isLocal, type StackView, type State} from '../state/state.ts';
import type {JobTools} from './jobs.ts';

export type StackWork<Result> = {
	/** The words of the command line that does the same. */
	readonly words: readonly string[];

	/** Does it here. */
	readonly run: (workspace: Workspace, tools: JobTools) => Promise<Result>;
};

/**
Why no verb can be run on a stack of another host; `undefined` where it can, and for a stack of this machine.
*/
export const verbObstacle = (state: State, stack: StackView): string | undefined => {
	if (isLocal(stack)) {
		return undefined;
	}

	const host = state.hosts.find(({name}) => name === stack.host);
	if (host?.kind === 'pool') {
		return `${stack.host} is another pool of this machine: verbs run in the folder of the project, \`coppice clone ${stack.host} ${stack.name}\` makes one.`;
	}

	if (stack.hasProject === false) {
		return `${stack.host} has only the data of ${stack.name}, without the project that verbs need.`;
	}

	if (host?.role !== undefined) {
		return `${stack.host} gives this key the role ${host.role}, which runs no verbs there.`;
	}

	return host?.status === 'online' ? undefined : host?.problem?.message ?? `The host ${stack.host} can't be reached now.`;
};

/**
How verbs on a stack of another host reach it.

@throws CoppiceError `not-found` where the host was forgotten.
*/
export const placeOf = async (state: State, {host, name}: StackView): Promise<StackThere> => {
	const {readHost} = await import('../../host/host-registry.ts');
	const home = findHome();
	return {
		home, record: await readHost(home, host), stack: name, canStop: state.hosts.find(known => known.name === host)?.isLive === true,
	};
};

/**
Does it, and returns what it gave. What another host has answered is not checked.

@throws CoppiceError as the verb fails; of a stack of another host also where that can't be reached, or lets this key run nothing.
*/
export const workOnStack = async <Result>(state: State, stack: StackView, {words, run}: StackWork<Result>, tools: Partial<JobTools> = {}): Promise<Result> => {
	const {signal = new AbortController().signal, report = () => {}} = tools;
	if (isLocal(stack)) {
		return run(await openWorkspace({directory: stack.folder, report}), {signal, report});
	}

	const obstacle = verbObstacle(state, stack);
	if (obstacle !== undefined) {
		throw new CoppiceError('host', obstacle, {host: stack.host, stack: stack.name});
	}

	const {runVerbThere} = await import('../../actions/hosts/verb-there.ts');
	return await runVerbThere(await placeOf(state, stack), words, {signal, report}) as Result;
};
