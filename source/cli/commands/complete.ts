/**
`coppice __complete`: what the completion scripts call.
*/
import type {CommandDescription} from '../verb.ts';

/** Completes the command line of these verbs. */
export const describeComplete = (commands: readonly CommandDescription[]): CommandDescription => ({
	name: '__complete',
	group: 'Help',
	hidden: true,
	summary: 'Print what the last word can be completed with.',
	examples: [{line: 'coppice __complete -- switch ""', meaning: 'the branches of the stack'}],
	arguments: [{syntax: '[word...]', description: 'the words of the command line so far, without the command itself'}],
	needs: 'this machine',
	async load() {
		const {createVerb} = await import('../handlers/complete.ts');
		return {verb: createVerb(commands)};
	},
});
