/**
Where the verbs of `coppice stream` read from: a file, or the standard input for `-`.
*/
import {createReadStream} from 'node:fs';
import {open} from 'node:fs/promises';
import process from 'node:process';
import {CoppiceError, isSystemError} from '../../system/errors.ts';

/** What is read at once. */
const chunkSize = 2 ** 20;

export const standardInput = '-';

/**
The bytes of a file, or of the standard input.

@throws CoppiceError `not-found` where there is no such file; `usage` where the standard input is a terminal.
*/
export const openStreamInput = async (input: string): Promise<AsyncIterable<Uint8Array>> => {
	if (input === standardInput) {
		if (process.stdin.isTTY) {
			throw new CoppiceError('usage', 'There is no stream on the standard input.', {hint: 'Pipe one in, or name a file: `coppice stream make OLD NEW | coppice stream check -`.'});
		}

		return process.stdin as AsyncIterable<Uint8Array>;
	}

	try {
		const handle = await open(input, 'r');
		return createReadStream('', {fd: handle, highWaterMark: chunkSize}) as AsyncIterable<Uint8Array>;
	} catch (error) {
		if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'EACCES')) {
			throw new CoppiceError('not-found', `The stream ${input} can't be read: ${error.code}.`, {file: input, hint: 'Name a file, or `-` for the standard input.', cause: error});
		}

		throw error;
	}
};
