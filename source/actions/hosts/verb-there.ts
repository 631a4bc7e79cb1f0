/**
A verb on a stack of another host, run by the engine there as `coppice -H HOST --stack NAME VERB` runs it; for programs: its progress as events, its
result as the JSON that it prints, its failure with the message and the hint that it gave.
*/
import {spawn, type ChildProcessByStdio} from 'node:child_process';
import os from 'node:os';
import type {Readable, Writable} from 'node:stream';
import {z} from 'zod';
import {errorCode, plainText, shownText} from '../../host/agent-errors.ts';
import type {Home} from '../../host/home.ts';
import type {HostRecord} from '../../host/host.ts';
import {sshFailed} from '../../host/ssh-failures.ts';
import type {LogLine} from '../../runtime/runtime.ts';
import {CoppiceError} from '../../system/errors.ts';
import {withoutControls} from '../../system/format.ts';
import type {ProgressEvent, Report} from '../progress.ts';
import {explainHostExit, hostCommandLine} from './host-command.ts';

export type StackThere = {
	readonly home: Home;
	readonly record: HostRecord;
	readonly stack: string;

	/** Whether the engine there knows `--stop-at-eof`: one that does not can't be told to stop, it is only left. */
	readonly canStop: boolean;
};

export type ThereOptions = {readonly signal?: AbortSignal; readonly report?: Report};

/** Bytes of a result, and of a line beside it; what is longer is no answer of ours. */
const longestResult = 64 * 1024 * 1024;
const longestLine = 1024 * 1024;

/** How long one that was told to stop may take to clean up. */
const patienceMilliseconds = 20_000;

const amount = z.number().min(0).max(Number.MAX_SAFE_INTEGER);

const eventSchema = z.discriminatedUnion('type', [
	z.object({type: z.literal('step'), message: shownText}),
	z.object({type: z.literal('notice'), message: shownText}),
	z.object({
		type: z.literal('progress'), task: shownText, done: amount, total: amount.optional(), unit: z.enum(['bytes', 'rows', 'files']),
		wireBytes: amount.optional(), resumedBytes: amount.optional(), transfer: shownText.optional(),
	}),
]);

const errorSchema = z.object({error: z.object({code: errorCode, message: shownText, hint: shownText.optional()})});

const logSchema = z.object({
	service: shownText, time: z.iso.datetime({offset: true}), stream: z.enum(['stdout', 'stderr']), text: z.string(),
});

const readJson = (text: string): unknown => {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
};

/** Nothing of it can drive the terminal that it is shown on. */
const withoutControlsIn = (value: unknown): unknown => {
	if (typeof value === 'string') {
		return withoutControls(value);
	}

	if (Array.isArray(value)) {
		return value.map(item => withoutControlsIn(item));
	}

	return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutControlsIn(item)])) : value;
};

/**
The lines of a stream as they come. One that is too long is cut.

@yields A line, without its end.
*/
const linesOf = async function * (input: Readable): AsyncGenerator<string> {
	let rest = '';
	for await (const chunk of input.setEncoding('utf8') as AsyncIterable<string>) {
		const lines = `${rest}${chunk}`.split('\n');
		rest = (lines.pop() ?? '').slice(0, longestLine);
		yield * lines;
	}

	if (rest !== '') {
		yield rest;
	}
};

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

const startThere = ({home, record, stack, canStop}: StackThere, words: readonly string[]): {readonly child: Child; readonly ended: Promise<number>} => {
	const [file = '', ...rest] = hostCommandLine(record, ['--json', '--yes', `--stack=${stack}`, ...canStop ? ['--stop-at-eof'] : [], ...words], {home, terminal: false});

	// In a session of its own: neither Ctrl-C nor a question for a password gets to the terminal.
	const child = spawn(file, rest, {stdio: ['pipe', 'pipe', 'pipe'], detached: true});
	child.stdin.on('error', () => {
		// It has ended.
	});
	const ended = new Promise<number>((resolve, reject) => {
		child.once('error', error => {
			reject(new CoppiceError('precondition', `${file} could not be run: ${error.message}.`, {host: record.name, hint: 'Install the OpenSSH client (`apt-get install openssh-client`).', cause: error}));
		});
		child.once('close', (code, killedBy) => {
			resolve(code ?? (128 + os.constants.signals[killedBy ?? 'SIGKILL']));
		});
	});
	return {child, ended};
};

/** Ends it when the signal aborts: it is told, and after a while only left. */
const stopBy = (child: Child, canStop: boolean, signal: AbortSignal | undefined): {[Symbol.dispose](): void} => {
	let timer: NodeJS.Timeout | undefined;
	const stop = (): void => {
		child.stdin.end();
		timer = setTimeout(() => {
			child.kill('SIGTERM');
		}, canStop ? patienceMilliseconds : 0);
	};

	if (signal?.aborted === true) {
		stop();
	}

	signal?.addEventListener('abort', stop, {once: true});
	return {
		[Symbol.dispose]() {
			clearTimeout(timer);
			signal?.removeEventListener('abort', stop);
		},
	};
};

type Said = {text: string; error?: z.infer<typeof errorSchema>['error']};

