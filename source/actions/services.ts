/**
`coppice up`, `down`, `restart`, `ps`: the lifecycle of a stack's services.
*/
import type {PortMapping} from '../stack/stack.ts';
import type {Workspace} from './workspace.ts';

export type ServiceReport = {
	readonly name: string;
	readonly state: string;

	/** Whether a client can connect and query; for a service that is no database, whether it runs (and is healthy). */
	readonly ready: boolean;

	/** Why it is not ready, or what is wrong. */
	readonly reason?: string;
	readonly health?: string;
	readonly processId?: number;
	readonly startedAt?: string;
	readonly restarts: number;
	readonly exitCode?: number;
	readonly ports: readonly PortMapping[];
	readonly database?: string;

	/** For a client on this host, without the password. */
	readonly connectionString?: string;
};

export type UpResult = {
	readonly services: readonly ServiceReport[];
	readonly notices: readonly string[];

	/** Milliseconds until all were ready. */
	readonly readyMilliseconds: number;
};

export const up = async (_workspace: Workspace, _options: {services?: readonly string[]; signal?: AbortSignal} = {}): Promise<UpResult> => {
	throw new Error('Not built yet');
};

export const down = async (_workspace: Workspace): Promise<{readonly stopped: readonly string[]}> => {
	throw new Error('Not built yet');
};

export const restart = async (_workspace: Workspace, _options: {services?: readonly string[]; signal?: AbortSignal} = {}): Promise<UpResult> => {
	throw new Error('Not built yet');
};

export const listServices = async (_workspace: Workspace): Promise<readonly ServiceReport[]> => {
	throw new Error('Not built yet');
};
