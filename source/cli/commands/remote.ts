/**
`coppice remote`.
*/
import type {CommandDescription} from '../verb.ts';

export const remote: CommandDescription = {
	name: 'remote',
	group: 'Hosts',
	summary: 'List the branches of other hosts beside ours.',
	details: 'With a host, it is asked; otherwise what was last fetched is shown. Nothing is changed.',
	examples: [
		{line: 'coppice remote', meaning: 'as last fetched'},
		{line: 'coppice remote staging', meaning: 'as it is there now'},
	],
	arguments: [{syntax: '[host]', description: 'the host to ask', completes: 'hosts'}],
	load: async () => import('../handlers/remote.ts'),
};
