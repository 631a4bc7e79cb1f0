/**
`coppice supervise`: the process that keeps the services of a stack running, started by `coppice up`.
*/
import type {CommandDescription} from '../verb.ts';

export const supervise: CommandDescription = {
	name: 'supervise',
	group: 'Services',
	hidden: true,
	summary: 'Keep the services of a stack running.',
	examples: [{line: 'coppice supervise /run/coppice/0f3c2a9b1d', meaning: 'started by coppice up'}],
	arguments: [{syntax: '<folder>', description: 'the run folder of the stack', completes: 'folders'}],
	needs: 'this machine',
	load: async () => import('../handlers/supervise.ts'),
};
