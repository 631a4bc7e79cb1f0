/**
Runs `coppice reset`.
*/
import {reset, type ResetResult} from '../../actions/reset.ts';
import {shortId} from '../output/format.ts';
import {renderRestart} from '../render/restarted.ts';
import type {Verb} from '../verb.ts';

export const verb: Verb<object, ResetResult> = {
	async run({openWorkspace, signal}, {arguments: words}) {
		const [target] = words;
		return reset(await openWorkspace(), {target, signal});
	},
	render: (result, {style}) => [
		`Branch ${style.cyan(result.branch)} has the data of ${style.yellow(shortId(result.commit))}${renderRestart(result)}.`,
		`What was there is kept in ${style.yellow(shortId(result.kept))}; \`coppice undo\` brings it back.`,
	].join('\n'),
};
