/**
`coppice demo`.
*/
import {parseCount} from '../parse-value.ts';
import type {CommandDescription} from '../verb.ts';

export const demo: CommandDescription = {
	name: 'demo',
	group: 'Start here',
	summary: 'Run the main job on real data: commit, branch, destroy, reset, undo.',
	details: 'Works in a home of its own and leaves nothing behind. Every step is checked by a query; the exit code is 0 only if every check held.',
	examples: [
		{line: 'coppice demo', meaning: 'a Postgres with a million rows'},
		{line: 'coppice demo --keep', meaning: 'leave it, to play with'},
	],
	options: [
		{flags: '--keep', description: 'leave the stack and its home'},
		{flags: '--home <folder>', description: 'the home to use; a new one unless told', completes: 'folders'},
		{flags: '--rows <count>', description: 'how many rows to make', parse: parseCount},
	],
	needs: 'nothing',
	load: async () => import('../handlers/demo.ts'),
};
