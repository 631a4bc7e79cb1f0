/**
`coppice push`.
*/
import {parseBytes} from '../parse-value.ts';
import type {CommandDescription} from '../verb.ts';

export const push: CommandDescription = {
	name: 'push',
	group: 'Hosts',
	summary: 'Send a branch to another host and move the branch there forward.',
	details: 'A push only moves a branch forward, and never changes the data that services there use, unless `--switch` says so: what was there is kept in a '
		+ 'safety commit of that host first. A host that is marked as production asks for its name.',
	examples: [
		{line: 'coppice push staging', meaning: 'the current branch'},
		{line: 'coppice push staging fix --switch', meaning: 'and put the services there on it'},
		{line: 'coppice push --limit 5M', meaning: 'leave room on the line'},
	],
	arguments: [
		{syntax: '[host]', description: 'the one that the branch came from, or the only one, unless told', completes: 'hosts'},
		{syntax: '[branch]', description: 'the current one unless told', completes: 'branches'},
	],
	options: [
		{flags: '--switch', description: 'attach the services there to it, on what is pushed'},
		{flags: '--full', description: 'send all of a volume where an increment can\'t be made'},
		{flags: '--limit <bytes>', description: 'at most so many bytes a second: 500K, 5M', parse: parseBytes},
	],
	load: async () => import('../handlers/push.ts'),
};
