/**
Where commits and data of a stack come to or go from on this side: its pool and its history. A stack that is being cloned has no services yet.
*/
import type {Home} from '../../host/home.ts';
import type {History} from '../../history/history.ts';
import type {Pool} from '../../storage/pool.ts';
import {exclusively} from '../change/transact.ts';
import type {Report} from '../progress.ts';
import type {Workspace} from '../workspace/workspace.ts';

export type SyncPlace = {
	readonly home: Home;
	readonly stack: string;
	readonly pool: Pool;
	readonly history: History;
	readonly report: Report;

	/** Runs something short under the stack's lock, after what a crash has left is made whole. Never while data are on their way. */
	readonly exclusively: <Result>(verb: string, run: () => Promise<Result>) => Promise<Result>;
};

/** A transfer that took an hour is not given up for a command that takes a minute. */
export const lockMilliseconds = 60_000;

export const placeOf = (workspace: Workspace, signal?: AbortSignal): SyncPlace => {
	const {home, stack, pool, history, report} = workspace;
	return {
		home,
		stack: stack.name,
		pool,
		history,
		report,
		exclusively: async (verb, run) => exclusively(workspace, verb, run, {signal, waitMilliseconds: lockMilliseconds}),
	};
};
