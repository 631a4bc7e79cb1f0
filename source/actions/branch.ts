/**
`coppice branch`: lists, makes, deletes and renames branches.
*/
import type {Workspace} from './workspace.ts';

export type BranchEntry = {
	readonly name: string;
	readonly current: boolean;

	/** Tip, `null` before the first commit. */
	readonly commit: string | undefined;
	readonly message?: string;
	readonly time?: string;

	/** Whether its live data differ from its tip. */
	readonly changed: boolean;
	readonly sharedBytes: number;
	readonly ownBytes: number;
};

export const listBranches = async (_workspace: Workspace): Promise<readonly BranchEntry[]> => {
	throw new Error('Not built yet');
};

/** Makes a branch from a commit (the tip of the current branch unless told) or, without any commit yet, from the live data. */
export const createBranch = async (_workspace: Workspace, _options: {name: string; from?: string}): Promise<{readonly name: string; readonly commit: string | undefined}> => {
	throw new Error('Not built yet');
};

/** Its live data are kept in a safety commit. Refused for the current branch. */
export const deleteBranch = async (_workspace: Workspace, _options: {name: string}): Promise<{readonly name: string; readonly kept: string}> => {
	throw new Error('Not built yet');
};

export const renameBranch = async (_workspace: Workspace, _options: {from: string; to: string}): Promise<void> => {
	throw new Error('Not built yet');
};
