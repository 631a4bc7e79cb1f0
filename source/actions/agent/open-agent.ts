/**
What every process of the agent begins with: who is calling, and what may be given to them.
*/
import process from 'node:process';
import {findHome} from '../../host/home.ts';
import {openAccess} from './access.ts';
import type {Agent} from './agent.ts';
import {readForcedCommand, type AgentEntry} from './forced-command.ts';

export type AgentOptions = {
	/** Only this pool. */
	readonly pool?: string | undefined;

	/** The role that limits the caller. */
	readonly policy?: string | undefined;
	readonly signal?: AbortSignal | undefined;
};

/**
@throws CoppiceError where the owner's policy can't be read, or has no such role.
*/
export const openAgent = async ({pool, policy}: AgentOptions): Promise<Agent> => {
	const home = findHome();
	return {access: await openAccess(home, policy), options: {home, ...(pool !== undefined && {pool})}};
};

/**
What `coppice serve` is to do: to serve; or, as the forced command of a key, one of the three that the client may ask for.

@throws CoppiceError `permission` for anything else that a client asks for.
*/
export const chooseEntry = (policy: string | undefined, environment: NodeJS.ProcessEnv = process.env): AgentEntry => {
	const {SSH_ORIGINAL_COMMAND: original, SSH_CONNECTION: connection} = environment;
	// Tried by hand, without ssh, it serves.
	return policy === undefined || (original === undefined && connection === undefined) ? 'serve' : readForcedCommand(original);
};
