/**
Runs `coppice fetch`.
*/
import {fetchHost, type FetchOptions, type FetchResult} from '../../actions/fetch.ts';
import {confirmFullOf} from '../confirm-sync.ts';
import {renderFetch} from '../render/sync.ts';
import type {Verb} from '../verb.ts';

type Options = Pick<FetchOptions, 'history' | 'full' | 'limit' | 'prune'>;

export const verb: Verb<Options, FetchResult> = {
	async run(context, {arguments: words, options}) {
		const [host, ...revisions] = words;
		return fetchHost(await context.openWorkspace(), {
			host, revisions, ...options, confirmFull: confirmFullOf(context), signal: context.signal,
		});
	},
	render: renderFetch,
};
