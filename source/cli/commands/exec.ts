/**
`coppice exec`.
*/
import type {CommandDescription} from '../verb.ts';

export const exec: CommandDescription = {
	name: 'exec',
	group: 'Services',
	summary: 'Run a command in the environment of a service.',
	details: 'Options of `coppice` itself go before the service. The exit code is that of the command. With `--json`, what the command prints is '
		+ 'returned as stdout and stderr of the result.',
	examples: [
		{line: 'coppice exec db -- psql -c "select count(*) from orders"', meaning: 'a query'},
		{line: 'coppice exec db -- psql', meaning: 'a shell of the database'},
	],
	arguments: [
		{syntax: '<service>', description: 'the service', completes: 'services'},
		{syntax: '<command...>', description: 'the command and its arguments'},
	],
	passThrough: true,
	load: async () => import('../handlers/exec.ts'),
};
