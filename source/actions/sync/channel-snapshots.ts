/**
One snapshot over one channel: the side that takes it in, and the side that gives it.
*/
import type {VolumeAddress} from '../../storage/layout.ts';
import type {Pool} from '../../storage/pool.ts';
import {receiveSnapshot, sendSnapshot} from '../../storage/snapshot-stream.ts';
import {spoolFolder} from '../../storage/spools.ts';
import {bytePathToText} from '../../stream/byte-path.ts';
import {LeftOutList} from '../../stream/check-stream.ts';
import {toPlainLeftOut} from '../../stream/describe-stream.ts';
import {
	awaitApplied,
	confirmApplied,
	reportApplying,
	type AppliedReport,
} from '../../transfer/applied.ts';
import type {Channel, TransferProgress} from '../../transfer/channel.ts';
import {isLostConnection, sendFailure} from '../../transfer/failure.ts';
import type {TransferNotice} from '../../transfer/notice.ts';
import {receiveStream} from '../../transfer/receive-stream.ts';
import {sendStream} from '../../transfer/send-stream.ts';
import {unreadableNotice, type UnreadableBase} from '../../transfer/unreadable-base.ts';
import {checkArriving} from '../agent/check-arriving.ts';

export type SnapshotTransfer = {
	readonly pool: Pool;
	readonly address: VolumeAddress;
	readonly snapshot: string;
	readonly base?: string | undefined;

	/** Taken in from who may not have the data of the base. */
	readonly isBlind?: boolean;

	/** As it is, not as differences from the base. */
	readonly plain?: boolean | undefined;
	readonly signal?: AbortSignal | undefined;
	readonly onProgress?: (progress: TransferProgress) => void;
	readonly onNotice?: (notice: TransferNotice) => void;

	/** The whole stream is through; it is being applied. */
	readonly onApplying?: () => void;
};

/** Bytes by which a pool that can grow does so where what arrives does not fit: how much will come is the other side's word. */
const roomAtOnce = 256 * 1024 * 1024;

/**
Receives a snapshot: spools its stream, checked while it arrives, and applies it once the whole of it is there.

@throws CoppiceError `host` if the connection was lost: the next try goes on from there; else as the stream, the storage or the other side has it.
*/
export const takeSnapshot = async (channel: Channel, transfer: SnapshotTransfer): Promise<AppliedReport> => {
	const {pool, address, snapshot, base, isBlind = false, plain = false, signal, onProgress, onNotice, onApplying} = transfer;
	const received = await receiveStream(channel, {
		folder: spoolFolder(pool.path, address, snapshot),
		expects: {snapshot, plain, ...(base !== undefined && {base})},
		check: async stream => checkArriving(pool, address, {snapshot, isBlind, ...(base !== undefined && {base})}, stream),
		async makeRoom() {
			await pool.driver.room(roomAtOnce);
		},
		signal,
		onProgress,
		onNotice,
	});
	onApplying?.();
	const tellApplying = reportApplying(channel);
	let report: AppliedReport;
	try {
		const {leftOut} = await receiveSnapshot(pool, {
			address,
			snapshot,
			base,
			open: received.open,
			checked: true,
			streamBytes: received.streamBytes,
			signal,
			onProgress(done) {
				tellApplying({done, total: received.streamBytes});
			},
		});
		report = {leftOut: [...received.leftOut, ...toPlainLeftOut(leftOut)]};
	} catch (error) {
		await sendFailure(channel, error);
		await received.close();
		throw error;
	}

	await received.remove();
	try {
		await confirmApplied(channel, report);
	} catch (error) {
		// The data are here; the other side will find that out.
		if (!isLostConnection(error)) {
			throw error;
		}
	}

	return report;
};

/**
Sends a snapshot, and waits until the other side has applied it.

@param limit - Bytes a second.
@throws CoppiceError `host` if the connection was lost; else as the storage or the other side has it.
*/
export const giveSnapshot = async (channel: Channel, transfer: SnapshotTransfer, limit?: number): Promise<AppliedReport> => {
	const {pool, address, snapshot, base, plain = false, signal, onProgress, onNotice, onApplying} = transfer;
	let leftOut = new LeftOutList();
	let unreadable: UnreadableBase | undefined;
	await sendStream(channel, {
		open() {
			leftOut = new LeftOutList();
			const list = leftOut;
			return sendSnapshot(pool, address, {snapshot, base}, {
				signal,
				asDifferences: !plain,
				onUnreadable(what, cause) {
					unreadable = {path: bytePathToText(what), cause};
					onNotice?.(unreadableNotice(unreadable, 'here'));
				},
				onLeftOut(what, path) {
					list.add(what, path);
				},
			});
		},
		leftOut: () => toPlainLeftOut(leftOut.list()),
		unreadable: () => unreadable,
		limit,
		signal,
		onProgress,
		onNotice,
	});
	onApplying?.();
	return awaitApplied(channel, {signal});
};
