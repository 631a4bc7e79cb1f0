/**
`coppice __complete`: what the completion scripts call.
*/
import type {CommandDescription} from '../verb.ts';

export const complete: CommandDescription = {
	name: '__complete',
	group: 'Help',
	hidden: true,
	summary: 'Print what the last word can be completed with.',
	examples: [{line: 'coppice __complete -- switch ""', meaning: 'the branches of the stack'}],
	arguments: [{syntax: '[word...]', description: 'the words of the command line so far, without the command itself'}],
	load: async () => import('../handlers/complete.ts'),
};
