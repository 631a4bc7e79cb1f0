/**
`coppice branch`.
*/
import type {CommandDescription} from '../verb.ts';

export const branch: CommandDescription = {
	name: 'branch',
	group: 'History',
	summary: 'List, make, delete or rename branches.',
	details: 'Every branch keeps live data of its own, which share what they have in common with the others. Deleting one keeps its data in a safety '
		+ 'commit: `coppice undo` brings it back.',
	examples: [
		{line: 'coppice branch', meaning: 'list them, with what each takes on disk'},
		{line: 'coppice branch experiment', meaning: 'make one from the last commit'},
		{line: 'coppice branch hotfix v1.2', meaning: 'make one from a tag'},
		{line: 'coppice branch --remote', meaning: 'those of other hosts, as last fetched'},
		{line: 'coppice branch -d experiment', meaning: 'delete it'},
		{line: 'coppice branch -m experiment feature/search', meaning: 'rename it'},
	],
	arguments: [
		{syntax: '[name]', description: 'the branch', completes: 'branches'},
		{syntax: '[from]', description: 'the commit to make it from; with `-m`, the new name', completes: 'revisions'},
	],
	options: [
		{flags: '-d, --delete', description: 'delete it'},
		{flags: '-r, --remote', description: 'list the branches of other hosts, as last fetched'},
		{flags: '-m, --move', description: 'rename it; with one name, the current branch'},
	],
	load: async () => import('../handlers/branch.ts'),
};
