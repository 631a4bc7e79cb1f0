/**
`coppice undo`.
*/
import type {CommandDescription} from '../verb.ts';

export const undo: CommandDescription = {
	name: 'undo',
	group: 'History',
	summary: 'Take the last verb back; once more, the one before it.',
	examples: [
		{line: 'coppice undo', meaning: 'take the last verb back'},
		{line: 'coppice undo --list', meaning: 'show what was done, newest first'},
		{line: 'coppice redo', meaning: 'do it after all'},
	],
	options: [{flags: '-l, --list', description: 'list what was done, and change nothing'}],
	load: async () => import('../handlers/undo.ts'),
};
