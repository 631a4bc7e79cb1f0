/**
`coppice new`.
*/
import {templateNames} from '../../actions/templates/templates.ts';
import type {CommandDescription} from '../verb.ts';

export const newStack: CommandDescription = {
	name: 'new',
	group: 'Start here',
	summary: 'Make a new project from a template.',
	details: 'Makes a folder with a compose file whose databases are set up for cheap branches (each setting says why), health checks, seed data, and '
		+ 'a .env with passwords of its own and free ports. It starts nothing, and never writes over what is there.',
	examples: [
		{line: 'coppice new shop', meaning: 'a Postgres, in the folder shop'},
		{line: 'coppice new shop --template web', meaning: 'a web application with Postgres and Redis'},
		{line: 'coppice new --list', meaning: 'the templates there are'},
	],
	arguments: [{syntax: '[name]', description: 'the folder to make; its last part is the project\'s name'}],
	options: [
		{flags: '-t, --template <name>', description: 'what to make it from; postgres unless told', choices: templateNames},
		{flags: '--list', description: 'list the templates'},
	],
	needs: 'nothing',
	load: async () => import('../handlers/new.ts'),
};
