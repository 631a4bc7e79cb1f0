/**
What taking volumes over from the Docker engine, and giving them back, needs of it: volumes, where their data are on this host, and the
containers that hold them. An interface of plain values, so that the verbs know nothing of dockerode.
*/
import type {ContainerInfo, VolumeInspectInfo} from 'dockerode';
import {CoppiceError} from '../../system/errors.ts';
import type {Stack} from '../../stack/stack.ts';
import {
	connectEngine,
	engineError,
	hasStatus,
	requireLocalEngine,
	type Engine,
} from './engine.ts';

/** Says whose pool a volume's data are in. */
export const managedLabel = 'dev.coppice.managed';

/** Says of a volume kept aside which volume it was. */
export const originalLabel = 'dev.coppice.original-of';

/** Says of a volume that is being filled which volume it is going to be. */
export const fillingLabel = 'dev.coppice.becomes';

export type EngineVolume = {
	readonly name: string;
	readonly driver: string;
	readonly options: Readonly<Record<string, string>>;
	readonly labels: Readonly<Record<string, string>>;

	/** Where its data are on the engine's host. */
	readonly data: string;

	/** ISO 8601. */
	readonly createdAt?: string;
};

/**
A container that holds a volume, running or not.
*/
export type VolumeUser = {
	readonly id: string;
	readonly name: string;
	readonly isRunning: boolean;

	/** The compose project and service it belongs to, if any; not for one that `compose run` has made. */
	readonly project?: string;
	readonly service?: string;

	/** Names and places inside it of anonymous volumes, which stay behind when the container is replaced. */
	readonly anonymous: ReadonlyArray<{readonly name: string; readonly target: string}>;
};

export type NewVolume = {
	readonly name: string;
	readonly labels: Readonly<Record<string, string>>;

	/** A folder of the host that it stands for; else the engine keeps its data. */
	readonly folder?: string;
};

export type EngineVolumes = {
	/** The volume of this name, or `undefined`. */
	find(name: string): Promise<EngineVolume | undefined>;

	/** Every volume with this label. */
	withLabel(label: string): Promise<readonly EngineVolume[]>;

	/** Containers that hold a volume, stopped ones too. */
	users(name: string): Promise<readonly VolumeUser[]>;

	/** Makes a volume. One of this name that is there is returned as it is. */
	create(volume: NewVolume): Promise<EngineVolume>;

	/** Removes a volume. One that is not there is no error. */
	remove(name: string): Promise<void>;

	/** Stops a container with its own grace period and removes it; its anonymous volumes stay. Not there is no error. */
	removeContainer(user: VolumeUser): Promise<void>;

	/** Brings services up as compose does by itself, knowing nothing of pools. */
	startPlainly(services: readonly string[]): Promise<void>;
};

/**
Whether a volume is of the kind that the engine keeps itself: nothing that an option points elsewhere.
*/
export const isPlain = ({driver, options}: EngineVolume): boolean => driver === 'local' && Object.keys(options).length === 0;

/**
Whether a volume's data are in a pool.
*/
export const isManaged = ({labels}: EngineVolume): boolean => labels[managedLabel] !== undefined;

type Described = Pick<VolumeInspectInfo, 'Name' | 'Driver' | 'Mountpoint'> & {
	readonly CreatedAt?: string;
	readonly Options?: Record<string, string> | null;
	readonly Labels?: Record<string, string> | null;
};

const toVolume = ({
	Name, Driver, Options, Labels, Mountpoint, CreatedAt,
}: Described): EngineVolume => ({
	name: Name, driver: Driver, options: Options ?? {}, labels: Labels ?? {}, data: Mountpoint, ...(CreatedAt !== undefined && {createdAt: CreatedAt}),
});

/** How the engine names volumes that nobody named. */
const anonymousName = /^[\da-f]{64}$/v;

