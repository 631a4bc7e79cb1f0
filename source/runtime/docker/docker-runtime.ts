/**
The docker runtime: services as containers of a compose project. The compose CLI makes them and takes them down; all else is asked of the
engine itself.

Loaded only for stacks that use it. The client of the engine is loaded when it is first asked.
*/
import {rmSync} from 'node:fs';
import path from 'node:path';
import type {ContainerInspectInfo} from 'dockerode';
import {CoppiceError} from '../../system/errors.ts';
import {planStart, planStop} from '../plan-order.ts';
import type {Service, Stack} from '../../stack/stack.ts';
import type {Runtime, RuntimeContext, StopMode} from '../runtime.ts';
import type {ComposeProject} from './compose-cli.ts';
import {
	inspectContainer,
	listContainers,
	liveStates,
	serviceLabel,
	type StackContainer,
} from './containers.ts';
import {createDyingContainers} from './dying-containers.ts';
import {
	connectEngine,
	engineError,
	hasStatus,
	requireLocalEngine,
	requireRights,
	type Engine,
} from './engine.ts';
import {toServiceState} from './service-state.ts';

const defaultLeaseMilliseconds = 30_000;

type ComposeRun = {
	/** The services that it is to start, where some are named. */
	readonly named?: readonly string[];
	readonly project?: ComposeProject;
	readonly signal?: AbortSignal;
};

