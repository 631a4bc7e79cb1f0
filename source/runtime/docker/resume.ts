/**
Starts the containers of services again as they are, in the order of what they depend on.
*/
import {setTimeout as delay} from 'node:timers/promises';
import {CoppiceError} from '../../system/errors.ts';
import type {Dependency, Service, Stack} from '../../stack/stack.ts';
import {planStop} from '../plan-order.ts';
import {inspectContainer, type StackContainer} from './containers.ts';
import {isFirstProcess} from './dying-containers.ts';
import {engineError, hasStatus, type Engine} from './engine.ts';
import {explainFailure} from './start-failure.ts';

const pollMilliseconds = 20;

/** Beyond what a health check itself allows. */
const patienceMilliseconds = 120_000;

/** A service that was not started, since one that it needs was not. */
class NotReached extends Error {}

/**
How long a dependency may take until it is healthy, by its own health check.
*/
const allowedMilliseconds = ({healthCheck}: Service): number => patienceMilliseconds + (healthCheck === undefined
	? 0
	: healthCheck.startPeriodMilliseconds + ((healthCheck.intervalMilliseconds + healthCheck.timeoutMilliseconds) * (healthCheck.retries + 1)));

/** For how long the engine may take a container for running that was killed. */
const noticeMilliseconds = 1000;

/**
Whether a container that the engine takes for running is about to be found dead: a command that was killed has killed it just before.
*/
const isDead = async ({docker, reachesContainers}: Engine, id: string): Promise<boolean> => {
	const container = await inspectContainer(docker, id);
	if (container === undefined || container.State.Restarting || container.State.Paused) {
		return false;
	}

	const {State: state, HostConfig: host} = container;
	return !state.Running || ((host.PidMode ?? '') === '' && await reachesContainers() && !isFirstProcess(state.Pid, id));
};

const startContainer = async (engine: Engine, stack: Stack, {id, service, state}: StackContainer): Promise<void> => {
	const container = engine.docker.getContainer(id);
	const begin = async (deadline: number): Promise<void> => {
		try {
			await container.start();
		} catch (error) {
			if (!hasStatus(error, 304)) {
				throw error;
			}

			// It runs already, as far as the engine knows.
			if (performance.now() < deadline && await isDead(engine, id)) {
				await delay(pollMilliseconds);
				await begin(deadline);
			}
		}
	};

	try {
		await (state === 'paused' ? container.unpause() : begin(performance.now() + noticeMilliseconds));
	} catch (error) {
		const failure = engineError(error, engine.location, `start ${service}`, {stack: stack.name, service});
		throw failure.code === 'failed' ? await explainFailure(engine, stack, failure.message, [service]) : failure;
	}
};

/**
Waits until a dependency is as another service needs it.
*/
const waitFor = async (engine: Engine, dependency: Service, containers: readonly StackContainer[], condition: Dependency['condition']): Promise<void> => {
	if (condition === 'service_started') {
		return;
	}

	const deadline = performance.now() + allowedMilliseconds(dependency);
	const failed = (what: string): CoppiceError => new CoppiceError('failed', `What needs the service ${dependency.name} was not started: ${dependency.name} ${what}.`, {
		service: dependency.name, hint: `Its log says more: \`coppice logs ${dependency.name}\`.`,
	});
	await Promise.all(containers.map(async ({id}) => {
		for (;;) {
			const container = await inspectContainer(engine.docker, id);
			const {State: state} = container ?? {};
			const hasEnded = state === undefined || state.Status === 'exited' || state.Status === 'dead';
			const isHealthy = state?.Health === undefined || state.Health.Status === 'healthy' || state.Health.Status === 'none';
			if (condition === 'service_completed_successfully' ? hasEnded && state?.ExitCode === 0 : !hasEnded && isHealthy) {
				return;
			}

			if (hasEnded || state.Health?.Status === 'unhealthy') {
				throw failed(hasEnded ? `has ended (exit code ${state?.ExitCode})` : 'is unhealthy');
			}

			if (performance.now() > deadline) {
				throw failed('was not ready in time');
			}

			await delay(pollMilliseconds);
		}
	}));
};

/**
Starts services side by side, each after those among them that it depends on and as its conditions say.

@param containers - All that are there of these services.
@param startAnew - Starts a service of which nothing is left.
@throws CoppiceError of the first service that did not start, when all others have been tried.
*/
export const resumeContainers = async (
	engine: Engine,
	stack: Stack,
	names: readonly string[],
	containers: readonly StackContainer[],
	startAnew: (service: string) => Promise<void>,
): Promise<void> => {
	const wanted = [...new Set(names)];
	const stopOrder = planStop(stack.services, wanted);
	const started = new Map<string, Promise<void>>();
	const containersOf = (name: string): StackContainer[] => containers.filter(container => container.service === name);

	const startService = async (name: string): Promise<void> => {
		const {dependsOn} = stack.services[name]!;
		const before = wanted.filter(other => stopOrder.get(other)?.includes(name));
		await Promise.all(before.map(async other => {
			const dependency = dependsOn[other];
			try {
				await begin(other);
				await waitFor(engine, stack.services[other]!, containersOf(other), dependency?.condition ?? 'service_started');
			} catch (error) {
				if (dependency?.required !== false) {
					throw error instanceof CoppiceError && started.has(other) ? new NotReached(error.message, {cause: error}) : error;
				}
			}
		}));
		const own = containersOf(name);
		await (own.length === 0 ? startAnew(name) : Promise.all(own.map(async container => startContainer(engine, stack, container))));
	};

	const begin = async (name: string): Promise<void> => {
		const known = started.get(name);
		if (known !== undefined) {
			return known;
		}

		const start = startService(name);
		started.set(name, start);
		return start;
	};

	const results = await Promise.allSettled(wanted.map(async name => begin(name)));
	const failures = results.filter(result => result.status === 'rejected').map(result => result.reason as unknown);
	const first = failures.find(failure => !(failure instanceof NotReached)) ?? failures[0];
	if (first !== undefined) {
		throw first instanceof NotReached ? first.cause : first;
	}
};