const toUser = ({Id, Names, State, Labels, Mounts}: ContainerInfo): VolumeUser => {
	const project = Labels['com.docker.compose.project'];
	const service = Labels['com.docker.compose.service'];
	const isService = Labels['com.docker.compose.oneoff']?.toLowerCase() !== 'true' && project !== undefined && service !== undefined;
	return {
		id: Id,
		name: (Names[0] ?? Id.slice(0, 12)).replace(/^\//v, ''),
		isRunning: ['running', 'paused', 'restarting'].includes(State),
		...(isService && {project, service}),
		anonymous: Mounts.flatMap(({Name, Destination}) => Name !== undefined && anonymousName.test(Name) ? [{name: Name, target: Destination}] : []),
	};
};

/**
The volumes of an engine that is connected already.
*/
export const volumesOf = (engine: Engine, stack: Stack): EngineVolumes => {
	const {docker, location} = engine;
	const ask = async <Result>(doing: string, action: () => Promise<Result>, volume?: string): Promise<Result> => {
		try {
			return await action();
		} catch (error) {
			throw engineError(error, location, doing, {stack: stack.name, ...(volume !== undefined && {volume})});
		}
	};

	const find = async (name: string): Promise<EngineVolume | undefined> => ask(`look at the volume ${name}`, async () => {
		try {
			return toVolume(await docker.getVolume(name).inspect());
		} catch (error) {
			if (hasStatus(error, 404)) {
				return undefined;
			}

			throw error;
		}
	}, name);

	return {
		find,

		withLabel: async label => ask('list its volumes', async () => {
			const {Volumes: volumes} = await docker.listVolumes({filters: {label: [label]}});
			return volumes.map(volume => toVolume(volume));
		}),

		users: async name => ask(`tell who uses the volume ${name}`, async () => {
			// The filter also takes paths inside containers, and the beginnings of names on some engines.
			const containers = await docker.listContainers({all: true, filters: {volume: [name]}});
			return containers.filter(({Mounts: mounts}) => mounts.some(mount => mount.Name === name)).map(container => toUser(container));
		}, name),

		create: async ({name, labels, folder}) => ask(`make the volume ${name}`, async () => {
			await docker.createVolume({
				Name: name,
				Driver: 'local',
				Labels: {...labels},
				...(folder !== undefined && {DriverOpts: {type: 'none', o: 'bind', device: folder}}),
			});
			return (await find(name))!;
		}, name),

		remove: async name => ask(`remove the volume ${name}`, async () => {
			try {
				await docker.getVolume(name).remove();
			} catch (error) {
				if (!hasStatus(error, 404)) {
					throw error;
				}
			}
		}, name),

		removeContainer: async ({id, name, isRunning}) => ask(`remove the container ${name}`, async () => {
			const container = docker.getContainer(id);
			try {
				if (isRunning) {
					await container.stop();
				}
			} catch (error) {
				if (!hasStatus(error, 304, 404)) {
					throw error;
				}
			}

			try {
				await container.remove();
			} catch (error) {
				if (!hasStatus(error, 404)) {
					throw error;
				}
			}
		}),

		async startPlainly(services) {
			const {runCompose} = await import('./compose-cli.ts');
			const {exitCode, stderr} = await runCompose(stack, ['up', '--detach', ...services], {env: location.environment, stack: stack.name});
			if (exitCode !== 0) {
				throw new CoppiceError('failed', `Compose could not bring up ${services.join(', ')} of stack ${stack.name}.`, {
					stack: stack.name, stderr, hint: 'Its output says why. The data are in place.',
				});
			}
		},
	};
};

/**
Opens the volumes of the engine on this machine.

@throws CoppiceError as `connectEngine`; `precondition` where the engine is on another machine.
*/
export const openEngineVolumes = async (stack: Stack): Promise<EngineVolumes> => {
	const engine = await connectEngine();
	await requireLocalEngine(engine);
	return volumesOf(engine, stack);
};

/**
The name of a stack's volume in the engine, as compose has it.
*/
export const engineVolumeName = (stack: Stack, volume: string): string => stack.volumes[volume]?.engineName ?? `${stack.name}_${volume}`;

/**
The labels by which compose knows a volume for its own. Without the hash of its configuration, which newer ones compare.
*/
export const composeLabels = (stack: Stack, volume: string): Readonly<Record<string, string>> => ({
	'com.docker.compose.project': stack.name, 'com.docker.compose.volume': volume,
});
