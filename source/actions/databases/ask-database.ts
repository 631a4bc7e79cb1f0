/**
Asks the database of a service: over its port or socket where this host reaches one, else by the client in its container.
*/
import {setTimeout as delay} from 'node:timers/promises';
import type {
	Database,
	DatabaseTarget,
	Readiness,
	RunInside,
} from '../../database/database.ts';
import {CoppiceError} from '../../system/errors.ts';
import type {ServiceState} from '../../runtime/runtime.ts';
import type {Service} from '../../stack/stack.ts';
import type {Workspace} from '../workspace/workspace.ts';

/** What asking takes of a workspace. */
type Asked = Pick<Workspace, 'stack' | 'runtime' | 'databases'>;

/** What a port that is published on every address says. */
const everyAddress: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/**
How a client on this host reaches a service's database, if it can.
*/
export const databaseTarget = (service: Service, state: ServiceState, database: Database): DatabaseTarget | undefined => {
	const inside = database.listensOn(service);
	const published = state.ports.find(port => port.target === inside && port.published !== undefined);
	if (published?.published === undefined && state.socket === undefined && state.address === undefined) {
		return undefined;
	}

	const {address = published?.published === undefined ? state.address : undefined} = published ?? {};
	const host = address === undefined || everyAddress.has(address) ? '127.0.0.1' : address;
	return {
		service,
		endpoint: {
			host, port: published?.published ?? inside, ...(state.socket !== undefined && {socket: state.socket}),
		},
	};
};

/** A service of the process runtime shares the host's network: what its client would reach there may be another's server. */
const hasInside = (workspace: Asked): boolean => workspace.runtime.name === 'docker';

const runInside = ({runtime}: Asked, service: string, milliseconds: number): RunInside => {
	const end = Date.now() + milliseconds;
	return async (command, env) => {
		const late = new AbortController();
		const tooLate = async (): Promise<never> => {
			await delay(Math.max(0, end - Date.now()), undefined, {signal: late.signal});
			throw new CoppiceError('failed', `The client in the container of ${service} did not end in ${milliseconds / 1000} s`, {service});
		};

		try {
			return await Promise.race([runtime.exec(service, command, {env, stdio: 'pipe'}), tooLate()]);
		} finally {
			late.abort();
		}
	};
};

/**
Whether a service's database takes queries now; `undefined` where it can't be asked.
*/
export const askReadiness = async (
	workspace: Asked,
	state: ServiceState,
	{timeoutMilliseconds = 2000}: {timeoutMilliseconds?: number} = {},
): Promise<Readiness | undefined> => {
	const database = workspace.databases.get(state.name);
	const service = workspace.stack.services[state.name];
	if (database === undefined || service === undefined) {
		return undefined;
	}

	// Content alone says what it is, and not even a port of its image does: whether it answers, then, tells nothing.
	const isOpen = database.isCertain === false && state.declaredPorts?.includes(database.listensOn(service)) !== true;
	const target = databaseTarget(service, state, database);
	if (target !== undefined) {
		const readiness = await database.probe(target, {timeoutMilliseconds});
		return isOpen && !readiness.ready && (readiness.kind === 'absent' || readiness.kind === 'denied') ? undefined : readiness;
	}

	if (isOpen || database.inside === undefined || !hasInside(workspace)) {
		return undefined;
	}

	try {
		// To begin a command inside takes its time.
		return await database.inside.probe(service, runInside(workspace, service.name, timeoutMilliseconds + 3000));
	} catch (error) {
		return {ready: false, reason: error instanceof Error ? error.message : String(error), kind: 'failed'};
	}
};

/**
Asks a service's database to write out what it holds.

@throws CoppiceError when it could not be asked, or did not do it.
*/
export const askCheckpoint = async (workspace: Asked, state: ServiceState, service: Service, database: Database): Promise<void> => {
	const target = databaseTarget(service, state, database);
	if (target !== undefined) {
		return database.checkpoint(target);
	}

	if (database.inside === undefined || !hasInside(workspace)) {
		throw new CoppiceError('failed', `${service.name} can't be reached from this host: it publishes no port`, {service: service.name});
	}

	return database.inside.checkpoint(service, runInside(workspace, service.name, 30_000));
};
