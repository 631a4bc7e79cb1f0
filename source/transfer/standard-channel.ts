/**
The channel of a process whose standard streams it is: `coppice send`, `coppice receive`.
*/
import net from 'node:net';
import process from 'node:process';
import type {Writable} from 'node:stream';
import {isSystemError} from '../system/errors.ts';
import type {Channel} from './channel.ts';

/** Standard output that never waits in a system call; of a file, whose writes don't wait for anybody, the usual one. */
const openOutput = (): Writable => {
	try {
		return new net.Socket({fd: 1, readable: false, writable: true});
	} catch (error) {
		if (isSystemError(error, 'ERR_INVALID_FD_TYPE')) {
			return process.stdout;
		}

		throw error;
	}
};

/**
The standard input and output as a channel. Nothing else may read or write them afterwards. Unlike `process.stdout`, whose writes to a pipe wait in the system
call, writing here leaves the process free: a slow line must not keep it from hearing an acknowledgement or a signal.
*/
export const standardChannel = (): Channel => ({input: process.stdin, output: openOutput()});
