/**
`coppice switch`: attaches the stack's services to another branch. Unsaved changes stay with the branch that is left. For one that only another host has, a
branch is made that follows it.
*/
import {CoppiceError} from '../system/errors.ts';
import {checkName} from '../system/names.ts';
import type {Upstream} from '../history/history.ts';
import {applyChanges} from './change/apply-changes.ts';
import {startingPoint, type StartingPoint} from './branch.ts';
import type {Change} from './change/plan-changes.ts';
import {exclusively} from './change/transact.ts';
import {guessRemote} from './sync/follow-remote.ts';
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

	/** The branch of another host that the one that was made follows. */
	readonly upstream?: Upstream;

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

type Target = {
	readonly to: string;

	/** Where the branch is to start, if it is to be made. */
	readonly start?: StartingPoint;
};

const findTarget = async (workspace: Workspace, {branch, create = false, from}: SwitchOptions, branches: ReadonlySet<string>): Promise<Target> => {
	if (create) {
		return {to: branch, start: await startingPoint(workspace, from)};
	}

	if (branches.has(branch)) {
		return {to: branch};
	}

	const {history, stack} = workspace;
	const remoteBranches = await history.remoteBranches();
	const guess = guessRemote(branch, branches, new Set(remoteBranches.keys()));
	if (guess === undefined) {
		throw new CoppiceError('not-found', `There is no branch ${branch} in stack ${stack.name}.`, {
			stack: stack.name,
			hint: `\`coppice switch -c ${branch}\` makes it; \`coppice branch\` lists what is there${remoteBranches.size === 0 ? '' : ', `coppice fetch` what is new on another host'}.`,
		});
	}

	return {to: guess.branch, start: {commit: remoteBranches.get(guess.remote)!, upstream: guess.upstream}};
};

/**
@throws CoppiceError `not-found` when there is no such branch, here or on a host; `conflict` when a branch to create is there; as `guessRemote`.
*/
export const switchBranch = async (workspace: Workspace, options: SwitchOptions): Promise<SwitchResult> =>
	exclusively(workspace, 'switch', async () => {
		const {history} = workspace;
		const {signal} = options;
		checkName('branch', options.branch);
		const [from, branches] = await Promise.all([history.currentBranch(), history.branches()]);
		const {to, start} = await findTarget(workspace, options, new Set(branches.keys()));
		if (start === undefined && from === to) {
			return {
				from, to, created: false, restarted: [], readyMilliseconds: 0,
			};
		}

		const making: readonly Change[] = start === undefined
			? []
			: [{
				type: 'create', branch: to, at: start.commit, data: start.commit,
			}];
		const changes: readonly Change[] = [...making, {type: 'head', to}];

		const {restarted, readyMilliseconds} = await applyChanges(workspace, {
			verb: 'switch', summary: `switch from ${from} to ${start === undefined ? '' : 'new branch '}${to}`, changes,
		}, {signal});
		const upstream = start?.upstream;
		if (start !== undefined) {
			// One that is left of a branch of that name, which is gone, is not meant.
			await history.setUpstream(to, upstream);
		}

		return {
			from, to, created: start !== undefined, ...(upstream !== undefined && {upstream}), restarted, readyMilliseconds,
		};
	}, options);
