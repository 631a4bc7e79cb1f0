/**
Named places at which the crash tests kill the process, to prove that what follows a power cut there is whole.

`COPPICE_FAILPOINT=NAME` makes the process kill itself with SIGKILL when it gets to NAME; `COPPICE_FAILPOINT_LOG=FILE` appends
each name passed, so that a test can first learn every name of a verb and then die at each of them.
*/
import {appendFileSync} from 'node:fs';
import process from 'node:process';

const {COPPICE_FAILPOINT: target, COPPICE_FAILPOINT_LOG: log} = process.env;

export const failpoint = (name: string): void => {
	if (log !== undefined) {
		appendFileSync(log, `${name}\n`);
	}

	if (target === name) {
		process.kill(process.pid, 'SIGKILL');
	}
};