/**
A runtime for the services of one stack on the Docker engine of this environment. Makes, starts and asks nothing by itself.
*/
export const createDockerRuntime = (stack: Stack, context: RuntimeContext): Runtime => {
	const services = Object.values(stack.services);
	const holdFolder = path.join(context.runFolder, 'holds');

	const find = (name: string): Service => {
		const service = stack.services[name];
		if (service === undefined) {
			throw new CoppiceError('not-found', `The stack has no service named ${JSON.stringify(name)}.`, {
				stack: stack.name, service: name, hint: `Its services are: ${services.map(each => each.name).join(', ')}.`,
			});
		}

		return service;
	};

	const connect = async (): Promise<Engine> => {
		const engine = await connectEngine();
		const {thawAbandoned} = await import('./freeze.ts');
		await thawAbandoned(engine, holdFolder);
		return engine;
	};

	let connection: Promise<Engine> | undefined;

	/** Containers as they were when states were last asked: the first to be killed, before the engine is asked for a list. */
	let lastSeen: readonly ContainerInspectInfo[] = [];

	const dying = createDyingContainers(async container => ask('stop services', async engine => stopContainer(engine, container, 'now'), {isAtOnce: true}));

	/** Asks the engine; its failures become ours. Whatever depends on what runs waits for what was killed to be down. */
	const ask = async <Result>(doing: string, action: (engine: Engine) => Promise<Result>, {isAtOnce = false} = {}): Promise<Result> => {
		connection ??= connect();
		let engine: Engine;
		try {
			engine = await connection;
		} catch (error) {
			connection = undefined;
			throw error;
		}

		try {
			if (!isAtOnce) {
				await dying.settle();
			}

			return await action(engine);
		} catch (error) {
			throw engineError(error, engine.location, doing, {stack: stack.name});
		}
	};

	const forComposeOne = async (): Promise<ComposeProject> => {
		const {bindForComposeOne} = await import('./compose-one.ts');
		context.onNotice?.('Compose 1 can\'t bring this stack up by itself, since its volumes are bound to the pool: use `coppice up`, or install Compose 2');
		return bindForComposeOne(stack, context);
	};

	const compose = async (engine: Engine, arguments_: readonly string[], {named = [], project = stack, signal}: ComposeRun = {}): Promise<void> => {
		const {findComposeCli, runCompose} = await import('./compose-cli.ts');
		const {major} = await findComposeCli();
		const {exitCode, stderr, stdout} = await runCompose(major === 1 && project === stack ? await forComposeOne() : project, arguments_, {
			env: engine.location.environment, stack: stack.name, ...(signal && {signal}),
		});
		if (exitCode === 0) {
			return;
		}

		const {explainFailure} = await import('./start-failure.ts');
		throw await explainFailure(engine, stack, `${stdout}\n${stderr}`, named);
	};

	const prepare = async (engine: Engine): Promise<void> => {
		await Promise.all([requireLocalEngine(engine), requireRights(engine)]);
		const {ensureVolumes} = await import('./managed-volumes.ts');
		await ensureVolumes(engine, stack, context);
	};

	const inspectAll = async ({docker}: Engine): Promise<ContainerInspectInfo[]> => {
		const containers = await listContainers(docker, stack);
		const inspected = await Promise.all(containers.map(async ({id}) => inspectContainer(docker, id)));
		return inspected.filter(container => container !== undefined);
	};

	let bridges: Promise<ReadonlySet<string>> | undefined;

	/** Networks in which this host reaches containers by their address. */
	const listBridges = async ({docker, reachesContainers}: Engine): Promise<ReadonlySet<string>> => {
		if (!await reachesContainers()) {
			return new Set();
		}

		const networks = await docker.listNetworks({filters: {driver: ['bridge']}});
		return new Set(networks.map(network => network.Id));
	};

	const stopContainer = async ({docker}: Engine, {id, service}: Pick<StackContainer, 'id' | 'service'>, mode: StopMode): Promise<void> => {
		const container = docker.getContainer(id);
		const seconds = Math.ceil(find(service).stopGraceMilliseconds / 1000);
		try {
			// Both mark it as stopped by hand, so that its restart policy leaves it alone.
			await (mode === 'now' ? container.kill() : container.stop({t: Math.max(1, seconds)}));
		} catch (error) {
			// It had stopped already, or is gone; or it is between two runs, and can't be killed.
			if (!hasStatus(error, 304, 404, 409, 500)) {
				throw error;
			}
		}

		const now = await inspectContainer(docker, id);
		if (now === undefined || !liveStates.has(now.State.Status)) {
			return;
		}

		await container.stop({t: mode === 'now' ? 0 : seconds}).catch((error: unknown) => {
			if (!hasStatus(error, 304, 404)) {
				throw error;
			}
		});
		await container.wait();
	};

	/**
	Kills what was seen last, and returns when it is dead: the data can be changed while the engine takes it down.
	*/
	const killSeen = async (engine: Engine, names: readonly string[]): Promise<void> => {
		const seen = lastSeen
			// What is paused takes another way to its end, and what has no namespace of its own leaves processes behind.
			.filter(({State: state, HostConfig: host}) => state.Pid > 0 && (host.PidMode ?? '') === '' && liveStates.has(state.Status) && !state.Paused)
			.map(({Id: id, Config: {Labels: labels}, State: {Pid: processId}}) => ({id, service: labels[serviceLabel]!, processId}))
			.filter(({service}) => names.includes(service));
		lastSeen = [];
		await dying.kill(seen, names, await engine.reachesContainers());
	};

	const stop = async (engine: Engine, names: readonly string[], mode: StopMode): Promise<void> => {
		if (mode === 'now') {
			await killSeen(engine, names);
		}

		const containers = await listContainers(engine.docker, stack);
		const live = containers.filter(container => names.includes(container.service) && liveStates.has(container.state) && !dying.has(container.id));
		const plan = mode === 'now' ? new Map<string, readonly string[]>() : planStop(stack.services, names);
		const stopped = new Map<string, Promise<unknown>>();
		const stopService = async (name: string): Promise<void> => {
			await Promise.all((plan.get(name) ?? []).map(async dependent => begin(dependent)));
			await Promise.all(live.filter(container => container.service === name).map(async container => stopContainer(engine, container, mode)));
		};

		const begin = async (name: string): Promise<unknown> => {
			const stopping = stopped.get(name) ?? stopService(name);
			stopped.set(name, stopping);
			return stopping;
		};

		await Promise.all(names.map(async name => begin(name)));
	};

	return {
		name: 'docker',

		// Compose reads the files itself, and honours all of them.
		notices: () => [],

		async start(names, options = {}) {
			const wanted = names?.map(name => find(name).name);
			planStart(stack.services, wanted, stack.activeProfiles);
			await ask('start services', async engine => {
				await prepare(engine);
				await compose(engine, ['up', '--detach', ...(wanted ?? [])], {...options, ...(wanted && {named: wanted})});
			});
		},

		async resume(names) {
			const wanted = names.map(name => find(name).name);
			await ask('start services again', async engine => {
				const containers = await listContainers(engine.docker, stack);
				const {resumeContainers} = await import('./resume.ts');
				await resumeContainers(engine, stack, wanted, containers.filter(container => wanted.includes(container.service)), async service => {
					await prepare(engine);
					await compose(engine, ['up', '--detach', '--no-deps', service], {named: [service]});
				});
			});
		},

		async stop(names, options = {}) {
			const wanted = names?.map(name => find(name).name) ?? services.map(service => service.name);
			const {mode = 'graceful'} = options;
			await ask('stop services', async engine => stop(engine, wanted, mode), {isAtOnce: mode === 'now'});
		},

		async down() {
			await ask('take the stack down', async engine => {
				// Compose leaves alone what belongs to a profile that is not active.
				const profiles = [...new Set(services.flatMap(service => service.profiles))];
				await compose(engine, ['down'], {project: {...stack, activeProfiles: profiles}});
				await stop(engine, services.map(service => service.name), 'graceful');
			});
			rmSync(context.runFolder, {recursive: true, force: true});
		},

		async states() {
			return ask('tell what runs', async engine => {
				bridges ??= listBridges(engine);
				const [containers, before] = await Promise.all([inspectAll(engine), bridges]);
				const networks = containers.flatMap(({NetworkSettings: settings}) => Object.values(settings.Networks).map(network => network.NetworkID));
				if (networks.some(network => network !== '' && !before.has(network))) {
					// One that was made since, perhaps.
					bridges = listBridges(engine);
				}

				const known = await bridges;
				lastSeen = containers;
				const byService = Map.groupBy(containers, container => container.Config.Labels[serviceLabel]);
				return services.map(service => toServiceState(service, byService.get(service.name) ?? [], known));
			});
		},

		async otherUsers(volumes) {
			return ask('tell who uses volumes', async ({docker}) => {
				const {describeOtherUsers, referVolume} = await import('./volume-users.ts');
				return describeOtherUsers(await docker.listContainers(), stack, volumes.map(volume => referVolume(stack, context, volume)));
			}, {isAtOnce: true});
		},

		async freeze(names, options = {}) {
			const wanted = new Set(names.map(name => find(name).name));
			return ask('pause services', async engine => {
				const [{freezeContainers}, {isOwnService, mountedVolumes, referVolume}] = await Promise.all([import('./freeze.ts'), import('./volume-users.ts')]);
				const volumes = Object.values(stack.volumes).filter(volume => volume.managed).map(({name}) => referVolume(stack, context, name));
				return freezeContainers({
					engine,
					folder: holdFolder,
					leaseMilliseconds: options.leaseMilliseconds ?? defaultLeaseMilliseconds,
					async findWriters() {
						const running = await engine.docker.listContainers();
						return running.filter(container => isOwnService(container, stack)
							? wanted.has(container.Labels[serviceLabel]!)
							: mountedVolumes(container, volumes, {onlyWritable: true}).length > 0);
					},
				});
			});
		},

		async * logs(options) {
			const wanted = options.services?.map(name => find(name).name) ?? services.map(service => service.name);
			const {readContainerLogs} = await import('./logs.ts');
			const source = await ask('read logs', async ({docker}) => {
				const containers = await listContainers(docker, stack);
				return {docker, containers: containers.filter(container => wanted.includes(container.service))};
			});
			yield * readContainerLogs({
				...source,
				project: stack.name,
				services: wanted,
				onNotice: text => context.onNotice?.(text),
			}, options);
		},

		async exec(name, command, options) {
			find(name);
			return ask(`run a command in ${name}`, async engine => {
				const containers = await listContainers(engine.docker, stack);
				const container = containers.find(each => each.service === name && each.state === 'running');
				if (container === undefined) {
					throw new CoppiceError('precondition', `${name} does not run, so nothing can be run in it.`, {
						stack: stack.name, service: name, hint: `Start it with \`coppice up ${name}\`.`,
					});
				}

				const {execInContainer} = await import('./exec.ts');
				return execInContainer(engine, container, command, options);
			});
		},

		async imageDigests() {
			return ask('tell its images', async ({docker}) => {
				const digests = new Map<string, string>();
				for (const {service, imageId} of await listContainers(docker, stack)) {
					digests.set(service, imageId);
				}

				await Promise.all(services.map(async ({name, image}) => {
					if (image === undefined || digests.has(name)) {
						return;
					}

					try {
						const {Id: id} = await docker.getImage(image).inspect();
						digests.set(name, id);
					} catch (error) {
						// Not pulled yet.
						if (!hasStatus(error, 404)) {
							throw error;
						}
					}
				}));
				return Object.fromEntries(services.flatMap(({name}) => digests.has(name) ? [[name, digests.get(name)!]] : []));
			});
		},
	};
};
