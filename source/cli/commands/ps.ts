/**
`coppice ps`.
*/
import type {CommandDescription} from '../verb.ts';

export const ps: CommandDescription = {
	name: 'ps',
	group: 'Services',
	summary: 'List the services: state, whether a client can query, ports.',
	examples: [
		{line: 'coppice ps', meaning: 'all services of the stack'},
		{line: 'coppice ps --json | jq -r ".[] | select(.ready | not).name"', meaning: 'those that are not ready'},
	],
	load: async () => import('../handlers/ps.ts'),
};
