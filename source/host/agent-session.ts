/**
A conversation with the agent of a host: JSON-RPC 2.0 over the standard streams of its process. Whatever comes back has passed the schema of its
method before anybody sees it.
*/
import {z} from 'zod';
import {CoppiceError} from '../system/errors.ts';
import {fromRpcError, plainText} from './agent-errors.ts';
import {
	agentMethods,
	type AgentMethod,
	type ParamsOf,
	type ResultOf,
} from './agent-protocol.ts';
import type {AgentProcess} from './agent-process.ts';
import type {HostRecord} from './host.ts';
import {joinHeads} from './join-heads.ts';
import {boundMessages} from './message-bounds.ts';
import {connectionLost} from './ssh-failures.ts';
import {changedNotification, changedParams, type Changes} from './view-methods.ts';

export type AgentSession = {
	/** Asks without reading the answer by a schema. For `hello`, whose answer tells whether the schemas hold at all. */
	ask(method: AgentMethod, params: unknown, signal?: AbortSignal): Promise<unknown>;
	call<Method extends AgentMethod>(method: Method, params: ParamsOf<Method>, signal?: AbortSignal): Promise<ResultOf<Method>>;

	/** Told what the other side says has changed, once it was asked to watch. */
	onChanged(listener: (changes: Changes) => void): void;

	/** Settles when nothing can be asked any more. */
	readonly ended: Promise<CoppiceError>;
	close(): Promise<void>;
};

/** Characters of what is wrong with an answer that are told: it repeats what the other side has sent. */
const longestFault = 300;

/** JSON-RPC 2.0 and its use in the Language Server Protocol. */
const methodNotFound = -32_601;
const requestCancelled = -32_800;

/** Of vscode-jsonrpc: a message could not be written or read, or the connection was closed while waiting. Never from the other side. */
const isOfConnection = (code: number): boolean => code >= -32_099 && code <= -32_096;

/**
Whether a call failed since the engine on the other side is from before the method.
*/
export const isUnknownMethod = (error: unknown): boolean =>
	error instanceof CoppiceError && error.cause instanceof Error && 'code' in error.cause && error.cause.code === methodNotFound;

const interrupted = (method: string, host: string): CoppiceError => new CoppiceError('interrupted', `Interrupted while asking ${host} (${method}).`, {host});

const withHost = ({code, message, context, hint, cause}: CoppiceError, host: string): CoppiceError => new CoppiceError(code, message, {
	...context, host, cause, ...(hint !== undefined && {hint}),
});

/**
What an answer says, by the schema of its method.

@throws CoppiceError `host` for an answer that the schema does not take.
*/
export const readResult = <Method extends AgentMethod>(method: Method, value: unknown, host: string): ResultOf<Method> => {
	const read = agentMethods[method].result.safeParse(value);
	if (!read.success) {
		throw new CoppiceError('host', `The host ${host} answered ${method} with something that this engine can't read: ${plainText(z.prettifyError(read.error).split('\n', 2).join(' ')).slice(0, longestFault)}`, {
			host, hint: `Run \`coppice host check ${host}\`: it compares the versions of both sides.`,
		});
	}

	return read.data as ResultOf<Method>;
};

/**
Begins to talk with a process that serves.
*/
export const openSession = async (agent: AgentProcess, {name}: Pick<HostRecord, 'name'>): Promise<AgentSession> => {
	const {
		createMessageConnection, StreamMessageReader, StreamMessageWriter, CancellationTokenSource, ResponseError,
	} = await import('./json-rpc.ts');
	const {promise: ended, resolve: end} = Promise.withResolvers<CoppiceError>();
	const bounded = boundMessages();
	agent.stdout.once('error', error => {
		bounded.destroy(error);
	});
	agent.stdout.pipe(bounded);
	bounded.once('error', error => {
		end(error instanceof CoppiceError ? withHost(error, name) : connectionLost(name));
		void agent.close();
	});
	const joined = joinHeads();
	joined.pipe(agent.stdin);
	const connection = createMessageConnection(new StreamMessageReader(bounded), new StreamMessageWriter(joined));
	connection.onError(([error, message]) => {
		// What could not be written (it comes with its message) is told by the end of the process. Not JSON: what follows can't be trusted either.
		if (message === undefined) {
			bounded.destroy(new CoppiceError('host', `What came from the other side can't be read: ${plainText(error.message).slice(0, longestFault)}`, {cause: error}));
		}
	});
	let onChanged = (_changes: Changes): void => {};
	connection.onNotification(changedNotification, (params: unknown) => {
		const read = changedParams.safeParse(params);

		// One that can't be read tells nothing: what it was about is seen when it is asked for next.
		if (read.success) {
			onChanged(read.data.changes);
		}
	});
	connection.listen();
	void (async () => {
		const failure = await agent.ended;
		end(failure ?? connectionLost(name));
		connection.dispose();
	})();

	const translate = async (error: unknown, method: AgentMethod): Promise<CoppiceError> => {
		if (error instanceof ResponseError && error.code === methodNotFound) {
			return new CoppiceError('host', `The engine on ${name} does not know ${method}.`, {host: name, hint: 'It is of another version: update the older side.', cause: error});
		}

		if (error instanceof ResponseError && error.code === requestCancelled) {
			return interrupted(method, name);
		}

		// How the process ended says more than that the connection is closed.
		return error instanceof ResponseError && !isOfConnection(error.code) ? fromRpcError(error, name) : ended;
	};

	const ask: AgentSession['ask'] = async (method, params, signal) => {
		if (signal?.aborted === true) {
			throw interrupted(method, name);
		}

		const source = new CancellationTokenSource();
		const {promise: aborted, reject: abort} = Promise.withResolvers<never>();
		const onAbort = (): void => {
			source.cancel();
			abort(interrupted(method, name));
		};

		signal?.addEventListener('abort', onAbort, {once: true});
		const request = (async () => {
			try {
				return await connection.sendRequest<unknown>(method, params, source.token);
			} catch (error) {
				throw await translate(error, method);
			}
		})();
		const lost = (async () => {
			throw await ended;
		})();
		try {
			return await Promise.race([request, aborted, lost]);
		} finally {
			signal?.removeEventListener('abort', onAbort);
			source.dispose();

			// Whichever of them comes second has nobody to tell.
			request.catch(() => {});
			lost.catch(() => {});
		}
	};

	return {
		ended,
		onChanged(listener) {
			onChanged = listener;
		},
		ask,
		async call(method, params, signal) {
			return readResult(method, await ask(method, agentMethods[method].params.parse(params), signal), name);
		},
		async close() {
			await agent.close();
			connection.dispose();
		},
	};
};
