/**
The command's side of the control socket: asks a stack's supervisor, and starts one where none runs.
*/
import {spawn} from 'node:child_process';
import {openSync, closeSync, mkdirSync} from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import process from 'node:process';
import readline from 'node:readline';
import {setTimeout as delay} from 'node:timers/promises';
import {CoppiceError, isSystemError} from '../../system/errors.ts';
import {nodeFlags} from '../../system/node-flags.ts';
import type {ProcessIdentity} from '../../system/process-table.ts';
import {makePrivateFolder} from './private-folder.ts';
import {
	fromWire,
	protocolVersion,
	type Answer,
	type Request,
} from './protocol.ts';
import {controlSocket} from './supervisor-state.ts';

export type SupervisorAddress = {
	readonly runFolder: string;
	readonly stateFolder: string;

	/** The program that understands `supervise RUNFOLDER`. */
	readonly entry: string;
};

/** `Omit` that keeps a union a union. */
type Unversioned<T> = T extends unknown ? Omit<T, 'version'> : never;
export type Ask = Unversioned<Request>;

const connect = async (runFolder: string): Promise<net.Socket | undefined> => new Promise((resolve, reject) => {
	const socket = net.connect(controlSocket(runFolder));
	socket.once('connect', () => {
		resolve(socket);
	});
	socket.once('error', error => {
		// Refused: nobody listens; reset: whoever did has just been killed.
		if (isSystemError(error, 'ENOENT', 'ECONNREFUSED', 'ECONNRESET')) {
			resolve(undefined);
		} else {
			reject(new CoppiceError(isSystemError(error, 'EACCES', 'EPERM') ? 'permission' : 'failed', `The supervisor of this stack can't be reached: ${error.message}.`, {
				file: controlSocket(runFolder), hint: 'Run the command as the user who started the stack.', cause: error,
			}));
		}
	});
});

/** Of the caller's environment a supervisor gets what programs need to be found and run; the rest may hold secrets that are not its business. */
const inherited = /^(?:PATH|HOME|USER|LOGNAME|LANG|LC_.+|TZ|TMPDIR|XDG_.+|NODE_.+|COPPICE_.+)$/v;

/** The crash tests of verbs kill the verb; those of this runtime, at the names below, the supervisor. */
const isOwnFailpoint = (name: string, value: string | undefined): boolean => name === 'COPPICE_FAILPOINT' && (value ?? '').startsWith('initialise:');

const supervisorEnvironment = (): NodeJS.ProcessEnv => Object.fromEntries(Object.entries(process.env)
	.filter(([name, value]) => name.startsWith('COPPICE_FAILPOINT') ? isOwnFailpoint(name, value) : inherited.test(name)));

/**
Starts a supervisor in a session of its own, and waits until it listens, or until it finds that another one does.
*/
const launch = async ({runFolder, stateFolder, entry}: SupervisorAddress): Promise<void> => {
	await makePrivateFolder(runFolder);
	mkdirSync(stateFolder, {recursive: true});
	const logFile = path.join(stateFolder, 'supervisor.log');
	const log = openSync(logFile, 'a', 0o600);
	const child = spawn(process.execPath, [...nodeFlags, entry, 'supervise', runFolder], {
		detached: true,
		cwd: '/',
		stdio: ['ignore', log, log, 'pipe'],
		env: supervisorEnvironment(),
	});
	closeSync(log);
	const ready = child.stdio[3] as net.Socket;
	await new Promise<void>((resolve, reject) => {
		const fail = (detail: string): void => {
			reject(new CoppiceError('failed', `The supervisor of this stack could not be started${detail}.`, {file: logFile, hint: `See ${logFile}.`}));
		};

		child.once('error', error => {
			fail(`: ${error.message}`);
		});
		ready.once('data', () => {
			resolve();
		});
		ready.once('end', () => {
			fail('');
		});
	});
	ready.destroy();
	child.unref();
};

const connectOrLaunch = async (address: SupervisorAddress): Promise<net.Socket> => {
	// One supervisor may be on its way out while the next can't start yet: the lock tells them apart.
	for (let attempt = 0; attempt < 50; attempt++) {
		const socket = await connect(address.runFolder);
		if (socket) {
			return socket;
		}

		await launch(address);
		if (attempt > 0) {
			await delay(20 * Math.min(attempt, 10));
		}
	}

	throw new CoppiceError('failed', 'The supervisor of this stack does not answer.', {
		file: controlSocket(address.runFolder), hint: `See ${path.join(address.stateFolder, 'supervisor.log')}.`,
	});
};

type Outcome = Extract<Answer, {kind: 'done' | 'other-version'}> | {readonly kind: 'closed'};

const talk = async (socket: net.Socket, request: Request, options: {signal?: AbortSignal; onNotice: (text: string) => void}): Promise<Outcome> => {
	const {signal, onNotice} = options;
	const abort = (): void => {
		socket.destroy();
	};

	const lines = readline.createInterface({input: socket, crlfDelay: Infinity});
	// A destroyed socket does not end its lines by itself.
	socket.once('close', () => {
		lines.close();
	});
	signal?.addEventListener('abort', abort);
	try {
		socket.write(`${JSON.stringify(request)}\n`);
		for await (const line of lines) {
			const answer = JSON.parse(line) as Answer;
			switch (answer.kind) {
				case 'notice': {
					onNotice(answer.text);
					break;
				}

				case 'error': {
					throw fromWire(answer.error);
				}

				case 'done':
				case 'other-version': {
					return answer;
				}
			}
		}
	} catch (error) {
		if (!isSystemError(error, 'ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE')) {
			throw error;
		}
	} finally {
		signal?.removeEventListener('abort', abort);
		socket.destroy();
	}

	return {kind: 'closed'};
};

const interrupted = (): CoppiceError => new CoppiceError('interrupted', 'Interrupted while talking to the supervisor.', {
	hint: 'Services that had started run on; `coppice ps` lists them.',
});

/**
Asks the supervisor of a stack, starting one where none runs, and returns when it is done.

@returns Which process it is.
@throws CoppiceError what the supervisor says; `interrupted` when the signal aborts it; `failed` when the supervisor ends meanwhile.
*/
export const askSupervisor = async (
	address: SupervisorAddress,
	ask: Ask,
	options: {signal?: AbortSignal; onNotice: (text: string) => void},
): Promise<ProcessIdentity> => {
	for (let attempt = 0; attempt < 3; attempt++) {
		if (options.signal?.aborted) {
			throw interrupted();
		}

		const outcome = await talk(await connectOrLaunch(address), {...ask, version: protocolVersion}, options);
		if (outcome.kind === 'done') {
			return outcome.supervisor;
		}

		if (options.signal?.aborted) {
			throw interrupted();
		}

		const socket = outcome.kind === 'other-version' ? await connect(address.runFolder) : undefined;
		await (socket && talk(socket, {verb: 'leave', version: protocolVersion}, {onNotice() {/* It has nothing to say. */}}));
	}

	throw new CoppiceError('failed', 'The supervisor of this stack ended before it had done what it was asked.', {
		hint: `Run the command again; see ${path.join(address.stateFolder, 'supervisor.log')}.`,
	});
};
