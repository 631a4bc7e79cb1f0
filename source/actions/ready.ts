/**
Ready means that a client can connect and query; for a service that is no database, that it runs and is healthy.
*/
import {setTimeout as delay} from 'node:timers/promises';
import {monotonicNow} from '../system/clock.ts';
import {CoppiceError} from '../system/errors.ts';
import type {Database, Readiness} from '../database/database.ts';
import type {ServiceState} from '../runtime/runtime.ts';
import type {Service} from '../stack/stack.ts';
import type {Workspace} from './workspace.ts';

/** What a port that is published on every address says. */
const everyAddress: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

const firstPauseMilliseconds = 4;
const longestPauseMilliseconds = 100;

/** A server that refuses our password for this long will not take it later either. */
const deniedMilliseconds = 5000;

/**
How a client on this host reaches a service's database, if it can.
*/
export const databaseTarget = (service: Service, state: ServiceState, database: Database) => {
	const published = state.ports.find(port => port.target === database.port && port.published !== undefined);
	if (published?.published === undefined && state.socket === undefined && state.address === undefined) {
		return undefined;
	}

	const {address = published?.published === undefined ? state.address : undefined} = published ?? {};
	const host = address === undefined || everyAddress.has(address) ? '127.0.0.1' : address;
	return {
		service,
		endpoint: {
			host, port: published?.published ?? database.port, ...(state.socket !== undefined && {socket: state.socket}),
		},
	};
};

/**
Whether a service is ready now.
*/
export const probeService = async (workspace: Workspace, state: ServiceState, options: {timeoutMilliseconds?: number} = {}): Promise<Readiness> => {
	if (state.status !== 'running') {
		return {ready: false, reason: state.exitCode === undefined ? `is ${state.status}` : `is ${state.status} (exit code ${state.exitCode})`};
	}

	const database = workspace.databases.get(state.name);
	const service = workspace.stack.services[state.name];
	const target = database === undefined || service === undefined ? undefined : databaseTarget(service, state, database);
	if (database !== undefined && target !== undefined) {
		return database.probe(target, options);
	}

	return state.health === 'starting' || state.health === 'unhealthy' ? {ready: false, reason: `is ${state.health}`} : {ready: true};
};

/**
Waits until services are ready.

@param services - Names; those that have ended well (a task that runs once) count as ready.
@returns Milliseconds waited.
@throws CoppiceError `failed` when one has failed or is not ready in time, with the last lines of its log; `interrupted` by the signal.
*/
export const waitUntilReady = async (
	workspace: Workspace,
	services: readonly string[],
	options: {timeoutMilliseconds?: number; signal?: AbortSignal} = {},
): Promise<number> => {
	const {stack, runtime} = workspace;
	const {timeoutMilliseconds = 120_000, signal} = options;
	const begun = monotonicNow();
	const waiting = new Set(services);
	let pause = firstPauseMilliseconds;
	while (waiting.size > 0) {
		if (signal?.aborted === true) {
			throw new CoppiceError('interrupted', `Interrupted while waiting for ${[...waiting].join(', ')}; the data are in place.`, {stack: stack.name});
		}

		const states = await runtime.states();
		const reasons = new Map<string, string>();
		await Promise.all(states.filter(state => waiting.has(state.name)).map(async state => {
			const readiness = await probeService(workspace, state, {timeoutMilliseconds: 2000});
			const endedWell = state.status === 'stopped' && state.exitCode === 0;
			if (endedWell || readiness.ready) {
				waiting.delete(state.name);
			} else {
				reasons.set(state.name, readiness.reason);
			}

			const hasWaited = monotonicNow() - begun > deniedMilliseconds;
			const denied = hasWaited && !readiness.ready && readiness.kind === 'denied';
			if (denied || state.status === 'failed') {
				throw await failure(workspace, state.name, readiness.ready ? 'has failed' : readiness.reason);
			}
		}));
		if (monotonicNow() - begun > timeoutMilliseconds) {
			const [name = '', reason = ''] = [...reasons][0] ?? [];
			throw await failure(workspace, name, `was not ready in ${Math.round(timeoutMilliseconds / 1000)} s: ${reason}`);
		}

		if (waiting.size === 0) {
			continue;
		}

		await delay(pause);
		pause = Math.min(pause * 1.3, longestPauseMilliseconds);
	}

	return monotonicNow() - begun;
};

const failure = async (workspace: Workspace, service: string, what: string): Promise<CoppiceError> => {
	const lines: string[] = [];
	for await (const line of workspace.runtime.logs({services: [service], tail: 10})) {
		lines.push(line.text);
	}

	return new CoppiceError('failed', `${service} of stack ${workspace.stack.name} ${what}.`, {
		stack: workspace.stack.name,
		service,
		stderr: lines.slice(-10).join('\n'),
		hint: `Its log says more: \`coppice logs ${service}\`. The data are in place; \`coppice undo\` takes the last verb back.`,
	});
};
