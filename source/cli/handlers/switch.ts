/**
Runs `coppice switch`.
*/
import {switchBranch, type SwitchResult} from '../../actions/switch.ts';
import {CoppiceError} from '../../system/errors.ts';
import {renderRestart} from '../render/restarted.ts';
import type {Verb} from '../verb.ts';

type Options = {readonly create?: boolean};

export const verb: Verb<Options, SwitchResult> = {
	async run({openWorkspace, signal}, {arguments: words, options: {create = false}}) {
		const [branch = '', from] = words;
		if (from !== undefined && !create) {
			throw new CoppiceError('usage', `${from} would be the commit to make a branch from, but no branch is to be made.`, {
				hint: `To make it, run \`coppice switch -c ${branch} ${from}\`.`,
			});
		}

		return switchBranch(await openWorkspace(), {
			branch, create, from, signal,
		});
	},
	render: (result, {style}) => result.from === result.to
		? `Already on branch ${style.cyan(result.to)}.`
		: `Switched to ${result.created ? 'new ' : ''}branch ${style.cyan(result.to)}${renderRestart(result)}.`,
};
