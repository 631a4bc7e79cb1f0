/**
`coppice doctor`.
*/
import type {CommandDescription} from '../verb.ts';

export const doctor: CommandDescription = {
	name: 'doctor',
	group: 'Help',
	summary: 'Check this host and stack: what is missing, and how to get it.',
	details: 'The exit code is 6 when a check has failed.',
	examples: [{line: 'coppice doctor', meaning: 'of this host, and of the stack in this folder'}],
	needs: 'nothing',
	load: async () => import('../handlers/doctor.ts'),
};
