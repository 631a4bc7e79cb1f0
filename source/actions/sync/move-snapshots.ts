/**
Brings all that was planned over the line: volumes side by side, the snapshots of one volume one after the other, each tried again when the
connection is lost.
*/
import pLimit from 'p-limit';
import {CoppiceError} from '../../system/errors.ts';
import {formatBytes} from '../../system/format.ts';
import type {VolumeAddress} from '../../storage/layout.ts';
import type {AppliedReport} from '../../transfer/applied.ts';
import {transferProtocol, type TransferRequest} from '../../transfer/channel.ts';
import {isBaseDifferent} from '../../transfer/failure.ts';
import {retryTransfer} from '../../transfer/retry.ts';
import {giveSnapshot, takeSnapshot, type SnapshotTransfer} from './channel-snapshots.ts';
import type {PlannedSend} from './choose-bases.ts';
import type {Peer} from './peer.ts';
import type {SyncPlace} from './place.ts';
import type {TransferTracker} from './track-transfer.ts';

/** Volumes at once: enough to fill a line that one alone leaves idle while its disks work. */
const parallel = 3;

export type MoveOptions = {
	/** What the other side does. */
	readonly direction: 'send' | 'receive';

	/** On whose behalf, for the policy of the other side. */
	readonly branchOf: (commit: string) => string;

	/** What the other side's policy refuses is told and passed over. */
	readonly passesRefused?: boolean;

	/** Bytes a second, for all volumes together. */
	readonly limit?: number | undefined;
	readonly signal?: AbortSignal | undefined;
	readonly tracker: TransferTracker;
};

export type MovedSnapshot = {
	readonly volume: string;
	readonly snapshot: string;
	readonly kind: 'full' | 'increment';
	readonly base?: string;
};

/**
What is asked of the other side for one snapshot.
*/
export const requestOf = (stack: string, {volume, snapshot, base}: PlannedSend, branch: string, limit?: number): TransferRequest => ({
	protocol: transferProtocol,
	stack,
	volume,
	snapshot,
	branch,
	...(base !== undefined && {base}),
	...(limit !== undefined && {limit}),
});

const moveOne = async (place: SyncPlace, peer: Peer, send: PlannedSend, options: MoveOptions): Promise<void> => {
	const {
		direction, branchOf, signal, tracker, limit,
	} = options;
	const {pool, stack, report} = place;
	const {volume, snapshot, base} = send;
	const address: VolumeAddress = {stack, volume};
	const entry = tracker.snapshot(send);
	const request = requestOf(stack, send, branchOf(send.commit), limit);
	const isThere = async (): Promise<boolean> => {
		if (direction === 'send') {
			const {snapshots} = await pool.driver.contents(address);
			return snapshots.includes(snapshot);
		}

		const {volumes} = await peer.host.call('snapshots', {stack}, {signal});
		return volumes[volume]?.includes(snapshot) === true;
	};

	let tries = 0;
	const bring = async (plain: boolean): Promise<AppliedReport> => retryTransfer(async ({connected, progressed}): Promise<AppliedReport> => {
		tries++;
		// The line may have been lost after all of it was through.
		if (tries > 1 && await isThere()) {
			return {leftOut: []};
		}

		const channel = await peer.host.openChannel(direction, {...request, ...(plain && {plain})}, {signal});
		connected();
		const transfer: SnapshotTransfer = {
			pool,
			address,
			snapshot,
			base,
			plain,
			signal,
			onProgress(now) {
				progressed(now.streamBytes);
				entry.progress(now);
			},
			onNotice(notice) {
				if (notice.kind !== 'resumed' || notice.bytes > 0) {
					report({type: 'notice', message: `${volume}: ${notice.message}`});
				}
			},
			onApplying() {
				progressed(Infinity);
				entry.applying();
			},
		};
		try {
			const done = await (direction === 'send' ? takeSnapshot(channel, transfer) : giveSnapshot(channel, transfer, limit));
			// It has nothing more to say; closing the host waits for its end.
			void channel.close();
			return done;
		} catch (error) {
			await channel.close();
			throw error;
		}
	}, {
		signal,
		onWait({message}) {
			report({type: 'notice', message: `${volume}: ${message}`});
		},
	});
	let applied: AppliedReport;
	try {
		applied = await bring(false);
	} catch (error) {
		if (!isBaseDifferent(error)) {
			throw error;
		}

		report({type: 'notice', message: `${volume}: what changed can't be told here as differences from what the other side has, so it is sent as it is.`});
		applied = await bring(true);
	}

	for (const {what, path, count} of applied.leftOut) {
		report({type: 'notice', message: `${volume}: left out ${what} (${count === 1 ? path : `${path} and ${count - 1} more`})`});
	}

	entry.done();
};

/**
@throws The first failure, when all volumes are through or given up: what came stays, and the next try goes on from there.
*/
export const moveSnapshots = async (
	place: SyncPlace,
	peer: Peer,
	planned: ReadonlyMap<string, readonly PlannedSend[]>,
	options: MoveOptions,
): Promise<readonly MovedSnapshot[]> => {
	const sends = planned.values().toArray().flat();
	options.tracker.plan(sends);
	const atOnce = Math.min(parallel, Math.max(1, planned.size));
	const run = pLimit(atOnce);
	const share = options.limit === undefined ? undefined : Math.max(1, Math.floor(options.limit / atOnce));
	const moved: MovedSnapshot[] = [];
	const refused = new Set<string>();
	const results = await Promise.allSettled([...planned].map(async ([volume, list]) => run(async () => {
		for (const send of list) {
			if (options.signal?.aborted === true) {
				throw new CoppiceError('interrupted', 'Interrupted: what has come over is kept, and the next try goes on from there.', {stack: place.stack, volume});
			}

			const {snapshot, base, bytes} = send;
			if (base !== undefined && refused.has(base)) {
				refused.add(snapshot);
				continue;
			}

			const kind = base === undefined ? 'full' : 'increment';
			place.report({type: 'step', message: `${options.direction === 'send' ? 'fetching' : 'sending'} ${volume} ${kind === 'full' ? 'in full' : 'as an increment'} (about ${formatBytes(bytes)})`});
			try {
				await moveOne(place, peer, send, {...options, limit: share});
			} catch (error) {
				if (options.passesRefused === true && error instanceof CoppiceError && error.code === 'permission') {
					place.report({type: 'notice', message: `${volume}: ${error.message}`});
					refused.add(snapshot);
					continue;
				}

				throw error;
			}

			moved.push({
				volume, snapshot, kind, ...(base !== undefined && {base}),
			});
		}
	})));
	const failed = results.find(result => result.status === 'rejected');
	if (failed !== undefined) {
		throw failed.reason;
	}

	return moved;
};
