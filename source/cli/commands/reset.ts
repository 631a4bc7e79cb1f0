/**
`coppice reset`.
*/
import type {CommandDescription} from '../verb.ts';

export const reset: CommandDescription = {
	name: 'reset',
	group: 'History',
	summary: 'Make the data of the current branch those of a commit.',
	details: 'What is there now is kept in a safety commit first: `coppice undo` takes the reset back. It returns when a client can query.',
	examples: [
		{line: 'coppice reset', meaning: 'throw away what changed since the last commit'},
		{line: 'coppice reset HEAD~2', meaning: 'two commits back'},
		{line: 'coppice reset "main@{1 hour ago}"', meaning: 'what main was an hour ago'},
		{line: 'coppice undo', meaning: 'take it back'},
	],
	arguments: [{syntax: '[target]', description: 'a commit, tag or branch; the last commit unless told', completes: 'revisions'}],
	load: async () => import('../handlers/reset.ts'),
};
