/**
A command of the engine on another host, as `-H` runs it: its words, and what its end means.
*/
import {engineWords, explainEnding} from '../../host/agent-process.ts';
import type {Home} from '../../host/home.ts';
import type {HostRecord} from '../../host/host.ts';
import {isSshComplaint, sshFailed} from '../../host/ssh-failures.ts';
import {prepareSsh, sshCommand} from '../../host/ssh.ts';
import type {CoppiceError} from '../../system/errors.ts';

/**
The command line that runs these words of `coppice` there. Makes the folder of the shared connection.
*/
export const hostCommandLine = (record: HostRecord, words: readonly string[], options: {readonly home: Home; readonly terminal: boolean}): string[] => {
	prepareSsh(options.home, record);
	return sshCommand(record, [...engineWords(record), ...words], options);
};

export type Held = {
	push(text: string): void;

	/** All that was held back. */
	text(): string;

	/** Writes it after all. */
	release(): void;
};

/**
Passes text on, but for what ssh itself may have said about the connection: that is told in other words, if it has failed.
*/
export const holdComplaints = (write: (text: string) => void): Held => {
	let held = '';
	return {
		push(text) {
			if (held === '' && text.split('\n').every(line => !isSshComplaint(line))) {
				write(text);
			} else {
				held += text;
			}
		},
		text: () => held,
		release() {
			write(held);
		},
	};
};

/**
The failure of ssh, or of finding the engine there; `undefined` for what the verb has ended with, be it good or bad.
*/
export const explainHostExit = (record: HostRecord, code: number, stderr: string): CoppiceError | undefined => {
	// The shell says so before anything else could.
	const isMissing = (code === 127 || code === 126) && record.engine !== undefined && stderr.includes(record.engine);
	return code === sshFailed || isMissing || (record.sudo === true && /^sudo: /mv.test(stderr))
		? explainEnding(record, {code, stderr, hasAnswered: false})
		: undefined;
};
