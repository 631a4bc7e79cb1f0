/**
The process behind a host: `serve`, `send` or `receive` of the engine, over ssh or as a child of this program for another pool of this machine.
*/
import {spawn} from 'node:child_process';
import {existsSync} from 'node:fs';
import {Readable, type Writable} from 'node:stream';
import {setTimeout as delay} from 'node:timers/promises';
import {CoppiceError} from '../system/errors.ts';
import {plainText} from './agent-errors.ts';
import type {Home} from './home.ts';
import type {HostRecord} from './host.ts';
import {ownCommand} from './own-command.ts';
import {connectionLost, explainSshFailure, sshFailed} from './ssh-failures.ts';
import {controlPath, prepareSsh, sshCommand} from './ssh.ts';
import {needsRule, sudoRule} from './sudo-rule.ts';

export type AgentVerb = 'serve' | 'send' | 'receive';

export type AgentProcess = {
	readonly stdin: Writable;

	/** What it says; then the failure of a process that was cut off, or never said anything. One that has said why it ends has ended well here. */
	readonly stdout: Readable;

	/** What went wrong; `undefined` when it ended well, or was closed from here. Never rejects. */
	readonly ended: Promise<CoppiceError | undefined>;

	/** Ends its input, and then the process if that was not enough. */
	close(): Promise<void>;
};

const longestStderr = 16 * 1024;
const patience = 2000;

/**
The words that run the engine on a host reached by ssh.
*/
export const engineWords = ({engine = 'coppice', sudo = false}: Pick<HostRecord, 'engine' | 'sudo'>): string[] => sudo ? ['sudo', '-n', engine] : [engine];

const agentCommand = (record: HostRecord, verb: AgentVerb, home: Home): readonly string[] => {
	if (record.kind === 'pool') {
		return [...ownCommand(), verb, '--pool', record.address];
	}

	prepareSsh(home, record);
	return sshCommand(record, [...engineWords(record), verb], {home});
};

/**
Whether a process can be started there over a connection that is there already, or needs none.
*/
export const isShared = (record: HostRecord, home: Home): boolean => record.kind === 'pool' || existsSync(controlPath(home, record));

type Ending = {
	readonly code: number | null;
	readonly stderr: string;

	/** Whether anything had come from it. */
	readonly hasAnswered: boolean;
};

/** What else there is to know of an engine that ended. */
const engineFailure = (record: HostRecord, {code, stderr, hasAnswered}: Ending): CoppiceError => {
	const {name} = record;
	if (record.sudo === true && needsRule(stderr)) {
		return new CoppiceError('host', `The engine on ${name} may not run as root.`, {
			host: name, stderr: plainText(stderr), hint: `Its owner can allow it with \`visudo -f /etc/sudoers.d/coppice\` and this line: ${sudoRule(record)}`,
		});
	}

	if (!hasAnswered && (code === 127 || code === 126)) {
		return new CoppiceError('host', `The engine is not on ${name} any more.`, {
			host: name, stderr: plainText(stderr), hint: `Put it there again: \`coppice host add ${name} ${record.address}${record.port === undefined ? '' : `:${record.port}`}\`.`,
		});
	}

	const how = code === null ? 'was killed' : `ended with exit code ${code}`;
	return new CoppiceError('host', `The engine on ${name} ${how}${hasAnswered ? ' in the middle of its work' : ' without an answer'}.`, {
		host: name,
		stderr: plainText(stderr),
		hint: hasAnswered ? 'Run the command again: what has come through is kept.' : `Run \`coppice host check ${name}\`.`,
	});
};

/**
How a process that was not closed from here is told of. Exit code 0 is a failure to whoever waits for an answer; that is for them to say.
*/
export const explainEnding = (record: HostRecord, ending: Ending): CoppiceError | undefined => {
	const {code, stderr, hasAnswered} = ending;
	if (code === 0) {
		return undefined;
	}

	if (code === sshFailed && record.kind === 'ssh') {
		return hasAnswered ? connectionLost(record.name, stderr) : explainSshFailure({name: record.name, target: record, stderr});
	}

	return engineFailure(record, ending);
};

/**
Starts it. Whether the host can be reached is seen when it answers or ends.
*/
export const startAgent = (record: HostRecord, verb: AgentVerb, home: Home): AgentProcess => {
	const [file = '', ...words] = agentCommand(record, verb, home);

	// In a session of its own: Ctrl-C is this program's to answer, which then tells the other side.
	const child = spawn(file, words, {stdio: ['pipe', 'pipe', 'pipe'], detached: true});
	let stderr = '';
	let hasAnswered = false;
	let isClosed = false;
	child.stderr.setEncoding('utf8').on('data', (text: string) => {
		stderr = `${stderr}${text}`.slice(-longestStderr);
	});
	child.stdin.on('error', () => {
		// The process has ended, and `ended` says how.
	});

	// Whether the end of what it says is not the end that it would have given it.
	let isCut = false;
	const {promise: ended, resolve} = Promise.withResolvers<CoppiceError | undefined>();
	child.once('error', error => {
		const isMissing = 'code' in error && error.code === 'ENOENT';
		resolve(new CoppiceError('precondition', `${file} could not be run: ${isMissing ? 'it is not installed' : error.message}.`, {
			host: record.name, hint: record.kind === 'ssh' ? 'Install the OpenSSH client (`apt-get install openssh-client`).' : 'Run `coppice doctor`.', cause: error,
		}));
	});
	child.once('exit', code => {
		const finish = (): void => {
			// What came may wait for a reader, who is not there yet where a channel was prepared.
			hasAnswered ||= child.stdout.readableLength > 0;
			isCut = !hasAnswered || code === null || (code === sshFailed && record.kind === 'ssh');
			resolve(isClosed ? undefined : explainEnding(record, {code, stderr, hasAnswered}));
		};

		// What it has said comes through pipes, behind the news of its end. An older ssh leaves them to its shared connection, open.
		if (child.stdout.readableEnded && child.stderr.readableEnded) {
			finish();
		} else {
			const timer = setTimeout(finish, patience);
			child.once('close', () => {
				clearTimeout(timer);
				finish();
			});
		}
	});
	const stdout = Readable.from((async function * () {
		for await (const chunk of child.stdout as AsyncIterable<Uint8Array>) {
			hasAnswered = true;
			yield chunk;
		}

		const failure = await ended;
		if (isCut && failure !== undefined) {
			throw failure;
		}
	})(), {objectMode: false});

	// Nobody may be reading any more; whoever does has a listener of its own.
	stdout.on('error', () => {});

	const hasEnded = async (milliseconds: number): Promise<boolean> => Promise.race([
		(async () => {
			await ended;
			return true;
		})(),
		delay(milliseconds, false, {ref: false}),
	]);

	return {
		stdin: child.stdin,
		stdout,
		ended,
		async close() {
			isClosed = true;
			child.stdin.end();
			child.stdout.resume();
			for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
				if (await hasEnded(patience)) {
					return;
				}

				child.kill(signal);
			}

			await ended;
		},
	};
};
