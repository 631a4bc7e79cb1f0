/**
What the process `coppice serve` does, with its standard streams: it answers the methods of the agent.
*/
import process from 'node:process';
import {agentMethods, type AgentMethod, type AgentService} from '../../host/agent-protocol.ts';
import type {Agent} from './agent.ts';
import {createAnnouncements} from './announcements.ts';
import {createAgentService} from './methods.ts';
import {openAgent, type AgentOptions} from './open-agent.ts';
import {serveAgent} from './serve.ts';

/** Answers everything with the one reason for which nothing is allowed, so that the other side can show it. */
const refuseAll = (reason: unknown): AgentService => {
	const refuse = async (): Promise<never> => {
		throw reason;
	};

	return Object.fromEntries(Object.keys(agentMethods).map(method => [method, refuse])) as Record<AgentMethod, typeof refuse>;
};

/**
Runs until the other side has ended.

@throws CoppiceError of what failed; the other side has been told.
*/
export const runServe = async (options: AgentOptions): Promise<void> => {
	const streams = {input: process.stdin, output: process.stdout, ...(options.signal !== undefined && {signal: options.signal})};
	let agent: Agent;
	try {
		agent = await openAgent(options);
	} catch (error) {
		await serveAgent(refuseAll(error), streams);
		throw error;
	}

	const announcements = createAnnouncements();
	await serveAgent(createAgentService(agent, announcements), {...streams, announcements});
};
