/**
`coppice log`.
*/
import {parseCount} from '../parse-value.ts';
import type {CommandDescription} from '../verb.ts';

export const log: CommandDescription = {
	name: 'log',
	group: 'History',
	summary: 'Show the commits, newest first, as a graph.',
	details: 'Safety commits are taken by themselves before anything that would discard data; they are shown with `--all` or `--safety`.',
	examples: [
		{line: 'coppice log', meaning: 'of the current branch'},
		{line: 'coppice log --all -n 20', meaning: 'the last 20 of all branches'},
		{line: 'coppice log --json | jq -r ".[0].id"', meaning: 'the id of the last commit'},
	],
	arguments: [{syntax: '[revision]', description: 'where to start; the current branch unless told', completes: 'revisions'}],
	options: [
		{flags: '-n, --limit <count>', description: 'at most this many', parse: parseCount},
		{flags: '-a, --all', description: 'all branches and tags, and safety commits'},
		{flags: '--safety', description: 'safety commits too'},
		{flags: '--sizes', description: 'disk that each commit shares with its parent, and its own: slower'},
	],
	load: async () => import('../handlers/log.ts'),
};
