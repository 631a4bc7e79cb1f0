/**
Containers that are killed since their data are about to be thrown away: dead within milliseconds, while the engine takes some hundred more
for their networks.
*/
import {readFileSync} from 'node:fs';
import process from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import {isSystemError} from '../../system/errors.ts';

const pollMilliseconds = 3;

/** A container as it was seen a while ago. */
export type SeenContainer = {
	readonly id: string;
	readonly service: string;
	readonly processId: number;
};

/**
Whether a process of this host is the first one of a container now. What was seen a while ago may have been started anew since, under another
id; and where this program is itself in a container, ids of processes mean nothing here. With the first process its whole namespace dies.

The sources are proc_pid_cgroup(5) and `NSpid` of proc_pid_status(5).
*/
export const isFirstProcess = (processId: number, containerId: string): boolean => {
	try {
		const namespaces = /^NSpid:(?<ids>.*)$/mv.exec(readFileSync(`/proc/${processId}/status`, 'latin1'))?.groups?.ids?.trim().split(/\s+/v) ?? [];
		return namespaces.length > 1 && namespaces.at(-1) === '1' && readFileSync(`/proc/${processId}/cgroup`, 'latin1').includes(containerId);
	} catch {
		return false;
	}
};

/** Returns when a process of this host is gone, or nobody wants to know any more. */
const untilGone = async (processId: number, signal: AbortSignal): Promise<void> => {
	while (!signal.aborted) {
		try {
			process.kill(processId, 0);
		} catch (error) {
			if (isSystemError(error, 'ESRCH')) {
				return;
			}
			// One that this user may not signal is alive.
		}

		await delay(pollMilliseconds);
	}
};

type Dying = {
	readonly service: string;

	/** Its processes are gone. */
	readonly dead: Promise<void>;

	/** The engine has taken it down. */
	readonly down: Promise<void>;
};

export type DyingContainers = {
	/** Whether one is dead or will be, without anybody doing more. */
	has(id: string): boolean;

	/**
	Kills containers. Returns as soon as nothing in them, and in those of these services that were being killed, can write any more.

	@param isHere - Whether their processes are this host's, so that their end can be seen before the engine tells.
	@throws What `kill` throws of one that may live.
	*/
	kill(containers: readonly SeenContainer[], services: readonly string[], isHere: boolean): Promise<void>;

	/**
	Waits until the engine has taken down all that were killed. Where it could not, it is asked once more.

	@throws What `kill` throws then.
	*/
	settle(): Promise<void>;
};

/**
@param kill - Kills a container and returns when the engine has taken it down; for one that is down or gone it does nothing.
*/
export const createDyingContainers = (kill: (container: Pick<SeenContainer, 'id' | 'service'>) => Promise<void>): DyingContainers => {
	const all = new Map<string, Dying>();
	const forget = (id: string, dying: Dying): void => {
		if (all.get(id) === dying) {
			all.delete(id);
		}
	};

	const untilDead = async (down: Promise<void>, processId: number | undefined): Promise<void> => {
		if (processId === undefined) {
			return down;
		}

		const over = new AbortController();
		try {
			await Promise.race([down, untilGone(processId, over.signal)]);
		} finally {
			over.abort();
		}
	};

	const begin = (container: SeenContainer, isHere: boolean): void => {
		const {id, service, processId} = container;
		// Looked at before the kill: whatever ends it after that, what was alive here is what has to be gone.
		const isSeen = isHere && isFirstProcess(processId, id);
		const down = kill(container);
		const dead = untilDead(down, isSeen ? processId : undefined);
		const dying: Dying = {service, dead, down};
		all.set(id, dying);
		// What fails is told to those who wait for it.
		down.catch(() => undefined);
		dead.catch(() => {
			forget(id, dying);
		});
	};

	return {
		has: id => all.has(id),

		async kill(containers, services, isHere) {
			for (const container of containers) {
				if (!all.has(container.id)) {
					begin(container, isHere);
				}
			}

			await Promise.all(all.values().filter(({service}) => services.includes(service)).map(async ({dead}) => dead));
		},

		async settle() {
			await Promise.all([...all].map(async ([id, dying]) => {
				try {
					await dying.down;
				} catch {
					await kill({id, service: dying.service});
				} finally {
					forget(id, dying);
				}
			}));
		},
	};
};
