/**
Ready means that a client can connect and query; for a service that is no database, that it runs and is healthy.
*/
import {setTimeout as delay} from 'node:timers/promises';
import {monotonicNow} from '../../system/clock.ts';
import {CoppiceError} from '../../system/errors.ts';
import type {Readiness} from '../../database/database.ts';
import type {ServiceState} from '../../runtime/runtime.ts';
import type {Workspace} from '../workspace/workspace.ts';
import {askReadiness} from './ask-database.ts';

/** Between two looks at services that are not ready: a small part of what was waited already, so that the last one costs little. */
const pauseMilliseconds = (waited: number): number => Math.min(Math.max(waited / 12, 4), 100);

/** A server that refuses our password for this long will not take it later either. */
const deniedMilliseconds = 5000;

/**
Whether a service is ready now.
*/
export const probeService = async (workspace: Workspace, state: ServiceState, options: {timeoutMilliseconds?: number} = {}): Promise<Readiness> => {
	if (state.status !== 'running') {
		return {ready: false, reason: state.exitCode === undefined ? `is ${state.status}` : `is ${state.status} (exit code ${state.exitCode})`};
	}

	const readiness = await askReadiness(workspace, state, options);
	if (readiness !== undefined) {
		return readiness;
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

		await delay(pauseMilliseconds(monotonicNow() - begun));
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
