/**
What services use of this machine, from the kernel's own counters: of a container by its cgroup (version 2), of other processes by adding up
what is below them. Formats: proc(5), and `Documentation/admin-guide/cgroup-v2.rst` of Linux.
*/
import {readFile} from 'node:fs/promises';
import process from 'node:process';
import {withDescendants} from '../system/process-table.ts';

/** Counters since some moment: two of these give a rate. */
export type UsageCounters = {
	/** Milliseconds on the clock of `performance.now()`. */
	readonly at: number;
	readonly cpuMilliseconds: number;
	readonly memoryBytes: number;

	/** Received and sent; 0 for a service that shares the network of the host. */
	readonly networkBytes: number;

	/** Read and written. */
	readonly diskBytes: number;
};

const read = async (file: string): Promise<string> => {
	try {
		return await readFile(file, 'latin1');
	} catch {
		// Gone, or another user's.
		return '';
	}
};

/** The value of a key in lines of `key value` or `key: value`. */
const valueOf = (text: string, key: string): number => {
	const line = text.split('\n').find(candidate => candidate.startsWith(`${key} `) || candidate.startsWith(`${key}:`));
	const digits = line === undefined ? undefined : /^\d+/v.exec(line.slice(key.length + 1).trim());
	return Number(digits?.[0] ?? 0);
};

/** The cgroup of a process below the root of the hierarchy, where it is of version 2. */
const cgroupOf = async (processId: number): Promise<string | undefined> => {
	const text = await read(`/proc/${processId}/cgroup`);
	return /^0::(?<path>\/.*)$/mv.exec(text)?.groups?.path;
};

const readCgroup = async (folder: string): Promise<Pick<UsageCounters, 'cpuMilliseconds' | 'memoryBytes' | 'diskBytes'> | undefined> => {
	const [cpu, memory, io] = await Promise.all([read(`${folder}/cpu.stat`), read(`${folder}/memory.current`), read(`${folder}/io.stat`)]);
	if (cpu === '' || memory === '') {
		return undefined;
	}

	const disk = io.matchAll(/\b[rw]bytes=(?<bytes>\d+)/gv).reduce((sum, {groups}) => sum + Number(groups!.bytes), 0);
	return {cpuMilliseconds: valueOf(cpu, 'usage_usec') / 1000, memoryBytes: Number(memory), diskBytes: disk};
};

/** Linux counts processor time in hundredths of a second for user space (`USER_HZ`). */
const tickMilliseconds = 10;

const readProcess = async (processId: number): Promise<Pick<UsageCounters, 'cpuMilliseconds' | 'memoryBytes' | 'diskBytes'>> => {
	const [stat, rollup, status, io] = await Promise.all([
		read(`/proc/${processId}/stat`), read(`/proc/${processId}/smaps_rollup`), read(`/proc/${processId}/status`), read(`/proc/${processId}/io`),
	]);
	const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
	// Shared memory is counted once in all (its proportional part), where the kernel tells.
	const memoryKibibytes = rollup === '' ? valueOf(status, 'VmRSS') : valueOf(rollup, 'Pss');
	return {
		cpuMilliseconds: (Number(fields[11] ?? 0) + Number(fields[12] ?? 0) + Number(fields[13] ?? 0) + Number(fields[14] ?? 0)) * tickMilliseconds,
		memoryBytes: memoryKibibytes * 1024,
		diskBytes: valueOf(io, 'read_bytes') + valueOf(io, 'write_bytes'),
	};
};

const readTree = async (processId: number): Promise<Pick<UsageCounters, 'cpuMilliseconds' | 'memoryBytes' | 'diskBytes'>> => {
	const parts = await Promise.all(withDescendants([processId]).map(async id => readProcess(id)));
	return {
		cpuMilliseconds: parts.reduce((sum, part) => sum + part.cpuMilliseconds, 0),
		memoryBytes: parts.reduce((sum, part) => sum + part.memoryBytes, 0),
		diskBytes: parts.reduce((sum, part) => sum + part.diskBytes, 0),
	};
};

/** Bytes through the network of a process, where that is not the host's. */
const readNetwork = async (processId: number): Promise<number> => {
	const [own, host] = await Promise.all([read(`/proc/${processId}/net/dev`), read('/proc/self/net/dev')]);
	const names = (text: string): string[] => text.split('\n').slice(2).map(line => line.split(':', 1)[0]!.trim()).filter(name => name !== '');
	if (own === '' || names(own).join(' ') === names(host).join(' ')) {
		return 0;
	}

	let bytes = 0;
	for (const line of own.split('\n').slice(2)) {
		const [name = '', values = ''] = line.split(':', 2);
		const numbers = values.trim().split(/\s+/v).map(Number);
		bytes += ['', 'lo'].includes(name.trim()) ? 0 : (numbers[0] ?? 0) + (numbers[8] ?? 0);
	}

	return bytes;
};

/**
The counters of a service now, by its first process; `undefined` where that has ended or can't be read.
*/
export const readUsage = async (processId: number): Promise<UsageCounters | undefined> => {
	const at = performance.now();
	const [cgroup, own] = await Promise.all([cgroupOf(processId), cgroupOf(process.pid)]);
	const inCgroup = cgroup === undefined || [own, '/'].includes(cgroup) ? undefined : await readCgroup(`/sys/fs/cgroup${cgroup}`);
	const used = inCgroup ?? await readTree(processId);
	return used.memoryBytes === 0 ? undefined : {at, ...used, networkBytes: await readNetwork(processId)};
};

export type Usage = {
	/** Per cent of one core. */
	readonly cpu: number;
	readonly memoryBytes: number;

	/** Per second. */
	readonly networkBytes: number;
	readonly diskBytes: number;
};

/**
What was used between two readings. Counters that went down are of another process: nothing is told of that time then.
*/
export const usageBetween = (before: UsageCounters, after: UsageCounters): Usage | undefined => {
	const seconds = (after.at - before.at) / 1000;
	if (seconds <= 0 || after.cpuMilliseconds < before.cpuMilliseconds) {
		return undefined;
	}

	return {
		cpu: (after.cpuMilliseconds - before.cpuMilliseconds) / seconds / 10,
		memoryBytes: after.memoryBytes,
		networkBytes: Math.max(0, after.networkBytes - before.networkBytes) / seconds,
		diskBytes: Math.max(0, after.diskBytes - before.diskBytes) / seconds,
	};
};
