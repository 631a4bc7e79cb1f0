/**
Runs `coppice supervise`.
*/
import {supervise} from '../../runtime/process/supervisor.ts';
import type {Verb} from '../verb.ts';

export const verb: Verb<object, void> = {
	interrupts: 'verb',
	async run(_context, {arguments: words}) {
		const [folder = ''] = words;
		if (await supervise({runFolder: folder})) {
			// It ends itself when it is asked to.
			await new Promise(() => {});
		}
	},
	toJson: () => undefined,
};
