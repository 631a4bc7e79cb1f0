/**
What is on its way, was cut or is through, as files that every process can read: `transfers/<id>.json` in the home's state folder, a file for each
fetch, pull, push and clone, replaced whole at most twice a second.

A record whose process is gone though it says that it runs is of a transfer that was cut.
*/
import {randomBytes} from 'node:crypto';
import path from 'node:path';
import process from 'node:process';
import * as z from 'zod/mini';
import {
	listIfThere,
	readIfThere,
	removeDurably,
	writeDurably,
} from '../../system/durable-file.ts';
import type {Home} from '../../host/home.ts';
import {bootId, identify, isAlive} from '../../system/process-table.ts';

const volume = z.object({
	volume: z.string(),
	snapshot: z.string(),
	base: z.optional(z.string()),

	/** Bytes of stream: estimated until it is through. */
	totalBytes: z.number(),
	streamBytes: z.number(),
	wireBytes: z.number(),
	resumedBytes: z.number(),
	state: z.enum(['waiting', 'running', 'applying', 'done']),
});

const states = ['running', 'done', 'failed', 'cancelled'] as const;

const schema = z.object({
	version: z.literal(1),
	id: z.string(),
	verb: z.enum(['fetch', 'pull', 'push', 'clone']),
	host: z.string(),
	stack: z.string(),

	/** What to run again, and where. Holds no secret. */
	command: z.array(z.string()),
	directory: z.string(),
	processId: z.number(),
	startTime: z.number(),
	boot: z.string(),

	/** ISO 8601. */
	begun: z.string(),
	updated: z.string(),
	state: z.enum(states),

	/** Why it failed. */
	message: z.optional(z.string()),

	/** Bytes of stream a second, lately. */
	rate: z.number(),
	volumes: z.array(volume),
});

export type TransferVolume = z.infer<typeof volume>;
export type TransferRecord = z.infer<typeof schema>;

/** `cut`: its process is gone, and the next command goes on where it was. */
export type TransferState = TransferRecord['state'] | 'cut';
export type Transfer = Omit<TransferRecord, 'state'> & {readonly state: TransferState};

const folderOf = (home: Home): string => path.join(home.state, 'transfers');
const fileOf = (home: Home, id: string): string => path.join(folderOf(home), `${id}.json`);

const isTransferId = (id: string): boolean => /^[\da-f]{8}$/v.test(id);

/** How many that are over are kept. */
const keptRecords = 40;

const stateOf = ({state, processId, startTime, boot}: TransferRecord): TransferState =>
	state === 'running' && !(boot === bootId() && isAlive({processId, startTime})) ? 'cut' : state;

/**
@returns `undefined` where there is none of that id, or it can't be read: a record is only what was seen of a transfer.
*/
export const readTransfer = async (home: Home, id: string): Promise<Transfer | undefined> => {
	const text = isTransferId(id) ? await readIfThere(fileOf(home, id)) : undefined;
	if (text === undefined) {
		return undefined;
	}

	try {
		const record = z.parse(schema, JSON.parse(text));
		return {...record, state: stateOf(record)};
	} catch {
		return undefined;
	}
};

/** The newest first. */
export const readTransfers = async (home: Home): Promise<Transfer[]> => {
	const names = await listIfThere(folderOf(home));
	const read = await Promise.all(names.filter(name => name.endsWith('.json')).map(async name => readTransfer(home, name.slice(0, -'.json'.length))));
	return read.filter(transfer => transfer !== undefined).toSorted((a, b) => b.begun.localeCompare(a.begun));
};

const removeOld = async (home: Home): Promise<void> => {
	const over = await readTransfers(home);
	for (const {id} of over.filter(({state}) => state !== 'running').slice(keptRecords)) {
		await removeDurably(fileOf(home, id));
	}
};

export type TransferLog = {
	readonly id: string;

	/** It is there for others to see. */
	readonly begins: Promise<void>;

	/** Notes how things stand; it is written soon. */
	readonly update: (change: {readonly volumes: readonly TransferVolume[]; readonly rate: number}) => void;
	readonly finish: (state: Exclude<TransferRecord['state'], 'running'>, message?: string) => Promise<void>;
};

const writeMilliseconds = 500;

/**
Begins a record of this process.
*/
export const beginTransfer = (home: Home, about: Pick<TransferRecord, 'verb' | 'host' | 'stack' | 'command' | 'directory'>): TransferLog => {
	const id = randomBytes(4).toString('hex');
	const begun = new Date().toISOString();
	let record: TransferRecord = {
		version: 1,
		id,
		...about,
		processId: process.pid,
		startTime: identify(process.pid)?.startTime ?? 0,
		boot: bootId(),
		begun,
		updated: begun,
		state: 'running',
		rate: 0,
		volumes: [],
	};
	// One after the other, so that the last that is written is the last that was noted.
	let writing: Promise<void> = Promise.resolve();
	const write = async (): Promise<void> => {
		record = {...record, updated: new Date().toISOString()};
		const text = `${JSON.stringify(record)}\n`;
		const before = writing;
		writing = (async () => {
			await before;
			await writeDurably(fileOf(home, id), text, {mode: 0o600});
		})();
		await writing;
	};

	let timer: NodeJS.Timeout | undefined;
	const begins = write();
	begins.catch(() => {
		// Thrown when it is to be written for the last time.
	});
	return {
		id,
		begins,
		update(change) {
			record = {...record, ...change, volumes: [...change.volumes]};
			timer ??= setTimeout(() => {
				timer = undefined;
				// A record that can't be written is no reason to give the transfer up.
				void (async () => {
					try {
						await write();
					} catch {}
				})();
			}, writeMilliseconds).unref();
		},
		async finish(state, message) {
			clearTimeout(timer);
			record = {
				...record, state, rate: 0, ...(message !== undefined && {message}),
			};
			await write();
			await removeOld(home);
		},
	};
};
