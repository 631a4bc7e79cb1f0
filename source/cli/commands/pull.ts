/**
`coppice pull`.
*/
import {parseBytes} from '../parse-value.ts';
import type {CommandDescription} from '../verb.ts';

export const pull: CommandDescription = {
	name: 'pull',
	group: 'Hosts',
	summary: 'Fetch a branch of another host and move the current branch forward to it.',
	details: 'What was not committed is kept in a safety commit: `coppice undo` takes it all back. Where both sides have gone on, it stops and changes nothing, '
		+ 'unless told what to do.',
	examples: [
		{line: 'coppice pull', meaning: 'from where the current branch came from'},
		{line: 'coppice pull staging main', meaning: 'main of staging'},
		{line: 'coppice pull staging main --reset', meaning: 'take theirs, keep ours as main-before-pull'},
		{line: 'coppice pull staging main --into theirs', meaning: 'take theirs into a new branch'},
	],
	arguments: [
		{syntax: '[host]', description: 'the one that the current branch came from, or the only one, unless told', completes: 'hosts'},
		{syntax: '[branch]', description: 'a branch there; that of the same name unless told', completes: 'branches'},
	],
	options: [
		{flags: '--reset', description: 'where both have gone on: take theirs, and keep ours as a branch'},
		{flags: '--into <branch>', description: 'take theirs into a new branch; the current one stays', completes: 'branches'},
		{flags: '--history', description: 'the data of every commit, not only of the last'},
		{flags: '--full', description: 'send all of a volume where an increment can\'t be made'},
		{flags: '--limit <bytes>', description: 'at most so many bytes a second: 500K, 5M', parse: parseBytes},
	],
	load: async () => import('../handlers/pull.ts'),
};
