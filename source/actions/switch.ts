/**
`coppice switch`: attaches the stack's services to another branch. Unsaved changes stay with the branch that is left.
*/
import type {Workspace} from './workspace.ts';

export type SwitchResult = {
	readonly from: string;
	readonly to: string;
	readonly created: boolean;

	/** Services that were stopped and started again. */
	readonly restarted: readonly string[];

	/** Milliseconds until clients could query. */
	readonly readyMilliseconds: number;
};

export const switchBranch = async (_workspace: Workspace, _options: {branch: string; create?: boolean; from?: string; signal?: AbortSignal}): Promise<SwitchResult> => {
	throw new Error('Not built yet');
};
