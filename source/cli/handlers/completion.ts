/**
Runs `coppice completion`.
*/
import {completionScript} from '../completion/scripts.ts';
import type {Verb} from '../verb.ts';

export const verb: Verb<object, string> = {
	isData: true,
	async run(_context, {arguments: words}) {
		const [shell = ''] = words;
		return completionScript(shell);
	},
	render: script => script.trimEnd(),
};
