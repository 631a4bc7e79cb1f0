/**
Makes the writers of a stack stand still for the instant of a snapshot, by pausing their containers, and lets them go on.

A container that is paused must never be left behind: see `../hold-file.ts`. One that somebody had paused already stays so.
*/
import {setTimeout as delay} from 'node:timers/promises';
import type {ContainerInfo} from 'dockerode';
import {CoppiceError} from '../../system/errors.ts';
import {
	abandonedHolds,
	heldIds,
	openHold,
	type Hold,
} from '../hold-file.ts';
import type {Freeze} from '../runtime.ts';
import {containerName, inspectContainer} from './containers.ts';
import {
	engineError,
	hasStatus,
	requireLocalEngine,
	type Engine,
} from './engine.ts';
import {thawCommand} from './thaw-command.ts';

/** Longest wait for all writers to stand still. */
const standstillMilliseconds = 10_000;

const unpause = async ({docker}: Engine, ids: readonly string[]): Promise<void> => {
	await Promise.all(ids.map(async id => {
		try {
			await docker.getContainer(id).unpause();
		} catch (error) {
			// Gone, or not paused any more; engines before 1.42 of the API answer 500 for the latter.
			const container = hasStatus(error, 404, 409) ? undefined : await inspectContainer(docker, id);
			if (container?.State.Paused) {
				throw error;
			}
		}
	}));
};

/**
Lets go on what a freeze has left behind whose guard was killed too.
*/
export const thawAbandoned = async (engine: Engine, folder: string): Promise<void> => {
	for (const {ids, done} of abandonedHolds(folder)) {
		await unpause(engine, ids);
		done();
	}
};

const release = async (engine: Engine, hold: Hold): Promise<void> => {
	const {ids, done} = hold.release();
	try {
		await unpause(engine, ids);
		done();
	} catch (error) {
		// The guard tries once more when this process ends, and so does the next command.
		throw engineError(error, engine.location, 'let paused containers go on');
	}
};

/**
Pauses a container. One that has ended or is paused meanwhile is no error; one that runs on is tried again until the deadline, since the
kernel can't freeze every busy container at the first attempt ("unable to freeze").
*/
const pause = async ({docker, location}: Engine, container: ContainerInfo, deadline: number): Promise<void> => {
	for (;;) {
		try {
			await docker.getContainer(container.Id).pause();
			return;
		} catch (error) {
			const now = await inspectContainer(docker, container.Id);
			if (!now?.State.Running || now.State.Restarting || now.State.Paused) {
				return;
			}

			if (performance.now() > deadline) {
				throw engineError(error, location, `pause ${containerName(container)}`);
			}
		}
	}
};

/**
Sees that containers can be paused: a rootless engine can't on a machine that gives it no control groups.
*/
const requireFreezer = async ({docker, reachesContainers}: Engine): Promise<void> => {
	if (await reachesContainers()) {
		return;
	}

	const {CgroupDriver: driver} = await docker.info() as {CgroupDriver?: string};
	if (driver === 'none') {
		throw new CoppiceError('precondition', 'This Docker engine runs without control groups, so its containers can\'t be paused for a snapshot.', {
			hint: 'Stop the services first (`coppice down`): what stands still anyhow is committed as it is. Rootless engines get control groups of version 2 by systemd.',
		});
	}
};

export type FreezeOptions = {
	readonly engine: Engine;

	/** A private folder for the hold files, the same for all who may freeze these containers. */
	readonly folder: string;

	/** The containers that may write and have processes now, paused ones included. Asked again until nothing new is there. */
	readonly findWriters: () => Promise<readonly ContainerInfo[]>;
	readonly leaseMilliseconds: number;
};

/** What a container is at one time: started when, and restarted how often. */
type Standing = {readonly isPaused: boolean; readonly isBetweenRuns: boolean; readonly run: string};

