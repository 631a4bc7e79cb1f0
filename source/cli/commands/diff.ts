/**
`coppice diff`.
*/
import {parseCount} from '../parse-value.ts';
import type {CommandDescription} from '../verb.ts';

export const diff: CommandDescription = {
	name: 'diff',
	group: 'History',
	summary: 'Show which volumes, files and bytes differ, and what changed in the definition.',
	examples: [
		{line: 'coppice diff', meaning: 'the last commit against the live data'},
		{line: 'coppice diff v1.2', meaning: 'a commit against the live data'},
		{line: 'coppice diff main..experiment --files', meaning: 'two commits, file by file'},
	],
	arguments: [
		{syntax: '[a]', description: 'a commit, or two as A..B; the last commit unless told', completes: 'revisions'},
		{syntax: '[b]', description: 'another; the live data unless told', completes: 'revisions'},
	],
	options: [
		{flags: '--files', description: 'list the files of each volume'},
		{flags: '--limit <count>', description: 'at most this many files a volume (100), and list them', parse: parseCount},
	],
	load: async () => import('../handlers/diff.ts'),
};
