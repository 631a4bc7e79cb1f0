/**
A `coppice serve`, `send` or `receive` as another host starts it: a process of the built program, and the two ends of its pipes.
*/
import {Buffer} from 'node:buffer';
import {spawn} from 'node:child_process';
import process from 'node:process';
import type {Readable, Writable} from 'node:stream';
import {setTimeout as delay} from 'node:timers/promises';
import {
	createMessageConnection,
	ResponseError,
	StreamMessageReader,
	StreamMessageWriter,
} from 'vscode-jsonrpc/node';
import {fromRpcError} from '../../../source/host/agent-errors.ts';
import {
	agentMethods,
	type AgentMethod,
	type ParamsOf,
	type ResultOf,
} from '../../../source/host/agent-protocol.ts';
import {changedNotification, changedParams, type Changes} from '../../../source/host/view-methods.ts';
import {buildCli, cliEnvironment, cliPath} from '../../fixtures/built-cli.ts';

export type AgentProcess = {
	readonly input: Writable;
	readonly output: Readable;
	readonly stderr: () => string;
	readonly ended: Promise<number | null>;
	kill(): void;
};

export type Env = Readonly<Record<string, string | undefined>>;

export const startProcess = async (words: readonly string[], env: Env): Promise<AgentProcess> => {
	await buildCli();
	const child = spawn(process.execPath, [cliPath, ...words], {env: cliEnvironment(env), stdio: ['pipe', 'pipe', 'pipe']});
	let stderr = '';
	child.stderr.setEncoding('utf8').on('data', (text: string) => {
		stderr += text;
	});
	child.stdin.on('error', () => {
		// It has ended.
	});
	const ended = new Promise<number | null>(resolve => {
		child.once('close', resolve);
	});
	return {
		input: child.stdin,
		output: child.stdout,
		stderr: () => stderr,
		ended,
		kill() {
			child.kill('SIGKILL');
		},
	};
};

export type Client = AgentProcess & {
	/** Throws a CoppiceError as the agent does. */
	call<Method extends AgentMethod>(method: Method, params: ParamsOf<Method>): Promise<ResultOf<Method>>;

	/** Says anything. */
	say(method: string, params: unknown): Promise<unknown>;

	/** Told what the agent says has changed. */
	onChanged(listener: (changes: Changes) => void): void;

	/** Ends the input and waits. */
	close(): Promise<number | null>;
};

/**
A client of an agent, ended with the test.
*/
export const startServe = async (words: readonly string[], env: Env): Promise<Client> => {
	const agent = await startProcess(['serve', ...words], env);
	const connection = createMessageConnection(new StreamMessageReader(agent.output), new StreamMessageWriter(agent.input));
	connection.listen();
	const over = (async (): Promise<never> => {
		const code = await agent.ended;
		throw new Error(`it ended with ${code}: ${agent.stderr()}`);
	})();
	over.catch(() => {
		// Told to who asks.
	});
	const say = async (method: string, params: unknown): Promise<unknown> => {
		try {
			return await Promise.race([connection.sendRequest(method, params), over]);
		} catch (error) {
			throw error instanceof ResponseError ? fromRpcError(error as {message: string; data?: unknown}, 'there') : error;
		}
	};

	return {
		...agent,
		say,
		onChanged(listener) {
			connection.onNotification(changedNotification, (params: unknown) => {
				listener(changedParams.parse(params).changes);
			});
		},
		async call(method, params) {
			return agentMethods[method].result.parse(await say(method, params)) as ResultOf<typeof method>;
		},
		async close() {
			agent.input.end();
			const code = await Promise.race([agent.ended, delay(30_000, 'late' as const, {ref: false})]);
			connection.dispose();
			if (code === 'late') {
				agent.kill();
				throw new Error('it did not end with its input');
			}

			return code;
		},
	};
};

export type Said = {readonly stdout: string; readonly stderr: string; readonly exitCode: number | null};

/**
Writes raw bytes to an agent, ends its input, and gathers what it says.
*/
export const sayRaw = async (words: readonly string[], env: Env, input: string | Uint8Array): Promise<Said> => {
	const agent = await startProcess(words, env);
	let stdout = '';
	agent.output.setEncoding('utf8').on('data', (text: string) => {
		stdout += text;
	});
	agent.input.end(input);
	const exitCode = await agent.ended;
	return {stdout, stderr: agent.stderr(), exitCode};
};

/** A message as the base protocol has it. */
export const frame = (value: unknown): string => {
	const text = typeof value === 'string' ? value : JSON.stringify(value);
	return `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
};
