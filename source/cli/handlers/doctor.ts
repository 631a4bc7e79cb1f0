/**
Runs `coppice doctor`.
*/
import {doctor, type Check} from '../../actions/doctor.ts';
import {findHome} from '../../host/home.ts';
import {exitCodes} from '../../system/errors.ts';
import {renderChecks} from '../render/doctor.ts';
import type {Verb} from '../verb.ts';

export const verb: Verb<object, readonly Check[]> = {
	isData: true,
	async run({directory}) {
		return doctor({home: findHome(), directory});
	},
	render: renderChecks,
	exitCode: checks => checks.some(check => check.result === 'failed') ? exitCodes.precondition : 0,
};
