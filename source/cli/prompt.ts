/**
Asks before something that would be lost, on a terminal only; a script says `--yes`.
*/
import process from 'node:process';
import {CoppiceError} from '../system/errors.ts';
import type {Confirmation} from './verb.ts';

/**
@throws CoppiceError `usage` where nobody can be asked, `failed` when the answer is no, `interrupted` at Ctrl-C.
*/
export const askToConfirm = async ({what, lost, way}: Confirmation, {isInteractive, signal}: {isInteractive: boolean; signal: AbortSignal}): Promise<void> => {
	if (!isInteractive) {
		throw new CoppiceError('usage', `${what} has to be confirmed, and there is no terminal to ask on.`, {
			hint: 'Add `--yes` to confirm it without being asked.',
		});
	}

	const {createInterface} = await import('node:readline/promises');
	const questions = createInterface({input: process.stdin, output: process.stderr});
	try {
		process.stderr.write(`${what}:\n${lost.map(line => `  ${line}\n`).join('')}${way}\n`);

		// While a line is being read, readline gets the Ctrl-C of the terminal; it goes on to whoever answers it.
		questions.on('SIGINT', () => {
			process.kill(process.pid, 'SIGINT');
		});
		const answer = await questions.question('Go on? [y/N] ', {signal});
		if (!['y', 'yes'].includes(answer.trim().toLowerCase())) {
			throw new CoppiceError('failed', 'Not confirmed: nothing was changed.');
		}
	} catch (error) {
		if (error instanceof Error && error.name === 'AbortError') {
			process.stderr.write('\n');
			throw new CoppiceError('interrupted', 'Interrupted: nothing was changed.', {cause: error});
		}

		throw error;
	} finally {
		questions.close();
	}
};
