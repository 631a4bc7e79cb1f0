/**
`coppice diff`: what differs between two commits, or between a commit and the live data: volumes, files, bytes, definition.
*/
import type {FileChange} from '../storage/driver.ts';
import type {Workspace} from './workspace.ts';

export type VolumeDiff = {
	readonly name: string;
	readonly kind: 'added' | 'removed' | 'changed' | 'same';
	readonly bytes: number;
	readonly fileCount: number;

	/** At most `limit`. */
	readonly files: readonly FileChange[];
};

export type DefinitionChange = {
	/** `services.db.image`, say. */
	readonly key: string;
	readonly from?: string;
	readonly to?: string;
};

export type DiffResult = {
	/** Commit id. */
	readonly from: string;

	/** Commit id, or `null` for the live data of the current branch. */
	readonly to: string | undefined;
	readonly volumes: readonly VolumeDiff[];
	readonly definition: readonly DefinitionChange[];
};

/** Without revisions: HEAD against the live data. With one: that commit against the live data. */
export const diff = async (_workspace: Workspace, _options: {from?: string; to?: string; limit?: number} = {}): Promise<DiffResult> => {
	throw new Error('Not built yet');
};
