/**
`coppice commit`: one instant of all volumes of the stack, with its definition.
*/
import type {StoredCommit} from '../history/commit.ts';
import type {Measure} from '../history/history.ts';
import type {Workspace} from './workspace.ts';

export type CommitOptions = {
	readonly message: string;

	/** Asks the databases for a checkpoint first; true unless told. */
	readonly checkpoint?: boolean;
	readonly signal?: AbortSignal;
};

export type CommitResult = {
	readonly commit: StoredCommit;
	readonly measure: Measure;
	readonly notices: readonly string[];
};

export const commit = async (_workspace: Workspace, _options: CommitOptions): Promise<CommitResult> => {
	throw new Error('Not built yet');
};
