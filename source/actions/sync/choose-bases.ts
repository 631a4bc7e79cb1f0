/**
Decides what each snapshot is sent as: an increment from the best base that both sides have, or in full, by estimates of the side that sends.
*/
import pLimit from 'p-limit';
import {CoppiceError} from '../../system/errors.ts';
import {formatBytes} from '../../system/format.ts';
import type {KnownCommits} from '../../history/known-commits.ts';
import {chooseBase, commonBases, type SendEstimates} from '../../transfer/best-base.ts';
import {fartherSnapshots, nearestSnapshots, type SnapshotWanted} from './plan-data.ts';

export type PlannedSend = SnapshotWanted & {
	readonly base?: string;

	/** Bytes of stream, about. */
	readonly bytes: number;

	/** An increment was to be expected, but nothing is common. */
	readonly unexpectedlyFull: boolean;
};

export type ChooseOptions = {
	readonly wanted: ReadonlyMap<string, readonly SnapshotWanted[]>;
	readonly known: KnownCommits;

	/** Ids of a volume's snapshots on the side that sends, and on the side that receives. */
	readonly sender: ReadonlyMap<string, ReadonlySet<string>>;
	readonly receiver: ReadonlyMap<string, ReadonlySet<string>>;
	readonly estimate: (volume: string, snapshot: string, bases: readonly string[]) => Promise<SendEstimates>;
};

/** Bases that are worth asking about for one snapshot; each costs the sender a look at what changed. */
const mostBases = 6;

/** Where there are many snapshots to bring, each has a near one just before it. */
const manySnapshots = 6;

/** Volumes at once: what limits is the disk there. */
const parallel = 3;

const chooseOfVolume = async (wanted: readonly SnapshotWanted[], options: ChooseOptions): Promise<PlannedSend[]> => {
	const {known, estimate} = options;
	const {volume} = (wanted[0]!);
	const there = [...options.sender.get(volume) ?? []];
	const here = new Set(options.receiver.get(volume));
	const planned: PlannedSend[] = [];
	for (const each of wanted) {
		const farther = fartherSnapshots(each.commit, volume, known, here.intersection(new Set(there)));
		const bases = commonBases({
			sender: there.filter(id => id !== each.snapshot && !farther.has(id)), receiver: [...here], nearest: nearestSnapshots(each.commit, volume, known),
		}, wanted.length > manySnapshots ? 1 : mostBases);
		const choice = chooseBase(bases, await estimate(volume, each.snapshot, bases));
		planned.push({
			...each,
			bytes: choice.bytes,
			unexpectedlyFull: choice.kind === 'full' && choice.why === 'nothing-common' && here.size > 0,
			...(choice.kind === 'increment' && {base: choice.base}),
		});
		here.add(each.snapshot);
	}

	return planned;
};

/**
@returns For each volume what to send, in order.
*/
export const chooseBases = async (options: ChooseOptions): Promise<ReadonlyMap<string, readonly PlannedSend[]>> => {
	const limit = pLimit(parallel);
	const chosen = await Promise.all([...options.wanted].filter(([, wanted]) => wanted.length > 0).map(async ([volume, wanted]) =>
		limit(async () => [volume, await chooseOfVolume(wanted, options)] as const)));
	return new Map(chosen);
};

/** Sends of everything where an increment was to be expected. */
export type FullSends = {
	readonly host: string;
	readonly direction: 'from' | 'to';
	readonly volumes: ReadonlyArray<{readonly volume: string; readonly bytes: number}>;
};

/**
Announces what is sent in full where an increment was to be expected, and asks: `confirm` throws where the answer is no. Without it, that is an error.
*/
export const announceFullSends = async (
	planned: ReadonlyMap<string, readonly PlannedSend[]>,
	place: Pick<FullSends, 'host' | 'direction'>,
	{full = false, confirm}: {readonly full?: boolean | undefined; readonly confirm?: ((sends: FullSends) => Promise<void>) | undefined},
): Promise<void> => {
	const volumes = planned.values().toArray().flat().filter(({unexpectedlyFull}) => unexpectedlyFull).map(({volume, bytes}) => ({volume, bytes}));
	if (full || volumes.length === 0) {
		return;
	}

	if (confirm !== undefined) {
		await confirm({...place, volumes});
		return;
	}

	const list = volumes.map(({volume, bytes}) => `${volume} (${formatBytes(bytes)})`).join(', ');
	throw new CoppiceError('precondition', `No increment can be sent ${place.direction} ${place.host}: no snapshot of ${list} is on both sides, so all of it would go.`, {
		host: place.host, hint: 'Add `--full` to send it all the same.',
	});
};