const lookAt = async ({docker}: Engine, ids: Iterable<string>): Promise<Map<string, Standing>> => {
	const all = await Promise.all([...ids].map(async (id): Promise<[string, Standing]> => {
		const container = await inspectContainer(docker, id);
		return [id, {
			isPaused: container?.State.Paused ?? false,
			isBetweenRuns: container === undefined || !container.State.Running || container.State.Restarting,
			run: `${container?.State.StartedAt} ${container?.RestartCount}`,
		}];
	}));
	return new Map(all);
};

/**
Pauses whatever runs until a look finds nothing new.

@returns Every writer that was seen, those that were paused before or are between two runs included.
*/
const pauseAll = async ({engine, folder, findWriters}: FreezeOptions, hold: Hold, first: readonly ContainerInfo[], deadline: number): Promise<Set<string>> => {
	const seen = new Set<string>();
	let writers = first;
	for (;;) {
		const others = heldIds(folder);
		for (const {Id: id, State: state} of writers) {
			seen.add(id);
			if (state === 'paused' && others.has(id) && !hold.ids.has(id)) {
				// Another freeze has it, and must not let it go on before this one.
				hold.add(id);
			}
		}

		const running = writers.filter(({State: state}) => state === 'running');
		const fresh = running.filter(({Id: id}) => !hold.ids.has(id)).map(({Id: id}) => id);
		if (fresh.length > 0) {
			hold.add(...fresh);
		}

		await Promise.all(running.map(async container => pause(engine, container, deadline)));
		if (performance.now() > deadline) {
			throw new CoppiceError('failed', `${writers.map(writer => containerName(writer)).join(', ')} did not stand still in time.`, {
				hint: 'Nothing is frozen any more. Try again when the machine is less busy, or stop the service first.',
			});
		}

		if (running.length === 0) {
			return seen;
		}

		writers = await findWriters();
		if (writers.every(({Id: id, State: state}) => seen.has(id) && state !== 'running')) {
			return seen;
		}

		await delay(2);
	}
};

/**
Pauses containers until `thaw()`, until this process dies, or until the lease is over.

@throws CoppiceError `failed` when one can't be paused, `precondition` where the engine is on another machine. Nothing stays frozen then.
*/
export const freezeContainers = async (options: FreezeOptions): Promise<Freeze> => {
	const {engine, folder, findWriters, leaseMilliseconds} = options;
	// What runs on another machine has no data here, and a guard here could not help it when the line is cut.
	await (engine.location.isLocal ? undefined : requireLocalEngine(engine));
	const first = await findWriters();
	if (first.length === 0) {
		return {frozenAt: performance.now(), thaw: async () => ({milliseconds: 0, held: true})};
	}

	await requireFreezer(engine);
	// After the lease the guard lets go on what is paused here.
	const deadline = performance.now() + Math.min(standstillMilliseconds, leaseMilliseconds);
	const hold = await openHold({
		folder, leaseMilliseconds, ...thawCommand(engine),
	});
	const began = performance.now();
	let seen: ReadonlySet<string>;
	let before: ReadonlyMap<string, Standing>;
	try {
		seen = await pauseAll(options, hold, first, deadline);
		before = await lookAt(engine, seen);
	} catch (error) {
		await release(engine, hold);
		throw error;
	}

	const frozenAt = performance.now();
	const check = async (): Promise<boolean> => {
		const [now, writers] = await Promise.all([lookAt(engine, seen), findWriters()]);
		const isSame = [...before].every(([id, was]) => {
			const is = now.get(id);
			return (was.isPaused || was.isBetweenRuns) && is?.run === was.run && is.isPaused === was.isPaused;
		});
		return isSame && writers.every(writer => seen.has(writer.Id));
	};

	const thaw = async (): Promise<{milliseconds: number; held: boolean}> => {
		let held = false;
		try {
			held = await check();
		} finally {
			await release(engine, hold);
		}

		return {milliseconds: performance.now() - began, held};
	};

	let result: ReturnType<typeof thaw> | undefined;
	return {
		frozenAt,
		async thaw() {
			result ??= thaw();
			return result;
		},
	};
};
