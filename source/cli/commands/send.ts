/**
`coppice send`: one snapshot to another host, started by the agent of the other side.
*/
import type {CommandDescription} from '../verb.ts';
import {agentOptions} from './serve.ts';

export const send: CommandDescription = {
	name: 'send',
	group: 'Plumbing',
	hidden: true,
	summary: 'Send one snapshot to another host, on the standard input and output.',
	examples: [{line: 'ssh staging coppice send', meaning: 'started by coppice pull'}],
	options: agentOptions,
	needs: 'this machine',
	load: async () => import('../handlers/send.ts'),
};
