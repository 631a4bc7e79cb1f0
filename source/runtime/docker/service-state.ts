/**
What the state of a service is, from what the engine says of its containers: pure.
*/
import {constants} from 'node:os';
import type {ContainerInspectInfo} from 'dockerode';
import type {PortMapping, Service} from '../../stack/stack.ts';
import type {ServiceState, ServiceStatus} from '../runtime.ts';

/** What the engine writes where there is no time: the zero of Go. */
const noTime = '0001-01-01T00:00:00Z';

/** What a shell answers when a signal has ended a program, and what the engine tells then: 128 and its number. */
const signalBase = 128;

const signalNumber = (name: string | undefined): number | undefined => {
	if (name === undefined || /^\d+$/v.test(name)) {
		return name === undefined ? undefined : Number(name);
	}

	return (constants.signals as Readonly<Record<string, number>>)[name.startsWith('SIG') ? name : `SIG${name}`];
};

/**
Whether an exit code is that of a container that was stopped: by its own stop signal, the usual one, or the kill after it.
The engine does not tell who has ended it.
*/
const wasStopped = ({State: state, Config: config}: ContainerInspectInfo): boolean => {
	const signals = [constants.signals.SIGTERM, constants.signals.SIGKILL, signalNumber((config as {StopSignal?: string} | undefined)?.StopSignal)];
	return !state.OOMKilled && state.Error === '' && signals.some(signal => signal !== undefined && state.ExitCode === signalBase + signal);
};

const statusOf = (container: ContainerInspectInfo): ServiceStatus => {
	const {State: state} = container;
	switch (state.Status) {
		case 'created': {
			// A start that failed leaves it so, with the reason.
			return state.Error === '' ? 'created' : 'failed';
		}

		case 'running':
		case 'paused':
		case 'restarting': {
			return state.Status;
		}

		case 'removing': {
			return 'stopped';
		}

		default: {
			return state.ExitCode === 0 || wasStopped(container) ? 'stopped' : 'failed';
		}
	}
};

/** Of several replicas the first of these that one is in: what lives counts first, and of that what needs attention. */
const precedence: readonly ServiceStatus[] = ['restarting', 'paused', 'running', 'failed', 'created', 'stopped'];

const everyAddress: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

const publishedPorts = ({NetworkSettings: settings}: ContainerInspectInfo): PortMapping[] => {
	const ports = new Map<string, PortMapping>();
	for (const [key, bindings] of Object.entries(settings.Ports)) {
		const [target = '', protocol] = key.split('/', 2);
		for (const {HostIp: address, HostPort: published} of (bindings as ReadonlyArray<{HostIp: string; HostPort: string}> | null) ?? []) {
			const mapping: PortMapping = {
				address, published: Number(published), target: Number(target), protocol: protocol === 'udp' ? 'udp' : 'tcp',
			};
			// One that is published on every address is told twice, for both families.
			const id = `${everyAddress.has(address) ? '*' : address} ${published} ${key}`;
			if (address !== '::' || !ports.has(id)) {
				ports.set(id, mapping);
			}
		}
	}

	return ports.values().toArray().toSorted((a, b) => a.target === b.target ? (a.published ?? 0) - (b.published ?? 0) : a.target - b.target);
};

/** What the image, or `expose`, declares: the engine knows it of a container that runs. */
const declaredPorts = ({NetworkSettings: settings}: ContainerInspectInfo): number[] =>
	Object.entries(settings.Ports as Readonly<Record<string, unknown>>)
		.filter(([key, bindings]) => bindings === null && key.endsWith('/tcp'))
		.map(([key]) => Number(key.split('/', 1)[0]));

const healthOf = (containers: readonly ContainerInspectInfo[]): ServiceState['health'] => {
	const all = new Set(containers.map(({State: state}) => state.Health?.Status));
	return (['unhealthy', 'starting', 'healthy'] as const).find(health => all.has(health));
};

const addressOf = ({NetworkSettings: settings}: ContainerInspectInfo, bridges: ReadonlySet<string>): string | undefined =>
	Object.values(settings.Networks)
		.find(network => bridges.has(network.NetworkID) && network.IPAddress !== '')
		?.IPAddress;

/**
The state of a service.

@param containers - Of all its replicas, in their order.
@param bridges - Ids of the networks in which this host reaches containers by their address.
*/
export const toServiceState = (service: Service, containers: readonly ContainerInspectInfo[], bridges: ReadonlySet<string> = new Set()): ServiceState => {
	const statuses = containers.map(container => statusOf(container));
	const status = precedence.find(each => statuses.includes(each));
	if (status === undefined) {
		return {
			name: service.name, status: 'created', restarts: 0, ports: service.ports,
		};
	}

	const chosen = containers[statuses.indexOf(status)]!;
	const live = containers.filter((_, index) => statuses[index] === 'running' || statuses[index] === 'paused');
	const health = healthOf(live);
	const address = live.map(container => addressOf(container, bridges)).find(each => each !== undefined);
	const declared = [...new Set(live.flatMap(container => declaredPorts(container)))];
	const {State: state} = chosen;
	const hasEnded = ['stopped', 'failed', 'restarting'].includes(status);
	return {
		name: service.name,
		status,
		restarts: containers.reduce((sum, container) => sum + container.RestartCount, 0),
		ports: live.length === 0 ? service.ports : live.flatMap(container => publishedPorts(container)),
		...(state.StartedAt !== noTime && {startedAt: state.StartedAt}),
		...(hasEnded && {exitCode: state.ExitCode}),
		...(health !== undefined && {health}),
		...(state.Pid > 0 && {processId: state.Pid}),
		...(address !== undefined && {address}),
		...(declared.length > 0 && {declaredPorts: declared}),
	};
};
