/**
Runs `coppice log`.
*/
import {log, type LogOptions, type LogResult} from '../../actions/log.ts';
import {shortId} from '../output/format.ts';
import {logEntryToJson, renderLog} from '../render/log.ts';
import type {Verb} from '../verb.ts';

type Options = Pick<LogOptions, 'limit' | 'all' | 'safety' | 'sizes'>;

export const verb: Verb<Options, LogResult> = {
	isData: true,
	async run({openWorkspace}, {arguments: words, options: {limit, all, safety, sizes}}) {
		const [revision] = words;
		return log(await openWorkspace(), {
			revision, limit, all, safety, sizes,
		});
	},
	render: renderLog,
	toJson: ({entries}) => entries.map(entry => logEntryToJson(entry)),
	notices: ({damaged}) => damaged.map(({id, reason}) => `Commit ${shortId(id)} can't be read and is left out: ${reason}`),
};
