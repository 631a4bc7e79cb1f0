/**
Runs a command inside a service's container.
*/
import {Buffer} from 'node:buffer';
import {spawn} from 'node:child_process';
import {constants} from 'node:os';
import process from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import {CoppiceError} from '../../system/errors.ts';
import type {ExecOptions, ExecResult} from '../runtime.ts';
import type {StackContainer} from './containers.ts';
import {hasStatus, type Engine} from './engine.ts';
import {readFrames} from './log-frames.ts';

/** Shells and tools answer this when a signal has ended a program: 128 and its number. */
const signalBase = 128;

/** What the docker command itself looks at must not be what is meant for the one inside. */
const ownVariables = /^(?:docker_.*|path|home|ssh_.*|https?_proxy|no_proxy|xdg_.*)$/iv;

const execPiped = async ({docker}: Engine, container: StackContainer, command: readonly string[], options: ExecOptions): Promise<ExecResult> => {
	const {input, env = {}, workingDirectory} = options;
	let exec;
	let stream;
	try {
		exec = await docker.getContainer(container.id).exec({
			Cmd: [...command],
			Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
			AttachStdin: input !== undefined,
			AttachStdout: true,
			AttachStderr: true,
			...(workingDirectory !== undefined && {WorkingDir: workingDirectory}),
		});
		stream = await exec.start({hijack: true, stdin: input !== undefined});
	} catch (error) {
		if (hasStatus(error, 404, 409)) {
			throw new CoppiceError('precondition', `${container.service} has just stopped or was paused, so nothing can be run in it.`, {
				service: container.service, hint: `Start it with \`coppice up ${container.service}\`.`, cause: error,
			});
		}

		throw error;
	}

	stream.end(input);
	const output = {stdout: [] as Uint8Array[], stderr: [] as Uint8Array[]};
	for await (const frame of readFrames(stream as AsyncIterable<Uint8Array>)) {
		output[frame.stream].push(frame.data);
	}

	const textOf = (parts: readonly Uint8Array[]): string => Buffer.concat(parts).toString('utf8');
	for (;;) {
		const {Running: isRunning, ExitCode: exitCode} = await exec.inspect();
		if (!isRunning) {
			return {exitCode: exitCode ?? 0, stdout: textOf(output.stdout), stderr: textOf(output.stderr)};
		}

		// Its output has ended a moment before it.
		await delay(5);
	}
};

/**
The arguments of `docker exec` that connect a command to this terminal. Values of variables may be secrets, and stay out of them.
*/
export const execArguments = (container: string, command: readonly string[], {env = {}, workingDirectory}: ExecOptions, hasTerminal: boolean): string[] => [
	'exec',
	'--interactive',
	...(hasTerminal ? ['--tty'] : []),
	...Object.entries(env).flatMap(([name, value]) => ['--env', ownVariables.test(name) ? `${name}=${value}` : name]),
	...(workingDirectory === undefined ? [] : ['--workdir', workingDirectory]),
	container,
	...command,
];

const execInherited = async ({location}: Engine, container: StackContainer, command: readonly string[], options: ExecOptions): Promise<ExecResult> => {
	const hasTerminal = process.stdin.isTTY && process.stdout.isTTY;
	const variables = Object.fromEntries(Object.entries(options.env ?? {}).filter(([name]) => !ownVariables.test(name)));
	const child = spawn('docker', execArguments(container.id, command, options, hasTerminal), {
		stdio: 'inherit', env: {...process.env, ...location.environment, ...variables},
	});
	// A terminal sends Ctrl-C to both; the command decides what it means.
	const ignore = (): void => undefined;
	process.on('SIGINT', ignore);
	try {
		const exitCode = await new Promise<number>((resolve, reject) => {
			child.once('error', reject);
			child.once('close', (code, signal) => {
				resolve(code ?? (signalBase + (signal === null ? 0 : constants.signals[signal])));
			});
		});
		return {exitCode, stdout: '', stderr: ''};
	} catch (error) {
		throw new CoppiceError('precondition', 'The docker command can\'t be run, which connects a terminal to a container.', {
			service: container.service, hint: 'Install it: the package docker-ce-cli (of Docker) or docker.io (Debian, Ubuntu).', cause: error,
		});
	} finally {
		process.off('SIGINT', ignore);
	}
};

/**
Runs a command in a container and returns what it printed, or connects it to this terminal.

@throws CoppiceError `precondition` where the container does not run any more.
*/
export const execInContainer = async (engine: Engine, container: StackContainer, command: readonly string[], options: ExecOptions): Promise<ExecResult> =>
	options.stdio === 'inherit' ? execInherited(engine, container, command, options) : execPiped(engine, container, command, options);
