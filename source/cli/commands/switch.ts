/**
`coppice switch`.
*/
import type {CommandDescription} from '../verb.ts';

export const switchBranch: CommandDescription = {
	name: 'switch',
	group: 'History',
	summary: 'Attach the services to the data of another branch.',
	details: 'Changes that are not committed stay with the branch that is left. Only services whose data change are stopped; it returns when a client can query.',
	examples: [
		{line: 'coppice switch experiment', meaning: 'go to a branch'},
		{line: 'coppice switch -c experiment', meaning: 'make it from the last commit, and go there'},
		{line: 'coppice switch -c hotfix v1.2', meaning: 'make it from a tag, and go there'},
	],
	arguments: [
		{syntax: '<branch>', description: 'the branch', completes: 'branches'},
		{syntax: '[from]', description: 'with `-c`: the commit to make it from', completes: 'revisions'},
	],
	options: [{flags: '-c, --create', description: 'make the branch first'}],
	load: async () => import('../handlers/switch.ts'),
};
