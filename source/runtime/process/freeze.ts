/**
Makes the writers of a stack stand still for the instant of a snapshot, with SIGSTOP, and lets them go on.

Group signals do not do: every Postgres child leads a session of its own. So the tree below each service is walked, roots first
(a stopped parent makes no new children), until a walk finds nothing new and everything stands still.

A process that is stopped must never be left behind. Before the first one is stopped a guard is started, in a session of its own,
which waits on a pipe from this process: when that closes (this process has died, by whatever means) or the lease is over, it
lets go on whatever is written in the hold file. Every id is written there before its process is stopped.

Two freezes may overlap: each removes its own hold file first, and then lets go on only what no other hold file names.
*/
import {spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {
	closeSync,
	mkdirSync,
	openSync,
	readdirSync,
	readFileSync,
	rmSync,
	writeSync,
} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import {setImmediate as turn, setTimeout as delay} from 'node:timers/promises';
import {CoppiceError} from '../../system/errors.ts';
import type {Freeze} from '../runtime.ts';
import {
	identify,
	isAlive,
	standsStill,
	withDescendants,
	type ProcessIdentity,
} from './process-table.ts';
import {sendSignal} from './service-processes.ts';

/** Longest wait for all writers to stand still. */
const standstillMilliseconds = 5000;

/** Longest way out of the kernel for a process that was stopped inside it. */
const settleMilliseconds = 100;

const guardScript = `
timeout "$1" cat >/dev/null
held=$(cat "$2/hold.$$" 2>/dev/null)
rm -f "$2/hold.$$"
others=' '
for file in "$2"/hold.*; do
	if [ -e "$file" ] && kill -0 "\${file##*.}" 2>/dev/null; then
		others="$others$(tr '\\n' ' ' <"$file" 2>/dev/null) "
	fi
done
for id in $held; do
	case "$others" in
		*" $id "*) ;;
		*) kill -CONT "$id" 2>/dev/null ;;
	esac
done
`;

const isRunning = (processId: number): boolean => {
	try {
		process.kill(processId, 0);
		return true;
	} catch {
		return false;
	}
};

/**
The ids that freezes other than this one hold; those of a freeze whose guard is gone count no more.
*/
const heldByOthers = (folder: string): ReadonlySet<number> => {
	const held = new Set<number>();
	for (const name of readdirSync(folder)) {
		if (name.startsWith('hold.') && isRunning(Number(name.slice('hold.'.length)))) {
			for (const line of readFileSync(path.join(folder, name), 'latin1').split('\n')) {
				if (line !== '') {
					held.add(Number(line));
				}
			}
		}
	}

	return held;
};

/**
Lets go on what a freeze left behind whose guard was killed too, and removes its hold file.
*/
export const thawAbandoned = (folder: string): void => {
	let names: string[];
	try {
		names = readdirSync(folder);
	} catch {
		return;
	}

	for (const name of names) {
		if (!name.startsWith('hold.') || isRunning(Number(name.slice('hold.'.length)))) {
			continue;
		}

		const file = path.join(folder, name);
		const held = readFileSync(file, 'latin1').split('\n').filter(line => line !== '').map(Number);
		rmSync(file, {force: true});
		const others = heldByOthers(folder);
		for (const processId of held) {
			if (!others.has(processId)) {
				sendSignal(processId, 'SIGCONT');
			}
		}
	}
};

type Hold = {
	readonly stop: (processId: number) => void;

	/** Lets everything go on, children before their parents, and ends the guard. */
	readonly release: () => void;

	/** What was stopped, in that order. */
	readonly stopped: ReadonlySet<number>;
};

const startGuard = async (folder: string, leaseMilliseconds: number): Promise<ChildProcess> => {
	const guard = spawn('/bin/sh', ['-c', guardScript, 'coppice-thaw-guard', String(leaseMilliseconds / 1000), folder], {
		detached: true, stdio: ['pipe', 'ignore', 'ignore'], cwd: '/',
	});
	// Without a listener a failed start would end this process.
	guard.on('error', () => undefined);
	if (guard.pid === undefined) {
		throw new CoppiceError('failed', 'The guard that lets writers go on again could not be started, so nothing was frozen.');
	}

	await once(guard, 'spawn');
	guard.unref();
	return guard;
};

const openHold = async (folder: string, leaseMilliseconds: number): Promise<Hold> => {
	mkdirSync(folder, {recursive: true, mode: 0o700});
	thawAbandoned(folder);
	const guard = await startGuard(folder, leaseMilliseconds);
	const file = path.join(folder, `hold.${guard.pid}`);
	const descriptor = openSync(file, 'ax', 0o600);
	const stopped = new Set<number>();
	return {
		stopped,
		stop(processId) {
			writeSync(descriptor, `${processId}\n`);
			stopped.add(processId);
			sendSignal(processId, 'SIGSTOP');
		},
		release() {
			closeSync(descriptor);
			rmSync(file, {force: true});
			const others = heldByOthers(folder);
			for (const processId of [...stopped].toReversed()) {
				if (!others.has(processId)) {
					sendSignal(processId, 'SIGCONT');
				}
			}

			guard.stdin?.destroy();
		},
	};
};

/**
Stops these processes and everything below them, and waits until all stand still.
*/
const stopTree = async (hold: Hold, roots: readonly number[], includeDescendants: boolean, deadline: number): Promise<void> => {
	const find = includeDescendants ? () => withDescendants(roots) : () => roots;
	let wait: readonly number[] = [];
	for (let round = 0; ; round++) {
		const found = find().filter(processId => processId !== process.pid);
		const fresh = found.filter(processId => !hold.stopped.has(processId));
		for (const processId of fresh) {
			hold.stop(processId);
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
	const hold = await openHold(options.folder, options.leaseMilliseconds);
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
		for (const processId of hold.stopped) {
			const identity = identify(processId);
			if (identity) {
				identities.set(processId, identity.startTime);
			}
		}
	} catch (error) {
		hold.release();
		throw error;
	}

	let result: {milliseconds: number; held: boolean} | undefined;
	return {
		frozenAt,
		async thaw() {
			if (result === undefined) {
				const held = await stillHeld(identities);
				hold.release();
				result = {milliseconds: performance.now() - began, held};
			}

			return result;
		},
	};
};
