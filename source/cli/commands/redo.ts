/**
`coppice redo`.
*/
import type {CommandDescription} from '../verb.ts';

export const redo: CommandDescription = {
	name: 'redo',
	group: 'History',
	summary: 'Take the last undo back.',
	examples: [{line: 'coppice undo && coppice redo', meaning: 'there and back'}],
	load: async () => import('../handlers/redo.ts'),
};
