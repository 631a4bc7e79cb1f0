/**
Makes the writers of a stack stand still for the instant of a snapshot, with SIGSTOP, and lets them go on.

Group signals do not do: every Postgres child leads a session of its own. So the tree below each service is walked, roots first
(a stopped parent makes no new children), until a walk finds nothing new and everything stands still.

A process that is stopped must never be left behind: see `../hold-file.ts`.
*/
import process from 'node:process';
import {setImmediate as turn, setTimeout as delay} from 'node:timers/promises';
import {CoppiceError} from '../../system/errors.ts';
import {abandonedHolds, openHold, type Hold} from '../hold-file.ts';
import type {Freeze} from '../runtime.ts';
import {
	identify,
	isAlive,
	standsStill,
	withDescendants,
	type ProcessIdentity,
} from '../../system/process-table.ts';
import {sendSignal} from './service-processes.ts';

/** Longest wait for all writers to stand still. */
const standstillMilliseconds = 5000;

/** Longest way out of the kernel for a process that was stopped inside it. */
const settleMilliseconds = 100;

/**
Lets go on what a freeze left behind whose guard was killed too, and removes its hold file.
*/
export const thawAbandoned = (folder: string): void => {
	for (const {ids, done} of abandonedHolds(folder)) {
		letGo(ids);
		done();
	}
};

/** Children before their parents. */
const letGo = (ids: readonly string[]): void => {
	for (const id of ids.toReversed()) {
		sendSignal(Number(id), 'SIGCONT');
	}
};

const release = (hold: Hold): void => {
	const {ids, done} = hold.release();
	letGo(ids);
	done();
};

/**
Stops these processes and everything below them, and waits until all stand still.
*/
const stopTree = async (hold: Hold, roots: readonly number[], includeDescendants: boolean, deadline: number): Promise<void> => {
	const find = includeDescendants ? () => withDescendants(roots) : () => roots;
	let wait: readonly number[] = [];
	for (let round = 0; ; round++) {
		const found = find().filter(processId => processId !== process.pid);
		const fresh = found.filter(processId => !hold.ids.has(String(processId)));
		for (const processId of fresh) {
			hold.add(String(processId));
			sendSignal(processId, 'SIGSTOP');
		}

		wait = [...new Set([...wait, ...fresh])].filter(processId => !standsStill(processId));
		// What was found in a walk that began when all that was known stood still is all there is.
		if (fresh.length === 0 && wait.length === 0) {
			return;
		}

		if (performance.now() > deadline) {
			throw new CoppiceError('failed', `Process ${wait[0] ?? fresh[0]} did not stand still in time.`, {
				hint: 'Nothing is frozen any more. Try again when the machine is less busy, or stop the service first.',
			});
		}

		await (round < 20 ? turn() : delay(1));
	}
};

/**
Whether these very processes all stand still.

One that was inside the kernel when it was stopped may be on its way out of there, not yet back in its own code, where it stops. So one
that moves is given a moment; a process that somebody has let go on does not stop by itself.
*/
const stillHeld = async (identities: ReadonlyMap<number, number>): Promise<boolean> => {
	const deadline = performance.now() + settleMilliseconds;
	let moving = identities.keys().toArray();
	for (;;) {
		if ([...identities].some(([processId, startTime]) => identify(processId)?.startTime !== startTime)) {
			return false;
		}

		moving = moving.filter(processId => !standsStill(processId));
		if (moving.length === 0) {
			return true;
		}

		if (performance.now() > deadline) {
			return false;
		}

		await turn();
	}
};

export type FreezeOptions = {
	/** A private folder for the hold files, the same for all who may freeze these processes. */
	readonly folder: string;

	/**
	What must not start anything new meanwhile: stopped first, without what is below it.
	*/
	readonly starter?: ProcessIdentity;

	/** The first process of each service. Asked again once the starter stands still. */
	readonly roots: () => readonly ProcessIdentity[];

	/** Processes that left the tree of their service; looked up before anything is stopped. */
	readonly strays?: readonly number[];
	readonly leaseMilliseconds: number;
};

/**
Makes processes and their descendants stand still until `thaw()`, until this process dies, or until the lease is over.

@throws CoppiceError `permission` when one belongs to another user; `failed` when one does not stop. Nothing stays frozen then.
*/
export const freezeProcesses = async (options: FreezeOptions): Promise<Freeze> => {
	const living = (): ProcessIdentity[] => options.roots().filter(identity => isAlive(identity));
	if (living().length === 0) {
		return {frozenAt: performance.now(), thaw: async () => ({milliseconds: 0, held: true})};
	}

	// After the lease the guard lets go on what is stopped here.
	const deadline = performance.now() + Math.min(standstillMilliseconds, options.leaseMilliseconds);
	thawAbandoned(options.folder);
	const hold = await openHold({folder: options.folder, leaseMilliseconds: options.leaseMilliseconds, letGo: ['kill', '-CONT']});
	let began: number;
	let frozenAt: number;
	const identities = new Map<number, number>();
	try {
		if (options.starter && isAlive(options.starter)) {
			await stopTree(hold, [options.starter.processId], false, deadline);
		}

		began = performance.now();
		await stopTree(hold, [...living().map(root => root.processId), ...(options.strays ?? [])], true, deadline);
		frozenAt = performance.now();
		for (const id of hold.ids) {
			const identity = identify(Number(id));
			if (identity) {
				identities.set(identity.processId, identity.startTime);
			}
		}
	} catch (error) {
		release(hold);
		throw error;
	}

	let result: {milliseconds: number; held: boolean} | undefined;
	return {
		frozenAt,
		async thaw() {
			if (result === undefined) {
				const held = await stillHeld(identities);
				release(hold);
				result = {milliseconds: performance.now() - began, held};
			}

			return result;
		},
	};
};
