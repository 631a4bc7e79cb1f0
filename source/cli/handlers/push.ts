/**
Runs `coppice push`.
*/
import {push, type PushOptions, type PushResult} from '../../actions/push.ts';
import {connectAhead} from '../../actions/sync/connect-ahead.ts';
import {findHome} from '../../host/home.ts';
import {confirmFullOf, confirmProductionOf} from '../confirm-sync.ts';
import {renderPush} from '../render/sync.ts';
import type {Verb} from '../verb.ts';

type Options = Pick<PushOptions, 'switch' | 'full' | 'limit'>;

export const verb: Verb<Options, PushResult> = {
	async run(context, {arguments: words, options}) {
		const [host, branch] = words;
		await using connection = await connectAhead(findHome(), host);
		return await push(await context.openWorkspace(), {
			host, connection, branch, ...options, confirmFull: confirmFullOf(context), confirmProduction: confirmProductionOf(context), signal: context.signal,
		});
	},
	render: renderPush,
};
