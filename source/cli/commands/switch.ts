/**
`coppice switch`.
*/
import type {CommandDescription} from '../verb.ts';

export const switchBranch: CommandDescription = {
	name: 'switch',
	group: 'History',
	summary: 'Attach the services to the data of another branch.',
	details: 'Changes that are not committed stay with the branch that is left. Only services whose data change are stopped; it returns when a client can query. '
		+ 'Where only another host has the branch, as last fetched, one is made here that follows it. '
		+ 'With `--definition` the services come up as the last commit of the branch (or the commit that is named) was made: its images, and the compose file of then with '
		+ 'the values of now. The next `coppice up` returns to the compose file.',
	examples: [
		{line: 'coppice switch experiment', meaning: 'go to a branch'},
		{line: 'coppice switch -c experiment', meaning: 'make it from the last commit, and go there'},
		{line: 'coppice switch -c hotfix v1.2', meaning: 'make it from a tag, and go there'},
		{line: 'coppice switch staging/fix', meaning: 'make fix of the one on staging, which pull and push then mean, and go there'},
		{line: 'coppice switch --definition release', meaning: 'go to a branch, with the images and settings that its data were committed with'},
	],
	arguments: [
		{syntax: '[branch]', description: 'the branch; with `--definition` also a commit, or the current branch', completes: 'branches'},
		{syntax: '[from]', description: 'with `-c`: the commit to make it from', completes: 'revisions'},
	],
	options: [
		{flags: '-c, --create', description: 'make the branch first'},
		{flags: '--definition', description: 'bring the services up as they were committed (docker runtime)'},
	],
	load: async () => import('../handlers/switch.ts'),
};
