/**
`coppice commit`.
*/
import type {CommandDescription} from '../verb.ts';

export const commit: CommandDescription = {
	name: 'commit',
	group: 'History',
	summary: 'Keep one instant of all volumes of the stack, with its definition.',
	details: 'The writers stand still while the snapshots are taken, for some milliseconds. Without `-m`, the editor of $VISUAL or $EDITOR is opened on a terminal.',
	examples: [
		{line: 'coppice commit -m "Load the orders of May"', meaning: 'with a message'},
		{line: 'coppice commit', meaning: 'write the message in the editor'},
		{line: 'coppice commit -m nightly --json | jq -r .commit.id', meaning: 'print its id'},
	],
	options: [
		{flags: '-m, --message <text>', description: 'what this state is'},
		{flags: '--no-checkpoint', description: 'do not ask the databases for a checkpoint first: a quicker commit, a slower start from it'},
	],
	load: async () => import('../handlers/commit.ts'),
};
