/**
Ctrl-C: the first aborts a signal, so that the verb stops and cleans up; the second ends the program at once.
*/
import process from 'node:process';
import {exitCodes} from '../system/errors.ts';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export type Interrupts = {
	readonly signal: AbortSignal;
	[Symbol.dispose](): void;
};

/**
@param whoAnswers - `verb` leaves the signals to the verb or to its child, which has the terminal.
@param say - Called at the first signal, with a sentence for the user.
@param stopAtEof - Whether the end of the standard input is a signal too.
*/
export const watchInterrupts = (whoAnswers: 'program' | 'verb', say: (message: string) => void, stopAtEof = false): Interrupts => {
	const controller = new AbortController();
	if (whoAnswers === 'verb') {
		return {signal: controller.signal, [Symbol.dispose]() {/* Nothing is watched. */}};
	}

	const onSignal = (name: NodeJS.Signals): void => {
		if (controller.signal.aborted) {
			// eslint-disable-next-line unicorn/no-process-exit -- The user does not want to wait for anything.
			process.exit(exitCodes.interrupted);
		}

		if (name === 'SIGINT') {
			say('Stopping. Press Ctrl-C again to leave at once.');
		}

		controller.abort();
	};

	for (const name of signals) {
		process.on(name, onSignal);
	}

	const onEnd = (): void => {
		controller.abort();
	};

	if (stopAtEof) {
		process.stdin.once('end', onEnd).once('error', onEnd).resume();
	}

	return {
		signal: controller.signal,
		[Symbol.dispose]() {
			if (stopAtEof) {
				process.stdin.off('end', onEnd).destroy();
			}

			for (const name of signals) {
				process.off(name, onSignal);
			}
		},
	};
};
