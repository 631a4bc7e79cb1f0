/**
Processes as the kernel sees them: who is alive, in what state, and whose child is whose. Formats: proc(5).

A process id alone names nothing for long, since the kernel gives it out again; an id with its start time names one process
until the next boot, and with the id of the boot for good.
*/
import {Buffer} from 'node:buffer';
import {
	closeSync,
	openSync,
	readdirSync,
	readFileSync,
	readSync,
} from 'node:fs';
import process from 'node:process';

export type ProcessIdentity = {
	readonly processId: number;

	/** Field 22 of `/proc/<pid>/stat`: clock ticks since boot. */
	readonly startTime: number;
};

export type ProcessStat = ProcessIdentity & {
	/** One letter: `R`, `S`, `D`, `T`, `t`, `Z`, … */
	readonly state: string;
	readonly name: string;
	readonly parent: number;
	readonly session: number;
};

const buffer = Buffer.allocUnsafe(8192);

/**
The first 8 KiB of a file of `/proc`, or `undefined` where it is gone. Three system calls, since a freeze counts them.
*/
const readSmall = (file: string): string | undefined => {
	try {
		const descriptor = openSync(file, 'r');
		try {
			return buffer.toString('latin1', 0, readSync(descriptor, buffer, 0, buffer.length, 0));
		} finally {
			closeSync(descriptor);
		}
	} catch {
		return undefined;
	}
};

const namesIn = (folder: string): string[] => {
	try {
		return readdirSync(folder);
	} catch {
		return [];
	}
};

const parseStat = (text: string): ProcessStat | undefined => {
	// The name is in brackets and may itself hold brackets and blanks; what follows the last one is plain.
	const open = text.indexOf('(');
	const close = text.lastIndexOf(')');
	const fields = text.slice(close + 2).split(' ');
	const [state, parent, , session] = fields;
	const startTime = fields[19];
	if (open === -1 || state === undefined || startTime === undefined) {
		return undefined;
	}

	return {
		processId: Number(text.slice(0, open)),
		name: text.slice(open + 1, close),
		state,
		parent: Number(parent),
		session: Number(session),
		startTime: Number(startTime),
	};
};

/**
What the kernel says of a process, or `undefined` where there is none.
*/
export const readStat = (processId: number): ProcessStat | undefined => {
	const text = readSmall(`/proc/${processId}/stat`);
	return text === undefined ? undefined : parseStat(text);
};

/**
The process that has this id now, named for good.
*/
export const identify = (processId: number): ProcessIdentity | undefined => {
	const stat = readStat(processId);
	return stat && {processId, startTime: stat.startTime};
};

const threadIds = (processId: number): string[] => namesIn(`/proc/${processId}/task`);

/**
Whether this very process still runs. A zombie does not, unless only its first thread has ended.
*/
export const isAlive = ({processId, startTime}: ProcessIdentity): boolean => {
	const stat = readStat(processId);
	return stat?.startTime !== startTime || stat.state === 'X' ? false : stat.state !== 'Z' || threadIds(processId).length > 1;
};

/**
Whether every thread of a process stands still: stopped, gone, or inside a system call that can't be interrupted, from which it
gets back to its own code only when it is let go on.
*/
export const standsStill = (processId: number): boolean => {
	const leader = readStat(processId);
	if (leader === undefined || leader.state === 'Z' || leader.state === 'X') {
		return threadIds(processId).length <= 1;
	}

	if (!'TtD'.includes(leader.state)) {
		return false;
	}

	const threads = threadIds(processId);
	return threads.length <= 1 || threads.every(thread => {
		const text = readSmall(`/proc/${processId}/task/${thread}/stat`);
		const state = text === undefined ? 'X' : parseStat(text)?.state ?? 'X';
		return 'TtDZX'.includes(state);
	});
};

/**
Every process of this machine that can be seen.
*/
export const listProcesses = (): ProcessStat[] => {
	const found: ProcessStat[] = [];
	for (const name of namesIn('/proc')) {
		const processId = Number(name);
		const stat = Number.isSafeInteger(processId) ? readStat(processId) : undefined;
		if (stat) {
			found.push(stat);
		}
	}

	return found;
};

/** Kernels built without CONFIG_PROC_CHILDREN have no `children` files. */
const hasChildrenFiles = (() => {
	try {
		readFileSync('/proc/thread-self/children');
		return true;
	} catch {
		return false;
	}
})();

const childrenFromFiles = (processId: number): number[] => {
	const found: number[] = [];
	for (const thread of threadIds(processId)) {
		let text: string;
		try {
			text = readFileSync(`/proc/${processId}/task/${thread}/children`, 'latin1');
		} catch {
			continue;
		}

		for (const word of text.split(' ')) {
			if (word !== '') {
				found.push(Number(word));
			}
		}
	}

	return found;
};

/**
The ids of the given processes and of everything below them, each once, parents before children.
*/
export const withDescendants = (roots: readonly number[]): number[] => {
	let childrenOf = childrenFromFiles;
	if (!hasChildrenFiles) {
		const byParent = Map.groupBy(listProcesses(), stat => stat.parent);
		childrenOf = processId => (byParent.get(processId) ?? []).map(stat => stat.processId);
	}

	const found = new Set(roots);
	let generation = [...found];
	while (generation.length > 0) {
		generation = generation.flatMap(processId => childrenOf(processId)).filter(child => !found.has(child));
		for (const child of generation) {
			found.add(child);
		}
	}

	return [...found];
};

/**
Whether the environment that a process was started with holds this `NAME=value`. `false` where it can't be read.
*/
export const hasInEnvironment = (processId: number, entry: string): boolean => {
	try {
		return readFileSync(`/proc/${processId}/environ`, 'latin1').split('\0').includes(entry);
	} catch {
		return false;
	}
};

/**
Identifies this boot: process ids and start times mean nothing after the next one.
*/
export const bootId = (): string => readSmall('/proc/sys/kernel/random/boot_id')?.trim() ?? '';

/** Enough of the boot's id for a name. */
const shortBootId = (): string => bootId().slice(0, 8);

/**
A mark that this process leaves in the name of what it is busy with, so that others can tell whether it still is: `PROCESS-START-BOOT`. No later
process has it, after a reboot neither.
*/
export const processMark = (): string => `${process.pid}-${identify(process.pid)?.startTime ?? 0}-${shortBootId()}`;

/**
Whether the process that left a mark still runs. What follows the mark after a dash does not count.
*/
export const isMarkAlive = (mark: string): boolean => {
	const [processId, startTime, boot] = mark.split('-', 3);
	return boot !== undefined && boot === shortBootId() && isAlive({processId: Number(processId), startTime: Number(startTime)});
};
