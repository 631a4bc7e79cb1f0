/**
Runs `coppice receive`. The standard output is the channel's.
*/
import {runTransfer} from '../../actions/agent/run-transfer.ts';
import type {Verb} from '../verb.ts';

type Options = {readonly pool?: string; readonly policy?: string};

export const verb: Verb<Options, void> = {
	async run({signal}, {options: {pool, policy}}) {
		await runTransfer('receive', {pool, policy, signal});
	},
	toJson: () => undefined,
};
