/**
What a supervisor knows, in a small file beside its socket: so that `status` needs no round trip, a freeze finds the processes
even while the supervisor is busy, and the next supervisor adopts what a killed one has left running.

Written before a service's program is let run, whole or not at all. It need not outlast a power cut, which ends every process in it.
It holds no environment and no command lines.
*/
import {createHash} from 'node:crypto';
import {readFileSync, renameSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import type {PortMapping} from '../../stack/stack.ts';
import type {ServiceStatus} from '../runtime.ts';
import {bootId, isAlive, type ProcessIdentity} from '../../system/process-table.ts';
import type {ServiceUser} from './service-user.ts';

export type ServiceRecord = {
	readonly status: ServiceStatus;
	readonly process?: ProcessIdentity;
	readonly health?: 'starting' | 'healthy' | 'unhealthy';

	/** ISO 8601. */
	readonly startedAt?: string;
	readonly exitCode?: number;
	readonly restarts: number;
	readonly ports: readonly PortMapping[];
	readonly socket?: string;
	readonly user?: ServiceUser;

	/** Where its program and the clients beside it are. */
	readonly binFolder?: string;
	readonly stopSignal?: NodeJS.Signals;

	/** The signal that ends it at once in good order, where there is one. */
	readonly quitSignal?: NodeJS.Signals;
	readonly stopGraceMilliseconds?: number;
};

export type SupervisorState = {
	readonly bootId: string;
	readonly supervisor: ProcessIdentity;
	readonly services: Readonly<Record<string, ServiceRecord>>;
};

export const stateFile = (runFolder: string): string => path.join(runFolder, 'supervisor.json');
export const controlSocket = (runFolder: string): string => path.join(runFolder, 'control.sock');
export const freezeFolder = (runFolder: string): string => path.join(runFolder, 'freeze');
export const socketsFolder = (runFolder: string): string => path.join(runFolder, 's');

/** Where sockets are when a service's user can't get to the run folder. */
export const openSocketsFolder = (runFolder: string): string => {
	const hash = createHash('sha256').update(runFolder).digest('hex').slice(0, 10);
	return path.join('/tmp', `coppice-s-${process.getuid?.() ?? 0}-${hash}`);
};

/**
Replaces the state file.
*/
export const writeState = (runFolder: string, state: SupervisorState): void => {
	const file = stateFile(runFolder);
	const temporary = `${file}.tmp`;
	writeFileSync(temporary, JSON.stringify(state), {mode: 0o600});
	renameSync(temporary, file);
};

/**
The state that the last supervisor of this boot wrote, or `undefined` where there is none.
*/
export const readState = (runFolder: string): SupervisorState | undefined => {
	let text: string;
	try {
		text = readFileSync(stateFile(runFolder), 'utf8');
	} catch {
		return undefined;
	}

	try {
		const state = JSON.parse(text) as SupervisorState;
		return state.bootId === bootId() ? state : undefined;
	} catch {
		// Written whole or not at all: what does not parse was not written by a supervisor.
		return undefined;
	}
};

/**
Whether the first process of a service runs.
*/
export const isRunning = (record: ServiceRecord | undefined): boolean => record?.process !== undefined && isAlive(record.process);
