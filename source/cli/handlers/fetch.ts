/**
Runs `coppice fetch`.
*/
import {fetchHost, type FetchOptions, type FetchResult} from '../../actions/fetch.ts';
import {connectAhead} from '../../actions/sync/connect-ahead.ts';
import {findHome} from '../../host/home.ts';
import {confirmFullOf} from '../confirm-sync.ts';
import {renderFetch} from '../render/sync.ts';
import type {Verb} from '../verb.ts';

type Options = Pick<FetchOptions, 'history' | 'full' | 'limit' | 'prune'>;

export const verb: Verb<Options, FetchResult> = {
	async run(context, {arguments: words, options}) {
		const [host, ...revisions] = words;
		await using connection = await connectAhead(findHome(), host);
		return await fetchHost(await context.openWorkspace(), {
			host, connection, revisions, ...options, confirmFull: confirmFullOf(context), signal: context.signal,
		});
	},
	render: renderFetch,
};