/** What is said beside the result: events, an error, and what else there is, of ssh. */
const listen = async (input: Readable, said: Said, report: Report | undefined): Promise<void> => {
	for await (const line of linesOf(input)) {
		const value = readJson(line);
		const event = eventSchema.safeParse(value);
		const error = errorSchema.safeParse(value);
		if (event.success) {
			report?.(event.data);
		} else if (error.success) {
			said.error = error.data.error;
		} else {
			said.text = `${said.text}${line}\n`.slice(-16 * 1024);
		}
	}
};

type Ending = {readonly code: number; readonly said: Said; readonly signal: AbortSignal | undefined};

const failureOf = ({record, stack, canStop}: StackThere, words: readonly string[], {code, said, signal}: Ending): CoppiceError => {
	const {name} = record;
	if (said.error !== undefined) {
		const {code: kind, message, hint} = said.error;
		return new CoppiceError(kind, message, {host: name, stack, ...(hint !== undefined && {hint})});
	}

	if (signal?.aborted === true) {
		return new CoppiceError('interrupted', canStop ? 'Interrupted.' : `Left: the engine on ${name} is too old to be told to stop, so \`${words[0]}\` may go on there.`, {host: name, stack});
	}

	return explainHostExit(record, code, said.text) ?? new CoppiceError('failed', `\`coppice ${words[0]}\` on ${name} ended with exit code ${code}.`, {
		host: name, stack, stderr: plainText(said.text), hint: `See what it says: \`coppice -H ${name} --stack ${stack} ${words[0]}\`.`,
	});
};

/**
Runs it and returns its result as it was printed: JSON of another host, of which nothing is checked but that it has
no control characters.

@throws CoppiceError as the verb there has failed; `host` where it can't be reached or the line was cut; `interrupted` by the signal.
*/
export const runVerbThere = async (place: StackThere, words: readonly string[], {signal, report}: ThereOptions = {}): Promise<unknown> => {
	const {child, ended} = startThere(place, words);
	using _stopping = stopBy(child, place.canStop, signal);
	const said: Said = {text: ''};
	const parts: string[] = [];
	let length = 0;
	const gather = async (): Promise<void> => {
		for await (const part of child.stdout.setEncoding('utf8') as AsyncIterable<string>) {
			length += part.length;
			if (length <= longestResult) {
				parts.push(part);
			}
		}
	};

	const [code] = await Promise.all([ended, gather(), listen(child.stderr, said, report)]);
	const text = parts.join('');
	const result = readJson(text);

	// A verb that has looked and found faults (`doctor`) ends with its result and another code than 0.
	const hasFailed = code !== 0 && (said.error !== undefined || result === undefined || code === sshFailed || signal?.aborted === true);
	if (hasFailed) {
		throw failureOf(place, words, {code, said, signal});
	}

	if (length > longestResult || (result === undefined && text.trim() !== '')) {
		throw new CoppiceError('host', `What \`coppice ${words[0]}\` on ${place.record.name} has printed can't be read.`, {host: place.record.name, hint: `Run \`coppice host check ${place.record.name}\`.`});
	}

	return withoutControlsIn(result);
};

type Following = {readonly tail?: number; readonly since?: Date; readonly signal: AbortSignal};

/**
The lines that the services there log, until the signal aborts or the connection ends.

@yields A line of one of them.

@throws CoppiceError as `runVerbThere`.
*/
export const followLogsThere = async function * (place: StackThere, {tail, since, signal}: Following): AsyncGenerator<LogLine> {
	const words = ['logs', '--follow', ...tail === undefined ? [] : [`--tail=${tail}`], ...since === undefined ? [] : [`--since=${since.toISOString()}`]];
	const {child, ended} = startThere(place, words);
	using _stopping = stopBy(child, place.canStop, signal);
	const said: Said = {text: ''};
	const listening = listen(child.stderr, said, undefined);
	try {
		for await (const line of linesOf(child.stdout)) {
			const read = logSchema.safeParse(readJson(line));
			if (read.success) {
				yield read.data;
			}
		}

		const [code] = await Promise.all([ended, listening]);
		if (code !== 0 && !signal.aborted) {
			throw failureOf(place, words, {code, said, signal});
		}
	} finally {
		child.stdin.end();
		ended.catch(() => {
			// Nobody reads it any more.
		});
	}
};

/**
Runs a verb there that has this terminal.

@returns Its exit code.
@throws CoppiceError `host` where it can't be reached.
*/
export const runOnTerminalThere = async ({home, record, stack}: Omit<StackThere, 'canStop'>, words: readonly string[]): Promise<number> => {
	const [file = '', ...rest] = hostCommandLine(record, [`--stack=${stack}`, ...words], {home, terminal: true});
	const child = spawn(file, rest, {stdio: 'inherit'});
	const code = await new Promise<number>((resolve, reject) => {
		child.once('error', reject);
		child.once('exit', (exitCode, killedBy) => {
			resolve(exitCode ?? (128 + os.constants.signals[killedBy ?? 'SIGKILL']));
		});
	});
	const failure = explainHostExit(record, code, '');
	if (failure !== undefined) {
		throw failure;
	}

	return code;
};
