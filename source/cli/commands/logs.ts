/**
`coppice logs`.
*/
import {parseCount, parseMoment} from '../parse-value.ts';
import type {CommandDescription} from '../verb.ts';

export const logs: CommandDescription = {
	name: 'logs',
	group: 'Services',
	summary: 'Print what the services have logged.',
	details: 'With `--json`, each line is printed as one line of JSON: service, time, stream and text.',
	examples: [
		{line: 'coppice logs', meaning: 'everything, all services'},
		{line: 'coppice logs -f --tail 20 db', meaning: 'the last lines of one, then what comes'},
		{line: 'coppice logs --since 10m', meaning: 'the last ten minutes'},
	],
	arguments: [{syntax: '[service...]', description: 'only these', completes: 'services'}],
	options: [
		{flags: '-f, --follow', description: 'go on with what comes, until Ctrl-C'},
		{flags: '-n, --tail <lines>', description: 'only the last lines of each service', parse: parseCount},
		{flags: '--since <time>', description: 'only from then on: how long ago (10m, 1h30m) or a date and time', parse: text => parseMoment(text)},
		{flags: '--timestamps', description: 'put the time before each line'},
	],
	load: async () => import('../handlers/logs.ts'),
};
