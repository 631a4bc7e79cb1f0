/**
Runs a command of the system on a host reached by ssh, for what has to be done where no engine is yet.
*/
import type {Readable} from 'node:stream';
import {tryCommand, type RunResult} from '../system/run-command.ts';
import type {Home} from './home.ts';
import {explainSshFailure, sshFailed} from './ssh-failures.ts';
import {prepareSsh, sshCommand, type SshTarget} from './ssh.ts';

/** A host while it is added: it has a name, and an address. */
export type Place = SshTarget & {readonly name: string};

export type ThereOptions = {
	readonly home: Home;
	readonly input?: string | Readable;

	/** Whether ssh may ask on the terminal. */
	readonly interactive?: boolean;
	readonly signal?: AbortSignal;
};

/**
What it printed and its exit code.

@throws CoppiceError `host` where the host can't be reached; `precondition` without ssh.
*/
export const runThere = async (place: Place, words: readonly string[], {
	home, input, interactive, signal,
}: ThereOptions): Promise<RunResult> => {
	prepareSsh(home, place);
	const result = await tryCommand(sshCommand(place, words, {home, interactive}), {
		host: place.name,
		hint: 'Install the OpenSSH client (`apt-get install openssh-client`).',
		...(input !== undefined && {input}),
		...(signal !== undefined && {signal}),
	});
	if (result.exitCode === sshFailed) {
		throw explainSshFailure({name: place.name, target: place, stderr: result.stderr});
	}

	return result;
};
