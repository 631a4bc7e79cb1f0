/**
`coppice reset`: makes the live data of the current branch those of a commit. What was there is kept in a safety commit.
*/
import {CoppiceError} from '../system/errors.ts';
import {resolve} from '../history/revision.ts';
import {applyChanges} from './change/apply-changes.ts';
import {exclusively} from './change/transact.ts';
import type {Workspace} from './workspace/workspace.ts';

export type ResetOptions = {
	/** A commit, branch or tag; the tip of the current branch unless told. */
	readonly target?: string;
	readonly signal?: AbortSignal;
};

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

/**
@throws CoppiceError `not-found` when there is no such commit, `precondition` when nothing was committed yet.
*/
export const reset = async (workspace: Workspace, {target = 'HEAD', signal}: ResetOptions = {}): Promise<ResetResult> =>
	exclusively(workspace, 'reset', async () => {
		const {history, stack} = workspace;
		const [branch, branches] = await Promise.all([history.currentBranch(), history.branches()]);
		if (target === 'HEAD' && branches.get(branch) === null) {
			throw new CoppiceError('precondition', `Branch ${branch} of stack ${stack.name} has no commit to reset to.`, {
				stack: stack.name, hint: 'Make one first: `coppice commit -m "…"`.',
			});
		}

		const commit = await resolve(history, target);
		const applied = await applyChanges(workspace, {
			verb: 'reset',
			summary: `reset ${branch} to ${commit.slice(0, 8)}`,
			changes: [{
				type: 'move', branch, to: commit, data: commit,
			}],
		}, {signal});
		return {
			branch, commit, kept: applied.kept[0]!, restarted: applied.restarted, readyMilliseconds: applied.readyMilliseconds,
		};
	}, {signal});
