/**
All processes that belong to one service, also those that left its tree (a daemon that forked twice), and making an end of them.
*/
import process from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import {CoppiceError, isSystemError} from '../../system/errors.ts';
import {
	hasInEnvironment,
	identify,
	isAlive,
	listProcesses,
	withDescendants,
	type ProcessIdentity,
} from '../../system/process-table.ts';

/** The variable that marks every process of a service, so that it is found even when its parent is gone. */
export const markVariable = 'COPPICE_SERVICE';

/**
Sends a signal to one process.

@returns Whether it was there.
@throws CoppiceError `permission` where this user may not.
*/
export const sendSignal = (processId: number, signal: NodeJS.Signals): boolean => {
	try {
		process.kill(processId, signal);
		return true;
	} catch (error) {
		if (isSystemError(error, 'ESRCH')) {
			return false;
		}

		if (isSystemError(error, 'EPERM')) {
			throw new CoppiceError('permission', `Process ${processId} belongs to another user and can't be signalled.`, {
				hint: 'Run the command as the user who started the stack.', cause: error,
			});
		}

		throw error;
	}
};

/**
Processes that carry one of these marks, or whose session one of these roots leads, with their descendants.

Goes over the whole process table once (a few milliseconds).
*/
export const findMembers = (marks: readonly string[], roots: readonly ProcessIdentity[] = []): number[] => {
	const sessions = new Set(roots.map(root => root.processId));
	const oldest = Math.min(...roots.map(root => root.startTime));
	const found: number[] = [];
	for (const stat of listProcesses()) {
		if (stat.processId === process.pid || stat.state === 'Z') {
			continue;
		}

		// A member is never older than its root: that spares reading most environments.
		const mayCarryMark = roots.length === 0 || stat.startTime >= oldest;
		if (sessions.has(stat.session) || (mayCarryMark && marks.some(mark => hasInEnvironment(stat.processId, `${markVariable}=${mark}`)))) {
			found.push(stat.processId);
		}
	}

	return withDescendants(found);
};

/**
Kills every process of a service with SIGKILL and returns when none is left.

@throws CoppiceError `failed` naming a process that does not die within `timeoutMilliseconds` (it hangs in the kernel).
*/
export const killMembers = async (mark: string, root: ProcessIdentity | undefined, options: {timeoutMilliseconds?: number} = {}): Promise<void> => {
	const deadline = performance.now() + (options.timeoutMilliseconds ?? 30_000);
	const known = new Map<number, ProcessIdentity>();
	const remember = (processIds: readonly number[]): void => {
		for (const processId of processIds) {
			const identity = known.has(processId) ? undefined : identify(processId);
			if (identity) {
				known.set(processId, identity);
			}
		}
	};

	// The tree first: it is quick to walk, and once the root is dead its children are no longer found through it.
	if (root && isAlive(root)) {
		remember(withDescendants([root.processId]));
		for (const processId of known.keys()) {
			sendSignal(processId, 'SIGKILL');
		}
	}

	for (let round = 0; ; round++) {
		remember(findMembers([mark], root ? [root] : []));
		let living = known.values().filter(identity => isAlive(identity)).toArray();
		if (living.length === 0) {
			return;
		}

		for (const {processId} of living) {
			sendSignal(processId, 'SIGKILL');
		}

		for (let wait = 0; wait < 20 && living.length > 0; wait++) {
			await delay(round === 0 && wait < 5 ? 1 : 5);
			living = living.filter(identity => isAlive(identity));
		}

		const [stuck] = living;
		if (stuck && performance.now() > deadline) {
			throw new CoppiceError('failed', `Process ${stuck.processId} does not end after SIGKILL: it hangs in the kernel.`, {
				hint: 'Its disk or network file system does not answer; see `dmesg`.',
			});
		}
	}
};
