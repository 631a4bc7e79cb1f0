/**
What a process of the agent does: `serve`, `send` or `receive`, with its standard streams.
*/
import process from 'node:process';
import {findHome} from '../../host/home.ts';
import {agentMethods, type AgentMethod, type AgentService} from '../../host/agent-protocol.ts';
import {sendFailure} from '../../transfer/failure.ts';
import {readRequest} from '../../transfer/request.ts';
import {standardChannel} from '../../transfer/standard-channel.ts';
import {openAccess} from './access.ts';
import type {Agent} from './agent.ts';
import {readForcedCommand, type AgentEntry} from './forced-command.ts';
import {createAgentService} from './methods.ts';
import {receiveOne} from './receive-one.ts';
import {sendOne} from './send-one.ts';
import {serveAgent} from './serve.ts';

export type AgentOptions = {
	/** Only this pool. */
	readonly pool?: string | undefined;

	/** The role that limits the caller. */
	readonly policy?: string | undefined;
	readonly signal?: AbortSignal | undefined;
};

const openAgent = async ({pool, policy}: AgentOptions): Promise<Agent> => {
	const home = findHome();
	return {access: await openAccess(home, policy), options: {home, ...(pool !== undefined && {pool})}};
};

/** Answers everything with the one reason for which nothing is allowed, so that the other side can show it. */
const refuseAll = (reason: unknown): AgentService => {
	const refuse = async (): Promise<never> => {
		throw reason;
	};

	return Object.fromEntries(Object.keys(agentMethods).map(method => [method, refuse])) as Record<AgentMethod, typeof refuse>;
};

const serve = async (options: AgentOptions): Promise<void> => {
	const streams = {input: process.stdin, output: process.stdout, ...(options.signal !== undefined && {signal: options.signal})};
	let agent: Agent;
	try {
		agent = await openAgent(options);
	} catch (error) {
		await serveAgent(refuseAll(error), streams);
		throw error;
	}

	await serveAgent(createAgentService(agent), streams);
};

const transfer = async (entry: 'send' | 'receive', options: AgentOptions): Promise<void> => {
	const {signal} = options;
	const channel = standardChannel();
	try {
		const request = await readRequest(channel, signal === undefined ? {} : {signal});
		const agent = await openAgent(options);
		await (entry === 'send' ? sendOne : receiveOne)(agent, channel, request, signal);
	} catch (error) {
		await sendFailure(channel, error);
		throw error;
	}
};

/**
Runs until the other side has ended or the transfer is through.

@throws CoppiceError of what failed; the other side has been told.
*/
export const runAgent = async (entry: AgentEntry, options: AgentOptions): Promise<void> => entry === 'serve' ? serve(options) : transfer(entry, options);

/**
What `coppice serve` is to do: to serve; or, as the forced command of a key, one of the three that the client may ask for.

@throws CoppiceError `permission` for anything else that a client asks for.
*/
export const chooseEntry = (policy: string | undefined, environment: NodeJS.ProcessEnv = process.env): AgentEntry => {
	const {SSH_ORIGINAL_COMMAND: original, SSH_CONNECTION: connection} = environment;
	// Tried by hand, without ssh, it serves.
	return policy === undefined || (original === undefined && connection === undefined) ? 'serve' : readForcedCommand(original);
};
