/**
`coppice fetch`.
*/
import {parseBytes} from '../parse-value.ts';
import type {CommandDescription} from '../verb.ts';

export const fetchCommand: CommandDescription = {
	name: 'fetch',
	group: 'Hosts',
	summary: 'Bring the commits and data of another host\'s branches.',
	details: 'Every commit becomes known, and the data of each branch\'s last commit come, as an increment from the best snapshot that both sides have. Your '
		+ 'branches and what runs stay as they are: `staging/main` is what main was there. A transfer that is cut goes on where it was with the next command.',
	examples: [
		{line: 'coppice fetch staging', meaning: 'all branches of staging'},
		{line: 'coppice log staging/main', meaning: 'what is there'},
		{line: 'coppice diff main staging/main', meaning: 'what differs'},
		{line: 'coppice fetch staging 3f2a91c8', meaning: 'the data of one commit'},
		{line: 'coppice fetch staging main --history', meaning: 'the data of every commit of main'},
	],
	arguments: [
		{syntax: '[host]', description: 'the one that the current branch came from, or the only one, unless told', completes: 'hosts'},
		{syntax: '[revision...]', description: 'branches there, or commits; all branches unless told', completes: 'revisions'},
	],
	options: [
		{flags: '--history', description: 'the data of every commit, not only of the last'},
		{flags: '--full', description: 'send all of a volume where an increment can\'t be made'},
		{flags: '--limit <bytes>', description: 'at most so many bytes a second: 500K, 5M', parse: parseBytes},
		{flags: '-p, --prune', description: 'forget branches that are not there any more'},
	],
	load: async () => import('../handlers/fetch.ts'),
};
