/**
How many bytes of two files differ, block by block.
*/
import {Buffer} from 'node:buffer';
import {
	closeSync,
	fstatSync,
	openSync,
	readSync,
} from 'node:fs';
import {open} from 'node:fs/promises';
import {differingRuns} from '../stream/blocks.ts';
import {type BytePath, bytePathToNode} from '../stream/byte-path.ts';

const chunkSize = 2 ** 20;

/**
The bytes of `to` that differ from `from`, in whole blocks of 4 KiB clipped to the file; what is longer counts as differing.
*/
export const differingBytes = async (from: BytePath, to: BytePath): Promise<number> => {
	const [fromHandle, toHandle] = await Promise.all([open(bytePathToNode(from), 'r'), open(bytePathToNode(to), 'r')]);
	try {
		const [fromStats, toStats] = await Promise.all([fromHandle.stat(), toHandle.stat()]);
		const common = Math.min(fromStats.size, toStats.size);
		let differing = Math.max(0, toStats.size - common);
		const [fromBuffer, toBuffer] = [Buffer.allocUnsafe(Math.min(chunkSize, common)), Buffer.allocUnsafe(Math.min(chunkSize, common))];
		for (let at = 0; at < common; at += chunkSize) {
			const length = Math.min(chunkSize, common - at);
			const [one, two] = await Promise.all([fromHandle.read(fromBuffer, 0, length, at), toHandle.read(toBuffer, 0, length, at)]);

			// Live data may be cut while they are read.
			const read = Math.min(one.bytesRead, two.bytesRead);
			differing += Math.abs(one.bytesRead - two.bytesRead) + differingBlocks(fromBuffer.subarray(0, read), toBuffer.subarray(0, read));
			if (read < length) {
				return differing;
			}
		}

		return differing;
	} finally {
		await Promise.all([fromHandle.close(), toHandle.close()]);
	}
};

/**
Whether two files differ in content. Synchronous, which for the few and mostly small files it is used on is far quicker.
*/
export const areFilesDifferent = (from: BytePath, to: BytePath): boolean => {
	const fromFile = openSync(bytePathToNode(from), 'r');
	try {
		const toFile = openSync(bytePathToNode(to), 'r');
		try {
			return areOpenFilesDifferent(fromFile, toFile);
		} finally {
			closeSync(toFile);
		}
	} finally {
		closeSync(fromFile);
	}
};

const areOpenFilesDifferent = (from: number, to: number): boolean => {
	const {size} = fstatSync(from);
	if (fstatSync(to).size !== size) {
		return true;
	}

	const [fromBuffer, toBuffer] = [Buffer.allocUnsafe(Math.min(chunkSize, size)), Buffer.allocUnsafe(Math.min(chunkSize, size))];
	for (let at = 0; at < size; at += chunkSize) {
		const [one, two] = [readSync(from, fromBuffer, 0, fromBuffer.length, at), readSync(to, toBuffer, 0, toBuffer.length, at)];
		if (one !== two || Buffer.compare(fromBuffer.subarray(0, one), toBuffer.subarray(0, two)) !== 0) {
			return true;
		}
	}

	return false;
};

const differingBlocks = (one: Buffer, two: Buffer): number =>
	differingRuns(one, two).reduce((sum, {start, end}) => sum + end - start, 0);
