/**
`coppice status`.
*/
import type {CommandDescription} from '../verb.ts';

export const status: CommandDescription = {
	name: 'status',
	group: 'Start here',
	summary: 'Show where the stack stands: branch, changes, services, volumes.',
	examples: [
		{line: 'coppice status', meaning: 'for people'},
		{line: 'coppice status --json | jq -r .branch', meaning: 'for a prompt or a script'},
		{line: 'coppice -C ~/shop status', meaning: 'of the project in another folder'},
	],
	load: async () => import('../handlers/status.ts'),
};
