/**
Asked of the side that sends, here or by the agent: about how many bytes each way of sending a snapshot would take.
*/
import {estimateSend, type SnapshotPool} from '../../storage/snapshot-stream.ts';
import type {VolumeAddress} from '../../storage/layout.ts';
import type {SendEstimates} from '../../transfer/best-base.ts';

/** Bytes of an increment from which on it is worth a walk over everything to see whether all of it would be less. */
const worthWalk = 64 * 1024 * 1024;

/**
@param bases - Snapshots that are there.
@throws CoppiceError as the storage has it.
*/
export const estimateSends = async (pool: SnapshotPool, address: VolumeAddress, snapshot: string, bases: readonly string[]): Promise<SendEstimates> => {
	const increments = await Promise.all(bases.map(async base => [base, await estimateSend(pool, address, {snapshot, base})] as const));
	const least = Math.min(...increments.map(([, bytes]) => bytes));
	return {
		increments: Object.fromEntries(increments),
		...(!(least < worthWalk) && {full: await estimateSend(pool, address, {snapshot})}),
	};
};
