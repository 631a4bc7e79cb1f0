/**
Runs a command beside a service, on the host: with the service's variables, those by which its clients find it, and as its user.
*/
import {spawn} from 'node:child_process';
import {constants} from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {CoppiceError, isSystemError} from '../../system/errors.ts';
import {isRoot} from '../../system/run-command.ts';
import type {Service, Stack} from '../../stack/stack.ts';
import type {ExecOptions, ExecResult} from '../runtime.ts';
import {clientEnvironment} from './client-environment.ts';
import {recogniseService} from './known-images.ts';
import {hostMounts} from './mounts.ts';
import {firstClosedFolder} from './reachable.ts';
import type {ServiceRecord} from './supervisor-state.ts';

/** Shells and tools answer this when a signal has ended a program: 128 and its number. */
const signalBase = 128;

const redisClients = new Set(['redis-cli', 'valkey-cli']);
const redisAddress = new Set(['-h', '-p', '-s', '-u', '--help', '--version', '-v']);

/**
The client of Redis takes its address from no variable: without one on its command line it would ask whatever server listens on the
usual port of this host, which may be another's.
*/
export const withRedisAddress = (command: readonly string[], socket: string | undefined): readonly string[] => {
	const [program = '', ...rest] = command;
	return socket === undefined || !redisClients.has(path.basename(program)) || rest.some(word => redisAddress.has(word))
		? command
		: [program, '-s', socket, ...rest];
};

export type ExecTarget = {
	readonly stack: Stack;
	readonly service: Service;
	readonly record: ServiceRecord;
	readonly volumeFolders: Readonly<Record<string, string>>;
	readonly stateFolder: string;
};

/**
Runs a command and returns what it printed, or connects it to this terminal.

@throws CoppiceError `precondition` where the program is not on this host.
*/
export const execBeside = async (target: ExecTarget, command: readonly string[], options: ExecOptions): Promise<ExecResult> => {
	const {stack, service, record, volumeFolders, stateFolder} = target;
	const known = recogniseService(service);
	const {user} = record;
	if (known === undefined || user === undefined) {
		throw new CoppiceError('precondition', `The process runtime can't run ${service.name}.`, {service: service.name});
	}

	const mounts = hostMounts(service, volumeFolders, stateFolder);
	const environment = {...await clientEnvironment(service, known, record, mounts), TERM: process.env.TERM ?? 'dumb', ...options.env};
	const asked = options.workingDirectory ?? stack.projectFolder;
	const workingFolder = await firstClosedFolder(asked, user, {inside: true}).catch(() => asked) === undefined ? asked : '/';
	const [program = '', ...arguments_] = known.recipe === 'redis' ? withRedisAddress(command, record.socket) : command;
	const isPiped = options.stdio === 'pipe';
	const child = spawn(program, arguments_, {
		cwd: workingFolder,
		env: environment,
		stdio: isPiped ? [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] : 'inherit',
		...(isRoot() && {uid: user.uid, gid: user.gid}),
	});
	// A terminal sends Ctrl-C to both; the command decides what it means.
	const ignore = (): void => undefined;
	if (!isPiped) {
		process.on('SIGINT', ignore);
	}

	const output = {stdout: '', stderr: ''};
	for (const name of ['stdout', 'stderr'] as const) {
		child[name]?.setEncoding('utf8').on('data', (text: string) => {
			output[name] += text;
		});
	}

	child.stdin?.on('error', ignore);
	child.stdin?.end(options.input);
	try {
		const exitCode = await new Promise<number>((resolve, reject) => {
			child.once('error', reject);
			child.once('close', (code, signal) => {
				resolve(code ?? (signalBase + (signal === null ? 0 : constants.signals[signal])));
			});
		});
		return {exitCode, ...output};
	} catch (error) {
		if (isSystemError(error, 'ENOENT')) {
			throw new CoppiceError('precondition', `The program ${program} is not on this host, where the services of this stack run.`, {
				service: service.name, cause: error, hint: 'Install it; for `psql`: `apt-get install postgresql-client`.',
			});
		}

		throw new CoppiceError('failed', `${program} could not be run: ${error instanceof Error ? error.message : String(error)}.`, {service: service.name, cause: error});
	} finally {
		process.off('SIGINT', ignore);
	}
};
