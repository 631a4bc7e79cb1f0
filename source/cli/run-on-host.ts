/**
`-H HOST`: the verb is run by the engine on that host, with this terminal, these streams and its exit code. On another pool of this machine it is run
here, as far as it needs no project.
*/
import {spawn} from 'node:child_process';
import os from 'node:os';
import process from 'node:process';
import {hostCommandLine, explainHostExit, holdComplaints} from '../actions/hosts/host-command.ts';
import {localStack} from '../actions/hosts/local-stack.ts';
import {findHome} from '../host/home.ts';
import {localName, readHost} from '../host/host-registry.ts';
import type {HostRecord} from '../host/host.ts';
import {CoppiceError} from '../system/errors.ts';
import {runVerb} from './run-verb.ts';
import type {
	CommandDescription,
	GlobalOptions,
	Input,
	Verb,
} from './verb.ts';

const globalWords = ({directory, files, json, color, quiet, yes, verbose}: GlobalOptions): string[] => [
	...directory === undefined ? [] : [`--directory=${directory}`],
	...files.map(file => `--file=${file}`),
	...json ? ['--json'] : [],
	...color === undefined ? [] : [color ? '--color' : '--no-color'],
	...quiet ? ['--quiet'] : [],
	...yes ? ['--yes'] : [],
	...verbose ? ['--verbose'] : [],
];

/** The stack that is meant over there, as words. */
const stackWords = async ({needs = 'project'}: CommandDescription, {stack, directory, files, host = ''}: GlobalOptions): Promise<string[]> => {
	if (stack !== undefined) {
		return [`--stack=${stack}`];
	}

	// Said by a folder there, or not needed.
	if (needs !== 'project' || directory !== undefined || files.length > 0) {
		return [];
	}

	const local = await localStack(process.cwd());
	if (local === undefined) {
		throw new CoppiceError('usage', `Which stack on ${host}?`, {hint: 'Name it with `--stack NAME`, or run the command in the folder of the project that has the same stack here.'});
	}

	return [`--stack=${local}`];
};

const runThere = async (record: HostRecord, words: readonly string[], signal: AbortSignal): Promise<number> => {
	const terminal = process.stdin.isTTY && process.stdout.isTTY;
	const [file = '', ...rest] = hostCommandLine(record, words, {home: findHome(), terminal});
	const child = spawn(file, rest, {stdio: ['inherit', 'inherit', terminal ? 'inherit' : 'pipe'], signal});
	const held = holdComplaints(text => {
		process.stderr.write(text);
	});
	child.stderr?.setEncoding('utf8').on('data', (text: string) => {
		held.push(text);
	});
	const code = await new Promise<number>((resolve, reject) => {
		child.once('error', reject);
		child.once('close', (exitCode, killedBy) => {
			resolve(exitCode ?? (128 + os.constants.signals[killedBy ?? 'SIGKILL']));
		});
	});
	const failure = explainHostExit(record, code, held.text());
	if (failure !== undefined) {
		throw failure;
	}

	held.release();
	return code;
};

/**
A verb that runs another one on the host that the global options name.

@param words - Its command line, without global options.
*/
export const createHostVerb = (command: CommandDescription, globals: GlobalOptions, words: readonly string[]): Verb<object, number> => ({
	// What runs there has the terminal.
	interrupts: 'verb',
	async run({signal}, input: Input<object>) {
		const {host = localName} = globals;
		if (host === localName) {
			const {verb} = await command.load();
			return runVerb(verb, {...globals, host: undefined}, input);
		}

		if (command.needs === 'this machine') {
			throw new CoppiceError('usage', `\`coppice ${command.name}\` is for this machine, not for ${host}.`, {hint: `Leave out \`-H ${host}\`.`});
		}

		const record = await readHost(findHome(), host);
		if (record.kind === 'ssh') {
			return runThere(record, [...globalWords(globals), ...await stackWords(command, globals), ...words], signal);
		}

		if (command.needs !== 'nothing') {
			throw new CoppiceError('usage', `The host ${host} is a pool of this machine, and \`coppice ${command.name}\` needs the project of a stack.`, {
				host, hint: `Run \`coppice ${command.name}\` in the folder of the project; \`coppice clone ${host} STACK\` makes one from that pool.`,
			});
		}

		const {verb} = await command.load();
		const hasPool = command.options?.some(({flags}) => flags.startsWith('--pool ')) ?? false;
		return runVerb(verb, {...globals, host: undefined}, {...input, options: {...hasPool && {pool: record.address}, ...input.options}});
	},
	toJson: () => undefined,
	exitCode: code => code,
});
