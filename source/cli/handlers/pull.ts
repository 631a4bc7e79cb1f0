/**
Runs `coppice pull`.
*/
import {pull, type PullOptions, type PullResult} from '../../actions/pull.ts';
import {askDivergenceOf, confirmFullOf} from '../confirm-sync.ts';
import {renderPull} from '../render/sync.ts';
import type {Verb} from '../verb.ts';

type Options = Pick<PullOptions, 'history' | 'full' | 'limit' | 'reset' | 'into'>;

export const verb: Verb<Options, PullResult> = {
	async run(context, {arguments: words, options}) {
		const [host, branch] = words;
		return pull(await context.openWorkspace(), {
			host, branch, ...options, confirmFull: confirmFullOf(context), onDivergence: askDivergenceOf(context), signal: context.signal,
		});
	},
	render: renderPull,
};
