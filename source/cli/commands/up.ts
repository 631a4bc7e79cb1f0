/**
`coppice up`.
*/
import type {CommandDescription} from '../verb.ts';

export const up: CommandDescription = {
	name: 'up',
	group: 'Services',
	summary: 'Start the services, and return when a client can query them.',
	examples: [
		{line: 'coppice up', meaning: 'start all services'},
		{line: 'coppice up db', meaning: 'start one, and what it depends on'},
		{line: 'coppice up --json | jq -r ".services[].connectionString"', meaning: 'start, and print where to connect'},
	],
	arguments: [{syntax: '[service...]', description: 'only these and what they depend on', completes: 'services'}],
	load: async () => import('../handlers/up.ts'),
};
