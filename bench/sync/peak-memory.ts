/**
How much memory the processes of Coppice take at most while something runs, on this machine and on test hosts, whose processes this machine's
/proc shows too.
*/
import {readdir, readFile, readlink} from 'node:fs/promises';
import path from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';

export type PeakMemory = {
	/** In MiB, of the largest process of each side, by the words that it was started with (`push`, `receive`). */
	readonly here: ReadonlyMap<string, number>;
	readonly there: ReadonlyMap<string, number>;
};

/** What carries data; a supervisor of services, say, does not. */
const transferring: ReadonlySet<string> = new Set(['push', 'pull', 'fetch', 'clone', 'serve', 'send', 'receive']);

const kibibytesOf = (status: string, field: string): number => Number(new RegExp(String.raw`^${field}:\s+(\d+) kB`, 'mv').exec(status)?.[1] ?? 0);

/** Notes the peak of every process of Coppice on this machine: nothing else of it may run meanwhile. */
const look = async (ownNamespace: string, here: Map<string, number>, there: Map<string, number>): Promise<void> => {
	const names = await readdir('/proc');
	await Promise.all(names.filter(name => /^\d+$/v.test(name)).map(async pid => {
		try {
			const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0').filter(word => word !== '');
			const at = words.findIndex(word => path.basename(word).startsWith('coppice'));
			if (at === -1 || path.basename(await readlink(`/proc/${pid}/exe`)) !== 'node') {
				return;
			}

			const status = await readFile(`/proc/${pid}/status`, 'utf8');
			const side = await readlink(`/proc/${pid}/ns/pid`) === ownNamespace ? here : there;
			const verb = words[at + 1] ?? '';
			if (!transferring.has(verb)) {
				return;
			}

			// VmHWM is the peak since the process began: looking now and then is enough.
			side.set(verb, Math.max(side.get(verb) ?? 0, kibibytesOf(status, 'VmHWM') / 1024));
		} catch {
			// It has gone meanwhile.
		}
	}));
};

/**
Runs something, and watches.
*/
export const watchMemory = async <Result>(work: () => Promise<Result>): Promise<Result & {readonly memory: PeakMemory}> => {
	const ownNamespace = await readlink('/proc/self/ns/pid');
	const here = new Map<string, number>();
	const there = new Map<string, number>();
	const done = new AbortController();
	const watching = (async () => {
		while (!done.signal.aborted) {
			await look(ownNamespace, here, there);
			await delay(50);
		}
	})();
	try {
		const result = await work();
		return {...result, memory: {here, there}};
	} finally {
		done.abort();
		await watching;
	}
};
