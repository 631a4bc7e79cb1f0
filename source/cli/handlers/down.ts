/**
Runs `coppice down`.
*/
import {down} from '../../actions/services.ts';
import type {Verb} from '../verb.ts';

export const verb: Verb<object, {readonly stopped: readonly string[]}> = {
	async run({openWorkspace}) {
		return down(await openWorkspace());
	},
	render: ({stopped}) => stopped.length === 0 ? 'Nothing was running.' : `Stopped ${stopped.join(', ')}. The data stay.`,
};
