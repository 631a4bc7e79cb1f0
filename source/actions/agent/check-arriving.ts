/**
Judges a stream while it arrives, so that one that would be refused is refused at its first wrong command, not after hours.
*/
import path from 'node:path';
import {lookUpIn} from '../../stream/apply-stream.ts';
import {fromBaseDifferences} from '../../stream/base-differences.ts';
import {checkParts, StreamChecker} from '../../stream/check-stream.ts';
import {ConfinedTree} from '../../stream/confined-tree.ts';
import {decodeParts} from '../../stream/decode-stream.ts';
import type {VolumeAddress} from '../../storage/layout.ts';
import type {Pool} from '../../storage/pool.ts';

const checkAll = async (stream: AsyncIterable<Uint8Array>, checker: StreamChecker): Promise<void> => {
	for await (const _part of checkParts(decodeParts(stream), checker)) {
		// Judged by being read.
	}
};

export type ArrivingSnapshot = {
	readonly snapshot: string;
	readonly base?: string;

	/** The sender may not have the data of the base: no differences from these are taken, for whether they fit would tell what they are. */
	readonly isBlind?: boolean;
};

/**
The stream must be of this snapshot and, with a base, an increment from that, whose names it may use.

@throws CoppiceError `failed` with the place in the stream and the reason.
*/
export const checkArriving = async (
	{driver}: Pool,
	address: VolumeAddress,
	{snapshot, base, isBlind = false}: ArrivingSnapshot,
	stream: AsyncIterable<Uint8Array>,
): Promise<void> => {
	if (base === undefined) {
		await checkAll(stream, new StreamChecker({expects: 'full', uuid: snapshot}));
		return;
	}

	const opened = await driver.openSnapshot(address, base);
	try {
		// A stream is of the folder that holds `data`.
		const root = path.dirname(opened.path);
		using tree = new ConfinedTree(root);
		await checkAll(fromBaseDifferences(stream, isBlind ? undefined : root), new StreamChecker({
			expects: 'increment', uuid: snapshot, baseUuid: base, lookUp: lookUpIn(tree),
		}));
	} finally {
		await opened.close();
	}
};
