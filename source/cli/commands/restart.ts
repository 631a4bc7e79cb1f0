/**
`coppice restart`.
*/
import type {CommandDescription} from '../verb.ts';

export const restart: CommandDescription = {
	name: 'restart',
	group: 'Services',
	summary: 'Stop services and start them again.',
	examples: [
		{line: 'coppice restart', meaning: 'all services'},
		{line: 'coppice restart web', meaning: 'one of them'},
	],
	arguments: [{syntax: '[service...]', description: 'only these', completes: 'services'}],
	load: async () => import('../handlers/restart.ts'),
};
