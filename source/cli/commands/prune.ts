/**
`coppice prune`.
*/
import {parseCount} from '../parse-value.ts';
import type {CommandDescription} from '../verb.ts';

export const prune: CommandDescription = {
	name: 'prune',
	group: 'History',
	summary: 'Remove commits by age and count, or by name.',
	details: 'Removed commits go to a trash, from which `coppice undo` brings them back until they are destroyed, a day later. With `--now` they and the '
		+ 'trash are destroyed at once, which can\'t be undone. Tips of branches and tagged commits stay.',
	examples: [
		{line: 'coppice prune --keep 24h:all,7d:daily,8w:weekly --dry-run', meaning: 'show what would go'},
		{line: 'coppice prune --keep-last 20', meaning: 'keep the last 20 of each branch'},
		{line: 'coppice prune 3f2a91c8', meaning: 'remove one commit'},
		{line: 'coppice prune --now --yes', meaning: 'empty the trash and get its space back'},
	],
	arguments: [{syntax: '[commit...]', description: 'remove only these', completes: 'revisions'}],
	options: [
		{flags: '--keep <rules>', description: 'what to keep, by age: 24h:all,7d:daily,8w:weekly'},
		{flags: '--keep-last <count>', description: 'keep at least the last of each branch', parse: parseCount},
		{flags: '--dry-run', description: 'only show what would be removed'},
		{flags: '--now', description: 'destroy at once what is removed and what is in the trash'},
	],
	load: async () => import('../handlers/prune.ts'),
};
