/**
`coppice up`, `down`, `restart`, `ps`: the lifecycle of a stack's services.
*/
import {monotonicNow} from '../system/clock.ts';
import type {PortMapping} from '../stack/stack.ts';
import type {ServiceState} from '../runtime/runtime.ts';
import {databaseTarget} from './databases/ask-database.ts';
import {isBranchClean, markBaseline} from './baseline.ts';
import {makeVolumes} from './workspace/make-volumes.ts';
import {probeService, waitUntilReady} from './databases/ready.ts';
import {exclusively} from './change/transact.ts';
import type {Workspace} from './workspace/workspace.ts';

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

const describeService = async (workspace: Workspace, state: ServiceState): Promise<ServiceReport> => {
	const database = workspace.databases.get(state.name);
	const service = workspace.stack.services[state.name];
	const target = database === undefined || service === undefined ? undefined : databaseTarget(service, state, database);
	const readiness = await probeService(workspace, state, {timeoutMilliseconds: 1000});
	const {status, socket: _socket, declaredPorts: _declared, ...rest} = state;
	return {
		...rest,
		state: status,
		ready: readiness.ready,
		...(!readiness.ready && {reason: readiness.reason}),
		...(database !== undefined && {database: database.name}),
		...(!(database === undefined || target === undefined) && {connectionString: database.connectionString(target)}),
	};
};

/**
Every service with its state and whether it is ready now, in the order of the file.
*/
export const listServices = async (workspace: Workspace): Promise<readonly ServiceReport[]> => {
	const states = await workspace.runtime.states();
	return Promise.all(states.map(async state => describeService(workspace, state)));
};

export type ServiceOptions = {
	/** All unless told. */
	readonly services?: readonly string[];
	readonly signal?: AbortSignal;
};

const startAndWait = async (workspace: Workspace, {services, signal}: ServiceOptions, begun: number): Promise<UpResult> => {
	const {history, runtime} = workspace;
	await makeVolumes(workspace);
	const branch = await history.currentBranch();
	const clean = await isBranchClean(workspace, branch);
	await runtime.start(services, {...(signal !== undefined && {signal})});
	const states = await runtime.states();
	const started = states.filter(state => state.status !== 'created' && (services === undefined || services.includes(state.name)));
	await waitUntilReady(workspace, started.map(state => state.name), {...(signal !== undefined && {signal})});
	const readyMilliseconds = monotonicNow() - begun;
	if (clean) {
		await markBaseline(workspace, branch);
	}

	return {services: await listServices(workspace), notices: runtime.notices(), readyMilliseconds};
};

/**
Starts services by the compose file and returns when they are ready.

@throws CoppiceError `conflict` for a port that is taken; `failed` when one does not get ready.
*/
export const up = async (workspace: Workspace, options: ServiceOptions = {}): Promise<UpResult> => {
	const {definition} = workspace;
	const plain = await definition?.plain() ?? workspace;
	return exclusively(plain, 'up', async () => {
		const result = await startAndWait(plain, options, monotonicNow());
		if (definition === undefined) {
			return result;
		}

		const whose = `the definition of commit ${definition.commit.slice(0, 8)}`;
		if (options.services !== undefined) {
			return {...result, notices: [...result.notices, `${options.services.join(', ')} and what they need run by the compose file again, the other services still by ${whose}.`]};
		}

		await definition.drop();
		return {...result, notices: [...result.notices, `The services run by the compose file again, no longer by ${whose}.`]};
	}, options);
};

/**
Stops every service. The data stay as they are.
*/
export const down = async (workspace: Workspace): Promise<{readonly stopped: readonly string[]}> =>
	exclusively(workspace, 'down', async () => {
		const branch = await workspace.history.currentBranch();
		const [states, clean] = await Promise.all([workspace.runtime.states(), isBranchClean(workspace, branch)]);
		await workspace.runtime.down();
		if (clean) {
			await markBaseline(workspace, branch);
		}

		return {stopped: states.filter(state => state.status === 'running' || state.status === 'restarting').map(state => state.name)};
	});

/**
Stops services and starts them again.
*/
export const restart = async (workspace: Workspace, options: ServiceOptions = {}): Promise<UpResult> =>
	exclusively(workspace, 'restart', async () => {
		const begun = monotonicNow();
		const branch = await workspace.history.currentBranch();
		const clean = await isBranchClean(workspace, branch);
		await workspace.runtime.stop(options.services);
		if (clean) {
			await markBaseline(workspace, branch);
		}

		return startAndWait(workspace, options, begun);
	}, options);
