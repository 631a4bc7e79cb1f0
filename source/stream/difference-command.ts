/**
The command in which a `write` is told as what differs from a base. Coppice's own: it only ever stands between the two sides of a transfer.

| bytes | what |
| --- | --- |
| 0–3 | as in the `write`, and what is added: length of the payload, u32 |
| 4–5 | number of the command, u16: 0x800F |
| 6–9 | as in the `write`: its checksum, so what comes out again is checked as any other command is |
| … | the attributes of the `write`. Some parts of its data are what the base has, XORed with the new ones |
| … | copies, which lie one after the other in the data: where, u16; length, u16; where in a file of the base, u64; length of its path, u16; path |
| last 4 | bytes of the copies, u16; pages, u16: bit n is set for bytes 4096·n to 4096·n + 4095 of the data |

A page is XORed with what the base's file of the same path has at the same offset, and with zeros past its end; a copy with what the base has where it says.
Whether a file is the same one as in the stream does not matter, only that both sides have it.
*/
import {Buffer} from 'node:buffer';
import {CoppiceError} from '../system/errors.ts';
import type {Range} from './base-files.ts';
import {blockSize} from './blocks.ts';
import type {BytePath} from './byte-path.ts';
import type {StreamCommand} from './commands.ts';
import {decodeCommand} from './decode-stream.ts';
import {maximumCommand} from './encode-stream.ts';
import type {Copy} from './find-copies.ts';

/** The number of a `write`, and of one that tells differences. */
export const writeNumber = 0x0F;
export const differenceNumber = 0x80_0F;

/** Of a copy, without its path. */
const copyHeadSize = 14;

/** Bytes of copies in a command at most. */
const mostCopies = 32 * 1024;

/** How many bytes of copies there are, and the pages. */
const tailSize = 4;

/** The longest command of differences with its header. */
export const maximumDifference = maximumCommand + mostCopies + tailSize;

/** A write, and where in its bytes its data are. */
export type Write = {
	readonly path: BytePath;
	readonly fileOffset: number;
	readonly data: Buffer;
};

/** What is told of a write. */
export type Difference = {
	readonly pages: number;
	readonly copies: readonly Copy[];
};

/** One that came: with the `write`, and that once more with its header. */
export type ToldDifference = Difference & {
	readonly restored: Buffer;
	readonly write: Write;
};

export const isMarked = (pages: number, page: number): boolean => Math.floor(pages / (2 ** page)) % 2 === 1;

/** @param raw - Of a `write`, with its header. Its data share memory with it. */
export const readWrite = (raw: Buffer): Write => {
	const {path, fileOffset, data} = decodeCommand(raw, 1, 0) as StreamCommand & {readonly type: 'write'};
	return {path, fileOffset, data: Buffer.from(data.buffer, data.byteOffset, data.byteLength)};
};

/** Of copies in the order of the data, as many as there may be. */
export const thoseThatFit = (copies: readonly Copy[]): Copy[] => {
	let room = mostCopies;
	return copies.filter(({path}) => {
		room -= copyHeadSize + path.length;
		return room >= 0;
	});
};

/** Where a write goes, which is read of the base. */
export const samePlace = ({path, fileOffset, data}: Write): Range => ({path, offset: fileOffset, length: data.length});

/** Two pages side by side where four bytes can be taken for one number. */
const memory = new ArrayBuffer(2 * blockSize);
const [left, right] = [new Int32Array(memory, 0, blockSize / 4), new Int32Array(memory, blockSize)];
const [leftBytes, rightBytes] = [Buffer.from(memory, 0, blockSize), Buffer.from(memory, blockSize)];

/** Takes the base from data at a place, or puts it back: it is the same. */
export const xor = (data: Buffer, start: number, base: Buffer): void => {
	for (let at = 0; at < base.length; at += blockSize) {
		const length = base.copy(rightBytes, 0, at, at + blockSize);
		data.copy(leftBytes, 0, start + at, start + at + length);
		for (let index = 0; index * 4 < length; index++) {
			left[index]! ^= right[index]!;
		}

		leftBytes.copy(data, start + at, 0, length);
	}
};

/** The same for pages. */
export const xorPages = (data: Buffer, base: Buffer, pages: number): void => {
	for (let page = 0; page * blockSize < base.length; page++) {
		if (isMarked(pages, page)) {
			xor(data, page * blockSize, base.subarray(page * blockSize, (page + 1) * blockSize));
		}
	}
};

const encodeCopy = ({start, path, offset, length}: Copy): Buffer => {
	const name = Buffer.from(path, 'latin1');
	const head = Buffer.allocUnsafe(copyHeadSize);
	head.writeUInt16LE(start, 0);
	head.writeUInt16LE(length, 2);
	head.writeBigUInt64LE(BigInt(offset), 4);
	head.writeUInt16LE(name.length, 12);
	return Buffer.concat([head, name]);
};

/** What comes after the bytes of the `write`. */
export const encodeTail = ({pages, copies}: Difference): Buffer => {
	const tail = Buffer.concat([...copies.map(copy => encodeCopy(copy)), Buffer.alloc(tailSize)]);
	tail.writeUInt16LE(tail.length - tailSize, tail.length - tailSize);
	tail.writeUInt16LE(pages, tail.length - 2);
	return tail;
};

/**
Makes the command of a `write`, with its data as they were: the base is still to be taken from them.

@param raw - The `write`, with its header.
@param output - As long as both together.
*/
export const putDifference = (raw: Buffer, tail: Buffer, output: Buffer): void => {
	raw.copy(output);
	tail.copy(output, raw.length);
	output.writeUInt32LE(raw.readUInt32LE(0) + tail.length, 0);
	output.writeUInt16LE(differenceNumber, 4);
};

const refuse = (): CoppiceError =>
	new CoppiceError('failed', 'The stream is refused: it has a command of differences that is not well-formed.', {hint: 'Nothing was applied.'});

/** Copies that are in the data and do not overlap: no more is read of the base than there are data. */
const decodeCopies = (bytes: Buffer, dataLength: number): Copy[] => {
	const copies: Copy[] = [];
	let from = 0;
	for (let at = 0; at < bytes.length;) {
		if (bytes.length - at < copyHeadSize) {
			throw refuse();
		}

		const start = bytes.readUInt16LE(at);
		const length = bytes.readUInt16LE(at + 2);
		const offset = Number(bytes.readBigUInt64LE(at + 4));
		const begun = at + copyHeadSize;
		at = begun + bytes.readUInt16LE(at + 12);
		if (length === 0 || at > bytes.length || start < from || start + length > dataLength || !Number.isSafeInteger(offset + length)) {
			throw refuse();
		}

		from = start + length;
		copies.push({
			start, path: bytes.toString('latin1', begun, at), offset, length,
		});
	}

	return copies;
};

/**
The `write` that a command of differences was made of, with its data as they stand there, and what is told of it.

@throws CoppiceError `failed` for what is no such command.
*/
export const decodeDifference = (raw: Buffer): ToldDifference => {
	const payload = raw.readUInt32LE(0);
	const end = raw.length - tailSize;
	const size = payload < tailSize ? Infinity : raw.readUInt16LE(end);
	if (size > payload - tailSize) {
		throw refuse();
	}

	const restored = Buffer.from(raw.subarray(0, end - size));
	restored.writeUInt32LE(payload - tailSize - size, 0);
	restored.writeUInt16LE(writeNumber, 4);
	const write = readWrite(restored);
	return {
		restored, write, pages: raw.readUInt16LE(end + 2), copies: decodeCopies(raw.subarray(end - size, end), write.data.length),
	};
};
