/**
Runs `coppice serve`. The standard output is the protocol's.
*/
import {chooseEntry, runAgent} from '../../actions/agent/run-agent.ts';
import type {Verb} from '../verb.ts';

type Options = {readonly pool?: string; readonly policy?: string};

export const verb: Verb<Options, void> = {
	async run({signal}, {options: {pool, policy}}) {
		await runAgent(chooseEntry(policy), {pool, policy, signal});
	},
	toJson: () => undefined,
};
