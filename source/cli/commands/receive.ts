/**
`coppice receive`: one snapshot from another host, started by that.
*/
import type {CommandDescription} from '../verb.ts';
import {agentOptions} from './serve.ts';

export const receive: CommandDescription = {
	name: 'receive',
	group: 'Plumbing',
	hidden: true,
	summary: 'Receive one snapshot from another host, on the standard input and output.',
	examples: [{line: 'ssh staging coppice receive', meaning: 'started by coppice push'}],
	options: agentOptions,
	needs: 'this machine',
	load: async () => import('../handlers/receive.ts'),
};
