/**
`coppice down`.
*/
import type {CommandDescription} from '../verb.ts';

export const down: CommandDescription = {
	name: 'down',
	group: 'Services',
	summary: 'Stop the services. The data stay.',
	examples: [{line: 'coppice down', meaning: 'stop everything that runs for this stack'}],
	load: async () => import('../handlers/down.ts'),
};
