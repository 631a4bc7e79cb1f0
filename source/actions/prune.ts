/**
`coppice prune`: removes commits by count and age, or by name. They go to the trash, from which `undo` brings them back, and
are destroyed a day later, or at once with `now`.
*/
import type {Workspace} from './workspace.ts';

export type PruneOptions = {
	/** `24h:all,7d:daily,8w:weekly`; parsed by the history. */
	readonly keep?: string;

	/** Keeps at least the last N of each branch. */
	readonly keepLast?: number;

	/** Only these commits. */
	readonly revisions?: readonly string[];
	readonly dryRun?: boolean;

	/** Destroys what is in the trash at once; this can't be undone. */
	readonly now?: boolean;
};

export type PruneResult = {
	readonly removed: ReadonlyArray<{readonly id: string; readonly message: string; readonly time: string; readonly kind: string}>;
	readonly kept: ReadonlyArray<{readonly id: string; readonly why: string}>;

	/** Snapshots destroyed for good. */
	readonly destroyed: number;

	/** Commits in the trash, that `undo` can bring back. */
	readonly inTrash: number;
	readonly dryRun: boolean;
};

export const prune = async (_workspace: Workspace, _options: PruneOptions): Promise<PruneResult> => {
	throw new Error('Not built yet');
};
