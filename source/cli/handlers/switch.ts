/**
Runs `coppice switch`.
*/
import {switchBranch, type SwitchResult} from '../../actions/switch.ts';
import {CoppiceError} from '../../system/errors.ts';
import {shortId} from '../output/format.ts';
import type {Style} from '../output/style.ts';
import {renderRestart} from '../render/restarted.ts';
import type {Verb} from '../verb.ts';

type Options = {readonly create?: boolean; readonly definition?: boolean};

const renderSwitch = (result: SwitchResult, style: Style): string => result.from === result.to
	? `Already on branch ${style.cyan(result.to)}.`
	: `Switched to ${result.created ? 'new ' : ''}branch ${style.cyan(result.to)}${result.upstream === undefined ? '' : `, which follows ${style.red(`${result.upstream.host}/${result.upstream.branch}`)}`}${renderRestart(result)}.`;

export const verb: Verb<Options, SwitchResult> = {
	async run({openWorkspace, signal}, {arguments: words, options: {create = false, definition = false}}) {
		const [branch, from] = words;
		if (definition) {
			if (create || from !== undefined) {
				throw new CoppiceError('usage', 'With `--definition` no branch is made.', {
					hint: 'Make it first: `coppice switch -c BRANCH FROM`, then `coppice switch --definition BRANCH`.',
				});
			}

			const {switchDefinition} = await import('../../actions/definition/switch-definition.ts');
			return switchDefinition(await openWorkspace(), {signal, ...(branch !== undefined && {target: branch})});
		}

		if (branch === undefined) {
			throw new CoppiceError('usage', 'The branch to switch to is missing.', {hint: '`coppice branch` lists them; `coppice switch --help` has examples.'});
		}

		if (from !== undefined && !create) {
			throw new CoppiceError('usage', `${from} would be the commit to make a branch from, but no branch is to be made.`, {
				hint: `To make it, run \`coppice switch -c ${branch} ${from}\`.`,
			});
		}

		return switchBranch(await openWorkspace(), {
			branch, create, from, signal,
		});
	},
	render: (result, {style}) => result.definition === undefined
		? renderSwitch(result, style)
		: `${result.from === result.to ? `On branch ${style.cyan(result.to)}` : `Switched to branch ${style.cyan(result.to)}`} with the definition of ${style.yellow(shortId(result.definition.commit))}${renderRestart(result)}. \`coppice up\` returns to the compose file.`,
};
