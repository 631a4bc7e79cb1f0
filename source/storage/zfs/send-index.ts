/**
Which parts of which files changed between two snapshots, read off the records of `zfs send -i`, whose content is passed over.

The format is that of `include/sys/zfs_ioctl.h` (dmu_replay_record): records of 312 bytes in the byte order of the sender, each
followed by a payload whose length depends on its type. The number of an object is the inode number of the file.
*/
import {Buffer} from 'node:buffer';
import {endianness} from 'node:os';

/**
A range of a file in bytes; `end` is the byte after it.
*/
export type ByteRange = {readonly start: number; readonly end: number};

export type SendIndex = {
	/** Ranges of files with new content, by inode number; in order, none touching the next. */
	readonly written: ReadonlyMap<number, readonly ByteRange[]>;

	/** Sum of all ranges. */
	readonly bytes: number;

	/**
	Where a file may differ, written or made a hole, by its inode number: in order, none touching the next, none where nothing happened to it. Nothing
	where the records don't tell: what has the number now may be another file.
	*/
	readonly touched: (inode: number) => readonly ByteRange[] | undefined;
};

const recordSize = 312;
const beginMagic = 0x2_F5_BA_CB_ACn;
const plainFile = 19;

const recordTypes = {
	begin: 0, object: 1, freeObjects: 2, write: 3, free: 4, end: 5, writeByReference: 6, spill: 7, writeEmbedded: 8, objectRange: 9, redact: 10,
} as const;

/** Where each type of record has the id of the snapshot that it is about, by which a stream that is misread is found out. */
const idOffsets: ReadonlyMap<number, number> = new Map([
	[recordTypes.begin, 40],
	[recordTypes.object, 40],
	[recordTypes.freeObjects, 24],
	[recordTypes.write, 40],
	[recordTypes.free, 32],
	[recordTypes.end, 40],
	[recordTypes.writeByReference, 32],
	[recordTypes.spill, 24],
	[recordTypes.writeEmbedded, 32],
	[recordTypes.objectRange, 24],
	[recordTypes.redact, 32],
]);

const roundUp = (length: number): number => Math.ceil(length / 8) * 8;

/** A number of 64 bits as a place in a file; one beyond all files means all to the end. */
const toPosition = (value: bigint): number => value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(value);

/**
Adds a range to ranges in order, joining what touches.
*/
export const addRange = (ranges: ByteRange[], range: ByteRange): void => {
	const last = ranges.at(-1);
	if (last === undefined || range.start > last.end) {
		ranges.push(range);
		return;
	}

	const first = ranges.findIndex(({end}) => end >= range.start);
	const after = ranges.findIndex(({start}) => start > range.end);
	const joined = ranges.slice(first, after === -1 ? undefined : after);
	ranges.splice(first, joined.length, {
		start: Math.min(range.start, joined[0]?.start ?? range.start),
		end: Math.max(range.end, joined.at(-1)?.end ?? range.end),
	});
};

/**
Ranges in any order as ranges in order, none touching the next.
*/
export const joinRanges = (ranges: readonly ByteRange[]): ByteRange[] => {
	const joined: ByteRange[] = [];
	for (const range of ranges.toSorted((one, two) => one.start - two.start)) {
		const last = joined.at(-1);
		if (last !== undefined && range.start <= last.end) {
			joined[joined.length - 1] = {start: last.start, end: Math.max(last.end, range.end)};
		} else {
			joined.push(range);
		}
	}

	return joined;
};

/**
Takes away what lies in a range.
*/
export const cutRange = (ranges: readonly ByteRange[], {start, end}: ByteRange): ByteRange[] => ranges.flatMap(range => [
	{start: range.start, end: Math.min(range.end, start)},
	{start: Math.max(range.start, end), end: range.end},
].filter(piece => piece.start < piece.end));

/**
Reads streams, given piece by piece. Several increments after another add up to what changed over all of them.
*/
export class SendIndexReader {
	readonly #written = new Map<number, ByteRange[]>();

	/** What was written or made a hole, as it came. */
	readonly #touched = new Map<number, ByteRange[]>();

	/** Ranges of objects that were freed: what has their numbers afterwards is something else. */
	readonly #freedObjects: ByteRange[] = [];

	/** Whether there was a record of which it is not known what it means for the content of files. */
	#isUnsure = false;
	#snapshotId = 0n;
	#partial: Buffer[] = [];
	#partialSize = 0;
	#skip = 0;
	#ended = true;

	/** Bytes of the streams so far. */
	size = 0;

