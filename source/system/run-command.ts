/**
Running other programs: always an argument list, never a shell string; a failure names the command and its stderr.
*/
import process from 'node:process';
import type {Readable} from 'node:stream';
import type {Options} from 'execa';
import {CoppiceError, type ErrorCode, type ErrorContext} from './errors.ts';

export type RunOptions = ErrorContext & {
	readonly cwd?: string;
	/** Added to the environment of this process. */
	readonly env?: Readonly<Record<string, string>>;
	readonly input?: string | Uint8Array | Readable;
	readonly uid?: number;
	readonly gid?: number;
	readonly signal?: AbortSignal;
	/** Milliseconds after which the command is killed. */
	readonly timeout?: number;
	/** The kind of failure to throw; `failed` unless told. */
	readonly code?: ErrorCode;
	readonly hint?: string;
};

export type RunResult = {
	readonly stdout: string;
	readonly stderr: string;
	readonly exitCode: number;
};

/**
Runs a command and returns what it printed, whatever its exit code.

The environment is this process's with `LC_ALL=C`, so that messages can be matched.

@throws CoppiceError `precondition` when the program is not installed; `interrupted` when the signal aborts it.
*/
export const tryCommand = async (command: readonly string[], options: RunOptions = {}): Promise<RunResult> => {
	const [file = '', ...arguments_] = command;
	const {cwd, env, input, uid, gid, signal, timeout, hint, code: _code, ...context} = options;
	const execaOptions: Options = {
		reject: false,
		stripFinalNewline: true,
		env: {LC_ALL: 'C', ...env},
		stdin: input === undefined ? 'ignore' : 'pipe',
		...(cwd !== undefined && {cwd}),
		...(input !== undefined && {input}),
		...(uid !== undefined && {uid}),
		...(gid !== undefined && {gid}),
		...(signal !== undefined && {cancelSignal: signal}),
		...(timeout !== undefined && {timeout}),
	};
	// Loaded when the first command is run: many verbs run none, and must start quickly.
	const {execa} = await import('execa');
	const result = await execa(file, arguments_, execaOptions);
	if (result.isCanceled) {
		throw new CoppiceError('interrupted', `Interrupted while running ${file}.`, {...context, command});
	}

	if (result.exitCode === undefined && result.signal === undefined) {
		if (result.code === 'ENOENT') {
			throw new CoppiceError('precondition', `The program ${file} is not installed.`, {
				...context, command, hint: hint ?? 'Run `coppice doctor`: it says what is missing and how to get it.', cause: result.cause,
			});
		}

		throw new CoppiceError('failed', `${file} could not be run: ${result.shortMessage ?? String(result.cause)}`, {...context, command, cause: result.cause});
	}

	return {stdout: String(result.stdout ?? ''), stderr: String(result.stderr ?? ''), exitCode: result.exitCode ?? 128};
};

/**
Runs a command that must succeed and returns what it printed.

@throws CoppiceError as `tryCommand`, and of the given code when the exit code is not 0, with the command and its stderr.
*/
export const runCommand = async (command: readonly string[], options: RunOptions = {}): Promise<RunResult> => {
	const result = await tryCommand(command, options);
	if (result.exitCode !== 0) {
		const {cwd: _1, env: _2, input: _3, uid: _4, gid: _5, signal: _6, timeout: _7, code, hint, ...context} = options;
		const said = result.stderr.trim().split('\n').at(-1) ?? '';
		throw new CoppiceError(code ?? 'failed', `${command.slice(0, 3).join(' ')} failed${said === '' ? ` with exit code ${result.exitCode}` : `: ${said}`}`, {
			...context, command, stderr: result.stderr, ...(hint !== undefined && {hint}),
		});
	}

	return result;
};

/**
Whether this process may do what only root may.
*/
export const isRoot = (): boolean => process.getuid?.() === 0;
