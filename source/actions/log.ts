/**
`coppice log`: the commits of a branch, or of all, newest first.
*/
import type {StoredCommit} from '../history/commit.ts';
import type {Measure} from '../history/history.ts';
import type {Workspace} from './workspace.ts';

export type LogOptions = {
	/** Where to start; the current branch unless told. */
	readonly revision?: string;

	/** All branches, tags and remote branches, and safety commits too. */
	readonly all?: boolean;

	/** At most this many. */
	readonly limit?: number;

	/** Safety commits too. */
	readonly safety?: boolean;

	/** Bytes on disk that only this commit holds: slower. */
	readonly sizes?: boolean;
};

export type LogEntry = StoredCommit & {
	/** Nearest ancestors that are still there: removed commits are passed over. */
	readonly shownParents: readonly string[];
	readonly tags: readonly string[];
	readonly branches: readonly string[];
	readonly remoteBranches: readonly string[];

	/** Whether it is the tip of the current branch. */
	readonly head: boolean;
	readonly measure?: Measure;
};

export type LogResult = {
	readonly entries: readonly LogEntry[];
	readonly damaged: ReadonlyArray<{readonly id: string; readonly reason: string}>;
};

export const log = async (_workspace: Workspace, _options: LogOptions = {}): Promise<LogResult> => {
	throw new Error('Not built yet');
};
