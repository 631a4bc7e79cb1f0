/**
Brings a folder of this host into the pool as a snapshot of a volume, with a clone staged of it: copied, proven, sealed.
*/
import prettyBytes from 'pretty-bytes';
import {failpoint} from '../../system/failpoint.ts';
import {copyTree} from '../../storage/copy-tree.ts';
import type {TreeHash} from '../../storage/tree-hash.ts';
import type {Step} from '../change/steps.ts';
import type {Workspace} from '../workspace/workspace.ts';

/**
The names that a copy is made under.
*/
export type CopyNames = {
	readonly volume: string;

	/** A branch that nobody has: where it is filled. */
	readonly filling: string;
	readonly snapshot: string;
	readonly staged: string;
};

/**
Takes back whatever part of a copy was made.
*/
export const discardCopy = ({
	volume, filling, snapshot, staged,
}: CopyNames): readonly Step[] => [
	{do: 'unstage', volume, staged},
	{
		do: 'retire', volume, branch: filling, keepAs: snapshot,
	},
	{do: 'discard-snapshot', volume, snapshot},
];

/**
Copies a folder into the pool. What an earlier attempt under these names has left is thrown away first.

@throws CoppiceError as `copyTree`, and of the pool.
*/
export const copyIn = async (
	{pool, stack, report}: Workspace,
	from: string,
	names: CopyNames,
	{signal}: {readonly signal?: AbortSignal | undefined} = {},
): Promise<TreeHash> => {
	const {driver} = pool;
	const {
		volume, filling, snapshot, staged,
	} = names;
	const address = {stack: stack.name, volume};
	await driver.unstage(address, staged);
	await driver.remove(address, snapshot);
	await driver.emptyTrash(address, [snapshot]);
	await driver.createBranch(address, filling);
	failpoint(`made a place for ${volume}`);
	const tree = await copyTree(from, driver.branchData(address, filling), {
		signal,
		onVerified(done) {
			report({
				type: 'progress', task: `verifying ${volume}`, done, unit: 'bytes',
			});
		},
	});
	failpoint(`copied ${volume}`);
	await driver.retire(address, filling, snapshot);
	failpoint(`sealed ${volume}`);
	await driver.stage(address, snapshot, staged);
	failpoint(`staged ${volume}`);
	report({type: 'step', message: `the copy of ${volume} is the same: ${prettyBytes(tree.bytes, {binary: true})} compared`});
	return tree;
};
