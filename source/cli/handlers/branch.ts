/**
Runs `coppice branch`: lists, makes, deletes or renames.
*/
import {
	createBranch,
	deleteBranch,
	listBranches,
	renameBranch,
	type BranchEntry,
} from '../../actions/branch.ts';
import {listRemoteBranches, type RemoteBranch} from '../../actions/remote.ts';
import type {Workspace} from '../../actions/workspace/workspace.ts';
import {CoppiceError} from '../../system/errors.ts';
import {formatBytes, shortId} from '../output/format.ts';
import {renderBranches} from '../render/branches.ts';
import {renderRemoteBranches} from '../render/remote.ts';
import type {Context, Verb} from '../verb.ts';

type Options = {readonly delete?: boolean; readonly move?: boolean; readonly remote?: boolean};

type BranchResult =
	| {readonly did: 'list'; readonly branches: readonly BranchEntry[]}
	| {readonly did: 'remote'; readonly branches: readonly RemoteBranch[]}
	| {readonly did: 'create'; readonly name: string; readonly commit: string; readonly upstream?: {readonly host: string; readonly branch: string}}
	| {readonly did: 'delete'; readonly name: string; readonly kept: string}
	| {readonly did: 'rename'; readonly from: string; readonly to: string};

const confirmDeletion = async (context: Context, workspace: Workspace, name: string): Promise<void> => {
	if (context.globals.yes) {
		return;
	}

	const branches = await listBranches(workspace);
	const entry = branches.find(branch => branch.name === name);

	// One that is not there, or is the current one, is refused by the action, which says why.
	if (entry !== undefined && !entry.current) {
		await context.confirm({
			what: `Deleting branch ${name}`,
			lost: [
				`its live data (${formatBytes(entry.ownBytes)} of their own${entry.changed ? ', with changes that are not committed' : ''})`,
				...entry.commit === null ? [] : [`the name of its tip, ${shortId(entry.commit)}`],
			],
			way: 'The data are kept in a safety commit: `coppice undo` brings the branch back.',
		});
	}
};

const usageError = (message: string, hint: string): CoppiceError => new CoppiceError('usage', message, {hint});

export const verb: Verb<Options, BranchResult> = {
	async run(context, {arguments: words, options}) {
		const [name, second] = words;
		if (options.delete === true && options.move === true) {
			throw usageError('A branch can\'t be deleted and renamed at once.', 'Give `-d` or `-m`.');
		}

		if (options.remote === true) {
			if (name !== undefined || options.delete === true || options.move === true) {
				throw usageError('`--remote` only lists.', 'Make a branch of one with `coppice branch NAME HOST/BRANCH`.');
			}

			return {did: 'remote', branches: await listRemoteBranches(await context.openWorkspace())};
		}

		if (name === undefined) {
			if (options.delete === true || options.move === true) {
				throw usageError('Which branch?', 'Name it after the option.');
			}

			return {did: 'list', branches: await listBranches(await context.openWorkspace())};
		}

		if (second !== undefined && options.delete === true) {
			throw usageError('Only one branch can be deleted at a time.', `Run \`coppice branch -d ${name}\` first.`);
		}

		const workspace = await context.openWorkspace();
		if (options.delete === true) {
			await confirmDeletion(context, workspace, name);
			return {did: 'delete', ...await deleteBranch(workspace, {name})};
		}

		if (options.move === true) {
			const [from, to] = second === undefined ? [await workspace.history.currentBranch(), name] : [name, second];
			await renameBranch(workspace, {from, to});
			return {did: 'rename', from, to};
		}

		return {did: 'create', ...await createBranch(workspace, {name, from: second})};
	},
	render(result, view) {
		switch (result.did) {
			case 'list': {
				return renderBranches(result.branches, view);
			}

			case 'remote': {
				return renderRemoteBranches(result.branches, view);
			}

			case 'create': {
				const {name, commit, upstream} = result;
				return `Made branch ${name} at ${shortId(commit)}${upstream === undefined ? '' : `, which follows ${upstream.host}/${upstream.branch}`}; \`coppice switch ${name}\` goes there.`;
			}

			case 'delete': {
				return `Deleted branch ${result.name}; its data are kept in ${shortId(result.kept)}. \`coppice undo\` brings it back.`;
			}

			case 'rename': {
				return `Renamed branch ${result.from} to ${result.to}.`;
			}
		}
	},
	isData: false,
	toJson(result) {
		if (result.did === 'list' || result.did === 'remote') {
			return result.branches;
		}

		const {did: _did, ...rest} = result;
		return rest;
	},
};
