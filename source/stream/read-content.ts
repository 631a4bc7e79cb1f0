/**
The content of files as pieces to be written: all of a new file but its holes, or what differs from the file that it was.

Holes are found by asking the file system where it can be asked (`SEEK_DATA`). Otherwise a file that takes less room than its size is
taken to have holes wherever a block of it is zero.
*/
import {Buffer} from 'node:buffer';
import {
	closeSync,
	constants,
	fstatSync,
	openSync,
	read as readWithCallback,
} from 'node:fs';
import {promisify} from 'node:util';
import {CoppiceError, isSystemError} from '../system/errors.ts';
import {
	differingRuns,
	nonZeroRuns,
	type Run,
} from './blocks.ts';
import {type BytePath, bytePathToNode, bytePathToText} from './byte-path.ts';
import {writeSize} from './encode-stream.ts';
import type {NativeCalls} from './native-calls.ts';

const read = promisify(readWithCallback);

/** Whole writes, and about as much as is read at once with profit. */
const chunkSize = 20 * writeSize;

export type Piece = {
	readonly offset: number;

	/** Valid until the next piece is asked for. */
	readonly data: Buffer;
};

/** Bytes of a file from one to another. */
export type ByteRange = {
	readonly offset: number;
	readonly length: number;
};

export class ContentReader {
	readonly #native: NativeCalls | undefined;

	// Two, for comparing; they serve all files.
	readonly #one = Buffer.allocUnsafeSlow(chunkSize);
	readonly #two = Buffer.allocUnsafeSlow(chunkSize);

	constructor(native: NativeCalls | undefined) {
		this.#native = native;
	}

	async #compareChunk({descriptor, baseDescriptor, at, length, baseSize, file, base}: {
		readonly descriptor: number;
		readonly baseDescriptor: number;
		readonly at: number;
		readonly length: number;
		readonly baseSize: number;
		readonly file: BytePath;
		readonly base: BytePath;
	}): Promise<Piece[]> {
		const isHole = this.#isHole(descriptor, at, length);
		const inBase = Math.max(0, Math.min(length, baseSize - at));
		if (isHole && (inBase === 0 || this.#isHole(baseDescriptor, at, inBase))) {
			return [];
		}

		const [data, old] = [this.#one.subarray(0, length), this.#two.subarray(0, length)];
		await Promise.all([fill(descriptor, data, at, file), fill(baseDescriptor, old.subarray(0, inBase), at, base)]);

		// Beyond the end of the base there are zeros once the file is made longer.
		old.fill(0, inBase);
		const runs = differingRuns(old, data);
		return runs.map(({start, end}) => ({offset: at + start, data: data.subarray(start, end)}));
	}

	#isHole(descriptor: number, at: number, length: number): boolean {
		if (this.#native === undefined) {
			return false;
		}

		const data = this.#native.seekData(descriptor, at);
		return data === undefined || data >= at + length;
	}

	* #dataIn(descriptor: number, from: number, to: number): Generator<Run, void, undefined> {
		if (this.#native === undefined) {
			yield {start: from, end: to};
			return;
		}

		for (let at = from; at < to;) {
			const start = this.#native.seekData(descriptor, at);
			if (start === undefined || start >= to) {
				return;
			}

			const end = Math.min(to, this.#native.seekHole(descriptor, start));
			yield {start, end};
			at = end;
		}
	}

	/**
	All of a file but its holes.

	@yields A piece, in the order of the file.

	@throws CoppiceError `conflict` when the file is not as long as it was.
	*/
	async * whole(file: BytePath, size: number): AsyncGenerator<Piece, void, undefined> {
		if (size === 0) {
			return;
		}

		const descriptor = open(file);
		try {
			const {blocks} = fstatSync(descriptor);
			const isSparse = blocks * 512 < size;
			for (const {start, end} of isSparse ? this.#dataIn(descriptor, 0, size) : [{start: 0, end: size}]) {
				for (let at = start; at < end; at += chunkSize) {
					const data = await fill(descriptor, this.#one.subarray(0, Math.min(chunkSize, end - at)), at, file);
					const runs = isSparse && this.#native === undefined ? nonZeroRuns(data) : [{start: 0, end: data.length}];
					yield * runs.map(run => ({offset: at + run.start, data: data.subarray(run.start, run.end)}));
				}
			}
		} finally {
			closeSync(descriptor);
		}
	}

	/**
	What of `file` differs from `base`, in whole blocks; what is beyond the end of the base counts as differing, but for holes.

	@param ranges - Where it may differ; everywhere unless told.
	@yields A piece, in the order of the file.
	*/
	async * changed(
		base: BytePath,
		file: BytePath,
		sizes: {readonly base: number; readonly file: number},
		ranges?: readonly ByteRange[],
	): AsyncGenerator<Piece, void, undefined> {
		if (sizes.file === 0) {
			return;
		}

		const baseDescriptor = open(base);
		const descriptor = open(file);
		try {
			const places = ranges?.map(({offset, length}) => ({start: offset, end: Math.min(sizes.file, offset + length)})) ?? [{start: 0, end: sizes.file}];
			for (const {start, end} of places) {
				// Pieces end where they would without ranges: whoever knows where to look makes the same stream.
				for (let at = start; at < end;) {
					const length = Math.min(chunkSize - (at % chunkSize), end - at);
					yield * await this.#compareChunk({
						descriptor, baseDescriptor, at, length, baseSize: sizes.base, file, base,
					});
					at += length;
				}
			}
		} finally {
			closeSync(baseDescriptor);
			closeSync(descriptor);
		}
	}
}

const open = (file: BytePath): number => {
	const flags = constants.O_RDONLY | constants.O_NOFOLLOW;
	try {
		return openSync(bytePathToNode(file), flags | constants.O_NOATIME);
	} catch (error) {
		// Only the owner may read without leaving a trace.
		if (isSystemError(error, 'EPERM')) {
			return openSync(bytePathToNode(file), flags);
		}

		throw error;
	}
};

const fill = async (descriptor: number, buffer: Buffer, position: number, file: BytePath): Promise<Buffer> => {
	let done = 0;
	while (done < buffer.length) {
		const {bytesRead} = await read(descriptor, buffer, done, buffer.length - done, position + done);
		if (bytesRead === 0) {
			const name = bytePathToText(file.slice(file.lastIndexOf('/') + 1));
			throw new CoppiceError('conflict', `${name} became shorter while it was read.`, {
				hint: 'A stream can be made only of what nobody writes to: a snapshot, or a folder of stopped services.',
			});
		}

		done += bytesRead;
	}

	return buffer;
};
