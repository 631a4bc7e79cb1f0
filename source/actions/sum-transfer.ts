/**
How far all volumes of a transfer are together. Pure.
*/
import type {Transfer} from './sync/transfer-records.ts';

export type TransferSums = {
	readonly streamBytes: number;
	readonly totalBytes: number;
	readonly wireBytes: number;
	readonly resumedBytes: number;

	/** Seconds that are left at the rate of the last seconds; none where nothing moves. */
	readonly secondsLeft?: number;
};

/** All volumes of a transfer together. */
export const sumTransfer = ({volumes, rate, state}: Pick<Transfer, 'volumes' | 'rate' | 'state'>): TransferSums => {
	const sum = (key: 'streamBytes' | 'totalBytes' | 'wireBytes' | 'resumedBytes'): number => volumes.reduce((total, volume) => total + volume[key], 0);
	const [streamBytes, totalBytes] = [sum('streamBytes'), sum('totalBytes')];
	return {
		streamBytes,
		totalBytes: Math.max(streamBytes, totalBytes),
		wireBytes: sum('wireBytes'),
		resumedBytes: sum('resumedBytes'),
		...(state === 'running' && rate > 0 && totalBytes > streamBytes && {secondsLeft: Math.ceil((totalBytes - streamBytes) / rate)}),
	};
};
