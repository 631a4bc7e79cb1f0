/**
Runs `coppice prune`.
*/
import {prune, type PruneResult} from '../../actions/prune.ts';
import {CoppiceError} from '../../system/errors.ts';
import {formatCount} from '../output/format.ts';
import {renderPrune, renderRemoved} from '../render/prune.ts';
import type {Verb} from '../verb.ts';

type Options = {readonly keep?: string; readonly keepLast?: number; readonly dryRun?: boolean; readonly now?: boolean};

export const verb: Verb<Options, PruneResult> = {
	isData: true,
	async run(context, {arguments: commits, options: {keep, keepLast, dryRun = false, now = false}}) {
		const revisions = commits.length === 0 ? undefined : commits;
		if (revisions !== undefined && (keep !== undefined || keepLast !== undefined)) {
			throw new CoppiceError('usage', 'Commits by name and rules of what to keep can\'t be given at once.', {hint: 'Run `coppice prune` twice.'});
		}

		const wish = {
			keep, keepLast, revisions, now,
		};
		const workspace = await context.openWorkspace();
		if (now && !dryRun && !context.globals.yes) {
			const plan = await prune(workspace, {...wish, dryRun: true});
			await context.confirm({
				what: 'Pruning at once',
				lost: [
					...plan.removed.length === 0 ? [] : renderRemoved(plan.removed, context.view, 0).split('\n'),
					...plan.destroyed === 0 ? [] : [`${formatCount(plan.destroyed, 'snapshot')} in the trash`],
					...plan.removed.length + plan.destroyed === 0 ? ['nothing that could be brought back'] : [],
				],
				way: 'This can\'t be undone.',
			});
		}

		return prune(workspace, {...wish, dryRun});
	},
	render: renderPrune,
};
