/**
`coppice switch`: attaches the stack's services to another branch. Unsaved changes stay with the branch that is left.
*/
import {CoppiceError} from '../system/errors.ts';
import {checkName} from '../system/names.ts';
import {applyChanges} from './change/apply-changes.ts';
import {startingPoint} from './branch.ts';
import type {Change} from './change/plan-changes.ts';
import {exclusively} from './change/transact.ts';
import type {Workspace} from './workspace/workspace.ts';

export type SwitchOptions = {
	readonly branch: string;

	/** Makes the branch first. */
	readonly create?: boolean;

	/** Where a new branch starts; the tip of the current branch unless told. */
	readonly from?: string;
	readonly signal?: AbortSignal;
};

export type SwitchResult = {
	readonly from: string;
	readonly to: string;
	readonly created: boolean;

	/** Services that were stopped and started again. */
	readonly restarted: readonly string[];

	/** Milliseconds until clients could query. */
	readonly readyMilliseconds: number;

	/** With whose definition the services run now, where it is not the compose file's. */
	readonly definition?: {
		/** Id of the commit. */
		readonly commit: string;

		/** Services that run the image of the name, since the one they ran with is not here any more. */
		readonly byName: readonly string[];
	};
};

/**
@throws CoppiceError `not-found` when there is no such branch, `conflict` when a branch to create is there.
*/
export const switchBranch = async (workspace: Workspace, options: SwitchOptions): Promise<SwitchResult> =>
	exclusively(workspace, 'switch', async () => {
		const {history, stack} = workspace;
		const {branch: to, create = false, signal} = options;
		checkName('branch', to);
		const [from, branches] = await Promise.all([history.currentBranch(), history.branches()]);
		if (!create && !branches.has(to)) {
			throw new CoppiceError('not-found', `There is no branch ${to} in stack ${stack.name}.`, {
				stack: stack.name, hint: `\`coppice switch -c ${to}\` makes it; \`coppice branch\` lists what is there.`,
			});
		}

		if (!create && from === to) {
			return {
				from, to, created: false, restarted: [], readyMilliseconds: 0,
			};
		}

		const changes: Change[] = [{type: 'head', to}];
		if (create) {
			const commit = await startingPoint(workspace, options.from);
			changes.unshift({
				type: 'create', branch: to, at: commit, data: commit,
			});
		}

		const applied = await applyChanges(workspace, {
			verb: 'switch', summary: `switch from ${from} to ${create ? 'new branch ' : ''}${to}`, changes,
		}, {signal});
		return {
			from, to, created: create, restarted: applied.restarted, readyMilliseconds: applied.readyMilliseconds,
		};
	}, options);
