/**
`coppice transfers`.
*/
import type {CommandDescription} from '../verb.ts';

export const transfers: CommandDescription = {
	name: 'transfers',
	group: 'Hosts',
	summary: 'List, follow, cancel or run again what goes between hosts.',
	details: 'Of all stacks of this machine. What has come over of a transfer that was cut or cancelled is kept: running it again goes on from there.',
	examples: [
		{line: 'coppice transfers', meaning: 'what runs, was cut, or is through'},
		{line: 'coppice transfers attach 3f2a91c8', meaning: 'follow one that runs in another terminal'},
		{line: 'coppice transfers cancel 3f2a91c8', meaning: 'end it'},
		{line: 'coppice transfers retry 3f2a91c8', meaning: 'run it again'},
	],
	arguments: [
		{syntax: '[action]', description: 'what to do; list unless told', choices: ['ls', 'attach', 'cancel', 'retry']},
		{syntax: '[id]', description: 'the transfer, or the beginning of its id'},
	],
	needs: 'nothing',
	load: async () => import('../handlers/transfers.ts'),
};
