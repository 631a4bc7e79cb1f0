/**
Adds up how far the volumes of one fetch or push are: for who waits for it, and for its record.
*/
import {monotonicNow} from '../../system/clock.ts';
import {describeError} from '../../system/describe-error.ts';
import {CoppiceError} from '../../system/errors.ts';
import type {Home} from '../../host/home.ts';
import type {TransferProgress} from '../../transfer/channel.ts';
import type {Report} from '../progress.ts';
import type {PlannedSend} from './choose-bases.ts';
import {beginTransfer, type TransferRecord, type TransferVolume} from './transfer-records.ts';

/** How one snapshot is getting on. */
export type SnapshotTracker = {
	readonly progress: (progress: TransferProgress) => void;
	readonly applying: () => void;
	readonly done: () => void;
};

export type TransferTracker = {
	/** What will be sent. */
	readonly plan: (sends: readonly PlannedSend[]) => void;
	readonly snapshot: (send: PlannedSend) => SnapshotTracker;
	readonly sums: () => {readonly streamBytes: number; readonly wireBytes: number; readonly resumedBytes: number};
};

type Mutable = {-readonly [Key in keyof TransferVolume]: TransferVolume[Key]};

// Over which the rate is taken.
const rateMilliseconds = 5000;

const sumOf = (volumes: readonly Mutable[], key: 'totalBytes' | 'streamBytes' | 'wireBytes' | 'resumedBytes'): number =>
	volumes.reduce((sum, volume) => sum + volume[key], 0);

/**
Runs a fetch or push with a record of it, whatever its outcome.
*/
export const trackTransfer = async <Result>(
	home: Home,
	about: Pick<TransferRecord, 'verb' | 'host' | 'stack' | 'command' | 'directory'>,
	{report, task, signal}: {readonly report: Report; readonly task: string; readonly signal?: AbortSignal | undefined},
	run: (tracker: TransferTracker) => Promise<Result>,
): Promise<Result> => {
	const log = beginTransfer(home, about);
	const volumes = new Map<string, Mutable>();
	const samples: Array<{readonly time: number; readonly bytes: number}> = [];
	const rateOf = (bytes: number): number => {
		const time = monotonicNow();
		samples.push({time, bytes});
		while (samples.length > 2 && time - samples[0]!.time > rateMilliseconds) {
			samples.shift();
		}

		const first = samples[0]!;
		return time === first.time ? 0 : (bytes - first.bytes) / ((time - first.time) / 1000);
	};

	const changed = (): void => {
		const all = volumes.values().toArray();
		const [done, total, wireBytes, resumedBytes] = [sumOf(all, 'streamBytes'), sumOf(all, 'totalBytes'), sumOf(all, 'wireBytes'), sumOf(all, 'resumedBytes')];
		const rate = rateOf(done - resumedBytes);
		report({
			type: 'progress', task, done, total: Math.max(done, total), unit: 'bytes', wireBytes, resumedBytes, transfer: log.id,
		});
		log.update({volumes: all.map(volume => ({...volume})), rate});
	};

	const tracker: TransferTracker = {
		plan(sends) {
			for (const {volume, snapshot, base, bytes} of sends) {
				volumes.set(`${volume}/${snapshot}`, {
					volume, snapshot, ...(base !== undefined && {base}), totalBytes: bytes, streamBytes: 0, wireBytes: 0, resumedBytes: 0, state: 'waiting',
				});
			}

			changed();
		},
		snapshot({volume, snapshot}) {
			const entry = volumes.get(`${volume}/${snapshot}`)!;
			// Of the tries before this one.
			let wireBefore = 0;
			let lastWire = 0;
			const update = (change: Partial<Mutable>): void => {
				Object.assign(entry, change);
				changed();
			};

			return {
				progress({streamBytes, wireBytes, resumedBytes}) {
					if (wireBytes < lastWire) {
						wireBefore += lastWire;
					}

					lastWire = wireBytes;
					update({
						streamBytes, wireBytes: wireBefore + wireBytes, resumedBytes: wireBefore > 0 ? entry.resumedBytes : resumedBytes, state: 'running',
					});
				},
				applying() {
					update({state: 'applying'});
				},
				done() {
					update({state: 'done', totalBytes: entry.streamBytes});
				},
			};
		},
		sums() {
			const all = volumes.values().toArray();
			return {streamBytes: sumOf(all, 'streamBytes'), wireBytes: sumOf(all, 'wireBytes'), resumedBytes: sumOf(all, 'resumedBytes')};
		},
	};
	try {
		const result = await run(tracker);
		await log.finish('done');
		return result;
	} catch (error) {
		const isCancelled = signal?.aborted === true || (error instanceof CoppiceError && error.code === 'interrupted');
		// The failure itself is told, not that of noting it.
		await Promise.allSettled([log.finish(isCancelled ? 'cancelled' : 'failed', describeError(error).message)]);
		throw error;
	}
};
