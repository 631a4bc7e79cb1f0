/**
Runs `coppice clone`.
*/
import {clone, type CloneOptions, type CloneResult} from '../../actions/clone.ts';
import {renderClone} from '../render/sync.ts';
import type {Verb} from '../verb.ts';

type Options = Pick<CloneOptions, 'branch' | 'pool' | 'driver' | 'runtime' | 'history' | 'limit'>;

export const verb: Verb<Options, CloneResult> = {
	async run({directory, report, signal}, {arguments: words, options}) {
		const [host = '', stack = '', folder] = words;
		return clone({
			host, stack, folder, directory, ...options, report, signal,
		});
	},
	render: renderClone,
	notices: ({init}) => init.notices,
};
