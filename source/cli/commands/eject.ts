/**
`coppice eject`.
*/
import type {CommandDescription} from '../verb.ts';

export const eject: CommandDescription = {
	name: 'eject',
	group: 'Start here',
	summary: 'Give the stack\'s volumes back to plain Docker.',
	details: 'The data of the current branch are copied into ordinary Docker volumes of the same names, checked file by file, and the services go on '
		+ 'with them; `docker compose` needs nothing of Coppice then. The history stays in the pool, and `coppice init --adopt` takes the stack up again '
		+ 'with it. With `--purge` the history is removed too, which can\'t be undone.',
	examples: [
		{line: 'coppice eject', meaning: 'back to plain Docker; the history stays in the pool'},
		{line: 'coppice eject --purge --yes', meaning: 'and remove all commits and branches of the stack'},
	],
	options: [
		{flags: '--purge', description: 'remove the stack with its whole history from the pool'},
	],
	load: async () => import('../handlers/eject.ts'),
};
