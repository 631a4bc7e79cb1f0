/**
Runs `coppice eject`.
*/
import {eject, purgeLoss, type EjectResult} from '../../actions/eject.ts';
import {formatCount} from '../output/format.ts';
import {renderEject} from '../render/eject.ts';
import type {Verb} from '../verb.ts';

type Options = {readonly purge?: boolean};

export const verb: Verb<Options, EjectResult> = {
	async run(context, {options: {purge = false}}) {
		const workspace = await context.openWorkspace();
		if (purge) {
			const {commits, branches, folder} = await purgeLoss(workspace);
			await context.confirm({
				what: `Removing stack ${workspace.stack.name} from the pool`,
				lost: [
					`${formatCount(commits, 'commit')}, safety commits included`,
					`the unsaved data of ${branches.length === 1 ? 'no other branch' : `every branch but the current one (${branches.join(', ')})`}`,
					`everything in ${folder}`,
				],
				way: 'This can\'t be undone.',
			});
		}

		return eject(workspace, {purge, signal: context.signal});
	},
	render: renderEject,
};
