/**
`coppice tag`.
*/
import type {CommandDescription} from '../verb.ts';

export const tag: CommandDescription = {
	name: 'tag',
	group: 'History',
	summary: 'List, make or delete names for commits.',
	examples: [
		{line: 'coppice tag', meaning: 'list them'},
		{line: 'coppice tag v1.2', meaning: 'name the last commit'},
		{line: 'coppice tag before-import HEAD~1', meaning: 'name another'},
		{line: 'coppice tag -d before-import', meaning: 'delete the name; the commit stays'},
	],
	arguments: [
		{syntax: '[name]', description: 'the tag', completes: 'tags'},
		{syntax: '[commit]', description: 'the commit; the last one unless told', completes: 'revisions'},
	],
	options: [
		{flags: '-d, --delete', description: 'delete the tag'},
		{flags: '--force', description: 'move a tag that is there already'},
	],
	load: async () => import('../handlers/tag.ts'),
};