	/** Takes in a record and returns the length of its payload. */
	#record(record: Buffer): number {
		const isBig = endianness() === 'BE';
		const u32 = (offset: number) => isBig ? record.readUInt32BE(offset) : record.readUInt32LE(offset);
		const big = (offset: number) => isBig ? record.readBigUInt64BE(offset) : record.readBigUInt64LE(offset);
		const u64 = (offset: number) => toPosition(big(offset));
		const type = u32(0);
		if ((type === recordTypes.begin) !== this.#ended) {
			throw new Error(`A record of type ${type} is out of place in the stream of zfs send`);
		}

		const id = big(idOffsets.get(type) ?? 0);
		if (type !== recordTypes.begin && idOffsets.has(type) && id !== this.#snapshotId) {
			throw new Error(`A record of type ${type} in the stream of zfs send is of another snapshot`);
		}

		switch (type) {
			case recordTypes.begin: {
				if (big(8) !== beginMagic) {
					throw new Error('This is no stream of zfs send');
				}

				this.#ended = false;
				this.#snapshotId = id;
				return u32(4);
			}

			case recordTypes.end: {
				this.#ended = true;
				return 0;
			}

			case recordTypes.object: {
				return roundUp(u32(28));
			}

			case recordTypes.write: {
				const [object, start, length] = [u64(8), u64(24), u64(32)];
				this.#write(object, u32(16), start, length);
				const isCompressed = record[50] !== 0;
				return isCompressed ? u64(96) : length;
			}

			case recordTypes.writeEmbedded: {
				this.#write(u64(8), plainFile, u64(16), u64(24));
				return roundUp(u32(52));
			}

			case recordTypes.writeByReference: {
				this.#write(u64(8), plainFile, u64(16), u64(24));
				return 0;
			}

			case recordTypes.spill: {
				return u64(16);
			}

			case recordTypes.free: {
				const [object, start] = [u64(8), u64(16)];
				const freed = {start, end: toPosition(BigInt(start) + big(24))};
				const ranges = this.#written.get(object);
				if (ranges !== undefined) {
					this.#written.set(object, cutRange(ranges, freed));
				}

				this.#touch(object, freed);
				return 0;
			}

			case recordTypes.freeObjects: {
				const start = u64(8);
				this.#freedObjects.push({start, end: toPosition(BigInt(start) + big(16))});
				return 0;
			}

			case recordTypes.objectRange:
			case recordTypes.redact: {
				this.#isUnsure = true;
				return 0;
			}

			default: {
				throw new Error(`The stream of zfs send has a record of the unknown type ${type}`);
			}
		}
	}

	#write(object: number, dmuType: number, start: number, length: number): void {
		if (dmuType !== plainFile || length === 0) {
			return;
		}

		const range = {start, end: start + length};
		const ranges = this.#written.get(object) ?? [];
		addRange(ranges, range);
		this.#written.set(object, ranges);
		this.#touch(object, range);
	}

	#touch(object: number, range: ByteRange): void {
		const ranges = this.#touched.get(object) ?? [];
		const last = ranges.at(-1);
		if (last?.end === range.start) {
			ranges[ranges.length - 1] = {start: last.start, end: range.end};
		} else {
			ranges.push(range);
		}

		this.#touched.set(object, ranges);
	}

	/**
	@throws Error when it is no stream of this format.
	*/
	add(chunk: Uint8Array): void {
		this.size += chunk.length;
		let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
		while (rest.length > 0) {
			if (this.#skip > 0) {
				const skipped = Math.min(this.#skip, rest.length);
				this.#skip -= skipped;
				rest = rest.subarray(skipped);
				continue;
			}

			const needed = recordSize - this.#partialSize;
			this.#partial.push(rest.subarray(0, needed));
			this.#partialSize += Math.min(needed, rest.length);
			rest = rest.subarray(needed);
			if (this.#partialSize !== recordSize) {
				continue;
			}

			this.#skip = this.#record(this.#partial.length === 1 ? this.#partial[0]! : Buffer.concat(this.#partial));
			this.#partial = [];
			this.#partialSize = 0;
		}
	}

	/**
	What was found.

	@throws Error when the last stream was cut short.
	*/
	finish(): SendIndex {
		if (!this.#ended || this.#skip > 0 || this.#partialSize > 0) {
			throw new Error('The stream of zfs send was cut short');
		}

		let bytes = 0;
		for (const ranges of this.#written.values()) {
			for (const {start, end} of ranges) {
				bytes += end - start;
			}
		}

		const freed = joinRanges(this.#freedObjects);
		return {
			written: this.#written,
			bytes,
			touched: inode => this.#isUnsure || freed.some(({start, end}) => inode >= start && inode < end)
				? undefined
				: joinRanges(this.#touched.get(inode) ?? []),
		};
	}
}
