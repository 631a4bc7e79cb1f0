/**
Whether a process is there.
*/
import process from 'node:process';
import {isSystemError} from './errors.ts';

/**
@returns Whether some process of this host has this number now; it may be a later one than is meant.
*/
export const isRunning = (processId: number): boolean => {
	try {
		process.kill(processId, 0);
		return true;
	} catch (error) {
		return isSystemError(error, 'EPERM');
	}
};
