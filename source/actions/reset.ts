/**
`coppice reset`: makes the live data of the current branch those of a commit. What was there is kept in a safety commit.
*/
import type {Workspace} from './workspace.ts';

export type ResetResult = {
	readonly branch: string;

	/** The commit that the data are of now. */
	readonly commit: string;

	/** The safety commit that holds what was there. */
	readonly kept: string;
	readonly restarted: readonly string[];

	/** Milliseconds until clients could query. */
	readonly readyMilliseconds: number;
};

export const reset = async (_workspace: Workspace, _options: {target?: string; signal?: AbortSignal} = {}): Promise<ResetResult> => {
	throw new Error('Not built yet');
};
