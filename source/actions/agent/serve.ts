/**
`coppice serve`: answers the methods of the agent over a pair of streams, JSON-RPC 2.0 in the base protocol of vscode-jsonrpc, until the other side ends.
*/
import {
	Transform,
	type Readable,
	type TransformCallback,
	type Writable,
} from 'node:stream';
import {setImmediate as breathe} from 'node:timers/promises';
import {
	createMessageConnection,
	ErrorCodes,
	Message,
	ResponseError,
	StreamMessageReader,
	StreamMessageWriter,
	type CancellationToken,
} from 'vscode-jsonrpc/node';
import type {z} from 'zod';
import {CoppiceError} from '../../system/errors.ts';
import {toRpcError} from '../../host/agent-errors.ts';
import {agentMethods, type AgentMethod, type AgentService} from '../../host/agent-protocol.ts';
import {joinHeads} from '../../host/join-heads.ts';
import {boundMessages} from '../../host/message-bounds.ts';
import {changedNotification} from '../../host/view-methods.ts';
import type {Announcements} from './announcements.ts';

/** Calls at a time of one connection: each may hold as much as a message. */
const mostCalls = 16;

const isMethod = (name: string): name is AgentMethod => Object.hasOwn(agentMethods, name);

/** Nothing that the other side sent is repeated in full. */
const explain = (error: z.ZodError): string => {
	const [issue] = error.issues;
	const place = issue?.path.join('.').slice(0, 100) ?? '';
	return `${place === '' ? 'they' : place}: ${(issue?.message ?? 'not right').slice(0, 200)}`;
};

/**
Calls a method of the service by its name, with parameters that came from outside. What it answers is held against the protocol as well, so that nothing
is told that is not in it.

@throws ResponseError for a method that is not of the protocol; CoppiceError `usage` for such parameters; else what the method throws.
*/
export const callMethod = async (service: AgentService, name: string, params: unknown, signal: AbortSignal): Promise<unknown> => {
	if (!isMethod(name)) {
		throw new ResponseError(ErrorCodes.MethodNotFound, 'This host has no such method.');
	}

	const {params: asked, result} = agentMethods[name];
	const read = asked.safeParse(params);
	if (!read.success) {
		throw new CoppiceError('usage', `The parameters of ${name} are not right: ${explain(read.error)}.`, {hint: 'Update Coppice on the older of both sides.'});
	}

	// The schema of this very method has read them.
	const call = service[name] as (given: unknown, signal: AbortSignal) => Promise<unknown>;
	return result.parse(await call(read.data, signal));
};

const signalOf = (token: CancellationToken, ended: AbortSignal): AbortSignal => {
	const controller = new AbortController();
	token.onCancellationRequested(() => {
		controller.abort();
	});
	if (token.isCancellationRequested) {
		controller.abort();
	}

	return AbortSignal.any([controller.signal, ended]);
};

const toResponseError = (error: unknown): ResponseError<unknown> => {
	if (error instanceof ResponseError) {
		return error;
	}

	const {code, message, data} = toRpcError(error);
	return new ResponseError(code, message, data);
};

/** Turns of the event loop that a message takes at most from its last byte to its call, and an answer to its output. */
const turns = 10;

/** Waits for all calls, those too whose messages have only just come. */
const settle = async (calls: ReadonlySet<Promise<unknown>>): Promise<void> => {
	for (let quiet = 0; quiet < turns; quiet++) {
		if (calls.size > 0) {
			await Promise.allSettled(calls);
			quiet = 0;
		}

		await breathe();
	}
};

/**
Passes on what comes only while what was asked is answered and the answers are read: both would pile up for who asks and does not listen.
*/
const paceBy = (reader: StreamMessageReader, writer: StreamMessageWriter): Transform => {
	const [listen, write] = [reader.listen.bind(reader), writer.write.bind(writer)];
	let open = 0;
	let wake = (): void => {};
	reader.listen = heard => listen(message => {
		open += Message.isRequest(message) ? 1 : 0;
		heard(message);
	});
	writer.write = async message => {
		try {
			await write(message);
		} finally {
			open -= Message.isResponse(message) ? 1 : 0;
			wake();
		}
	};

	const untilAnswered = async (): Promise<void> => {
		// What has just come is not heard at once.
		for (let turn = 0; turn < turns; turn++) {
			await breathe();
		}

		// eslint-disable-next-line no-unmodified-loop-condition -- By every answer that is read.
		while (open >= mostCalls) {
			const {promise, resolve} = Promise.withResolvers<void>();
			wake = resolve;
			await promise;
		}
	};

	return new Transform({
		transform(chunk: Uint8Array, _encoding: BufferEncoding, callback: TransformCallback) {
			this.push(chunk);
			void (async () => {
				await untilAnswered();
				callback();
			})();
		},
	});
};

export type ServeStreams = {
	readonly input: Readable;
	readonly output: Writable;

	/** Ends it as if the other side had gone. */
	readonly signal?: AbortSignal;

	/** What the other side is told without having asked. */
	readonly announcements?: Announcements;
};

/**
Serves until the input ends. What is at work then is interrupted where nothing was changed yet, and else finished, before this returns.

@throws CoppiceError `host` for what is no message of the protocol: who sends such a thing is not listened to any further.
*/
export const serveAgent = async (service: AgentService, {
	input, output, signal, announcements,
}: ServeStreams): Promise<void> => {
	const bounded = boundMessages();
	const reader = new StreamMessageReader(bounded);
	const joined = joinHeads();
	joined.pipe(output);
	const writer = new StreamMessageWriter(joined);
	const paced = paceBy(reader, writer);
	const connection = createMessageConnection(reader, writer);
	const ended = new AbortController();
	const calls = new Set<Promise<unknown>>();
	let failure: unknown;
	const over = new Promise<void>(resolve => {
		const end = (error?: unknown) => {
			failure ??= error;
			resolve();
		};

		bounded.once('error', end);
		bounded.once('end', () => {
			end();
		});
		input.once('error', end);
		// Nobody reads the answers any more.
		output.once('error', () => {
			end();
		});
		reader.onError(error => {
			end(new CoppiceError('host', 'What came from the other side is no message of Coppice.', {cause: error}));
		});
		signal?.addEventListener('abort', () => {
			end();
		}, {once: true});
		if (signal?.aborted === true) {
			end();
		}
	});

	connection.onRequest(async (name, params, token) => {
		if (calls.size >= mostCalls) {
			throw new ResponseError(ErrorCodes.InvalidRequest, `Too many calls at a time: at most ${mostCalls} are answered.`);
		}

		const call = callMethod(service, name, params, signalOf(token, ended.signal));
		calls.add(call);
		try {
			return await call;
		} catch (error) {
			throw toResponseError(error);
		} finally {
			calls.delete(call);
		}
	});
	// Methods have an answer each: what asks for none is passed over.
	connection.onNotification(() => {});
	connection.listen();
	announcements?.connect(async changes => connection.sendNotification(changedNotification, {changes}));
	input.pipe(paced).pipe(bounded);
	await over;
	ended.abort();
	announcements?.stop();
	input.unpipe(paced);
	await settle(calls);
	connection.dispose();
	if (failure !== undefined) {
		throw failure;
	}
};
