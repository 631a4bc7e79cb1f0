/**
Blocks of files: which of them differ, which are alike, and which are nothing but zeros.
*/
import {Buffer} from 'node:buffer';

/**
What content is compared in: the page of most databases' files is a multiple of it, and so is a file system's block. Differences from a base are told in it
too, so it is a part of `transferProtocol`.
*/
export const blockSize = 4096;

const zeroBlock = Buffer.alloc(blockSize);

export type Run = {
	readonly start: number;
	readonly end: number;
};

/**
Runs of whole blocks for which `isWanted` holds, clipped to the length; neighbours are merged.
*/
export const runsOf = (length: number, isWanted: (start: number, end: number) => boolean): Run[] => {
	const runs: Run[] = [];
	for (let start = 0; start < length; start += blockSize) {
		const end = Math.min(start + blockSize, length);
		if (!isWanted(start, end)) {
			continue;
		}

		const last = runs.at(-1);
		if (last?.end === start) {
			runs[runs.length - 1] = {start: last.start, end};
		} else {
			runs.push({start, end});
		}
	}

	return runs;
};

/** The runs of blocks in which two pieces of the same length differ. */
export const differingRuns = (one: Buffer, two: Buffer): Run[] =>
	one.equals(two) ? [] : runsOf(one.length, (start, end) => one.compare(two, start, end, start, end) !== 0);

/** Whether more bytes are the same than not, of so many from a place in each: then one compresses better as what differs from the other. */
export const isAlike = (one: Uint8Array, at: number, two: Uint8Array, twoAt: number, length: number): boolean => {
	let missing = Math.floor(length / 2) + 1;
	for (let index = 0; index < length && missing > 0; index++) {
		if (one[at + index] === two[twoAt + index]) {
			missing--;
		}
	}

	return missing === 0;
};

/** Whether all is zero from a place to another, at most a block apart. */
export const isZero = (bytes: Buffer, start: number, end: number): boolean => bytes[start] === 0 && zeroBlock.compare(bytes, start, end, 0, end - start) === 0;

/** The runs of blocks that hold something. */
export const nonZeroRuns = (bytes: Buffer): Run[] => runsOf(bytes.length, (start, end) => !isZero(bytes, start, end));
