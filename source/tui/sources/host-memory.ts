/**
What was last known of the stacks of other hosts, kept over the end of the program: `hosts-seen/<host>.json` in the home's state folder, written whole or
not at all. A memory, no record: a file that is damaged, or of a host that has another address by now, says nothing.
*/
import path from 'node:path';
import {z} from 'zod';
import {agentMethods, type StackSummary} from '../../host/agent-protocol.ts';
import type {Home} from '../../host/home.ts';
import type {HostRecord} from '../../host/host.ts';
import {
	listIfThere,
	readIfThere,
	removeDurably,
	writeDurably,
} from '../../system/durable-file.ts';

export type SeenHost = {
	/** Milliseconds since 1970 when it answered last. */
	readonly seenAt: number;
	readonly stacks: readonly StackSummary[];
};

export type HostMemory = {
	/** `undefined` where nothing is known that could be relied on. */
	recall(record: HostRecord): Promise<SeenHost | undefined>;

	/** Notes what a host has answered; written soon, where its stacks are not those that were written last. */
	note(record: HostRecord, seen: SeenHost): void;

	/** Notes how a host was when it went away, or was left: its age goes by that. */
	leave(record: HostRecord, seen: SeenHost): void;

	/** Forgets all hosts but these. */
	retain(records: readonly HostRecord[]): void;

	/** Returns once all is written. */
	settled(): Promise<void>;
};

/** Changes within this time of the first are written with it. */
const gatherMilliseconds = 1000;

/** The last moment that a date can be: JavaScript's own limit. */
const lastMoment = 8.64e15;

const seenFile = z.object({
	version: z.literal(1),
	kind: z.enum(['ssh', 'pool']),
	address: z.string(),
	port: z.number().optional(),
	seenAt: z.number().min(0).max(lastMoment),
	stacks: agentMethods.stacks.result.shape.stacks,
});

const suffix = '.json';

export const createHostMemory = (home: Home): HostMemory => {
	const folder = path.join(home.state, 'hosts-seen');
	const fileOf = (name: string): string => path.join(folder, `${name}${suffix}`);
	const written = new Map<string, string>();
	const pending = new Map<string, {readonly timer: NodeJS.Timeout; readonly write: () => void}>();

	// One after the other, so that what was noted last is what stays.
	let last: Promise<void> = Promise.resolve();
	const then = (work: () => Promise<void>): void => {
		const before = last;
		last = (async () => {
			await before;
			try {
				await work();
			} catch {
				// A disk that is full or read-only takes nothing away from what is shown.
			}
		})();
	};

	const cancel = (name: string): void => {
		clearTimeout(pending.get(name)?.timer);
		pending.delete(name);
	};

	const write = ({name, kind, address, port}: HostRecord, {seenAt, stacks}: SeenHost): void => {
		cancel(name);
		written.set(name, JSON.stringify(stacks));
		then(async () => writeDurably(fileOf(name), `${JSON.stringify({
			version: 1, kind, address, ...(port !== undefined && {port}), seenAt, stacks,
		})}\n`, {mode: 0o600}));
	};

	return {
		async recall({name, kind, address, port}) {
			await last;
			try {
				const text = await readIfThere(fileOf(name));
				const {success, data} = seenFile.safeParse(JSON.parse(text ?? 'null'));
				if (!success || data.kind !== kind || data.address !== address || data.port !== port) {
					return undefined;
				}

				written.set(name, JSON.stringify(data.stacks));

				// A clock that was set back since would make it something of the future.
				return {seenAt: Math.min(data.seenAt, Date.now()), stacks: data.stacks};
			} catch {
				return undefined;
			}
		},
		note(record, seen) {
			const {name} = record;
			cancel(name);
			if (written.get(name) === JSON.stringify(seen.stacks)) {
				return;
			}

			const put = (): void => {
				write(record, seen);
			};

			pending.set(name, {write: put, timer: setTimeout(put, gatherMilliseconds)});
		},
		leave: write,
		retain(records) {
			const names = new Set(records.map(({name}) => name));
			for (const name of new Set([...written.keys(), ...pending.keys()])) {
				if (names.has(name)) {
					continue;
				}

				cancel(name);
				written.delete(name);
			}

			then(async () => {
				for (const file of await listIfThere(folder)) {
					if (!file.endsWith(suffix) || names.has(file.slice(0, -suffix.length))) {
						continue;
					}

					await removeDurably(path.join(folder, file));
				}
			});
		},
		async settled() {
			for (const {write: put} of pending.values()) {
				put();
			}

			await last;
		},
	};
};
