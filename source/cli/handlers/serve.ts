/**
Runs `coppice serve`. The standard output is the protocol's.
*/
import {chooseEntry} from '../../actions/agent/open-agent.ts';
import type {Verb} from '../verb.ts';

type Options = {readonly pool?: string; readonly policy?: string};

export const verb: Verb<Options, void> = {
	async run({signal}, {options: {pool, policy}}) {
		const options = {pool, policy, signal};
		const entry = chooseEntry(policy);
		if (entry === 'serve') {
			const {runServe} = await import('../../actions/agent/run-serve.ts');
			await runServe(options);
		} else {
			const {runTransfer} = await import('../../actions/agent/run-transfer.ts');
			await runTransfer(entry, options);
		}
	},
	toJson: () => undefined,
};
