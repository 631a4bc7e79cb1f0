/**
Runs `coppice pull`.
*/
import {pull, type PullOptions, type PullResult} from '../../actions/pull.ts';
import {connectAhead} from '../../actions/sync/connect-ahead.ts';
import {findHome} from '../../host/home.ts';
import {askDivergenceOf, confirmFullOf} from '../confirm-sync.ts';
import {renderPull} from '../render/sync.ts';
import type {Verb} from '../verb.ts';

type Options = Pick<PullOptions, 'history' | 'full' | 'limit' | 'reset' | 'into'>;

export const verb: Verb<Options, PullResult> = {
	async run(context, {arguments: words, options}) {
		const [host, branch] = words;
		await using connection = await connectAhead(findHome(), host);
		return await pull(await context.openWorkspace(), {
			host, connection, branch, ...options, confirmFull: confirmFullOf(context), onDivergence: askDivergenceOf(context), signal: context.signal,
		});
	},
	render: renderPull,
};
