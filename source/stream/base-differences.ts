/**
Writes as what differs from a base, for where the other side has the same base: of a page of a database in which one row changed, nearly all becomes
zeros, which compress to next to nothing.

A `write` of which it is worth while becomes a command of Coppice's own, which only ever stands between the two sides of a transfer:

| bytes | what |
| --- | --- |
| 0–3 | as in the `write`, and 2 more: length of the payload, u32 |
| 4–5 | number of the command, u16: 0x800F |
| 6–9 | as in the `write`: its checksum, so what comes out again is checked as any other command is |
| … | the attributes of the `write`. Pages of its data are those of the base XORed with the new ones |
| last 2 | which, u16: bit n is set for bytes 4096·n to 4096·n + 4095 of the data |

The base's bytes are those of its file of the same path, from the same offset; past its end it has zeros. Whether that is the same file as in the stream
does not matter, only that both sides have it.
*/
import {Buffer} from 'node:buffer';
import {
	closeSync,
	constants,
	lstatSync,
	openSync,
	read as readCallback,
} from 'node:fs';
import {promisify} from 'node:util';
import {CoppiceError, isSystemError} from '../system/errors.ts';
import {type BytePath, bytePathToNode, bytePathToText} from './byte-path.ts';
import {pathFault} from './check-stream.ts';
import type {StreamCommand} from './commands.ts';
import {ConfinedTree} from './confined-tree.ts';
import {decodeCommand, isIntact} from './decode-stream.ts';
import {maximumCommand} from './encode-stream.ts';
import {splitStream, type Stretch} from './split-stream.ts';

/** The number of a `write`, and of one that tells differences. */
const writeNumber = 0x0F;
const differenceNumber = 0x80_0F;

const pageSize = 4096;

/** Bytes that tell which pages are differences: a bit each, of data that a `write` can't have more than 64 KiB of. */
const marksSize = 2;

const longestPath = 4096;

/** Names in a path: each costs an open folder. */
const deepestPath = 64;

/** Each may be of a file of its own, which is open then. */
const readsAtOnce = 64;

const readFile = promisify(readCallback);

const isMarked = (marks: number, page: number): boolean => Math.floor(marks / (2 ** page)) % 2 === 1;

/** A write, and where in its bytes its data are. */
type Write = {
	readonly path: BytePath;
	readonly fileOffset: number;
	readonly data: Buffer;
};

/** @param raw - Of a `write`, with its header. Its data share memory with it. */
const readWrite = (raw: Buffer): Write => {
	const {path, fileOffset, data} = decodeCommand(raw, 1, 0) as StreamCommand & {readonly type: 'write'};
	return {path, fileOffset, data: Buffer.from(data.buffer, data.byteOffset, data.byteLength)};
};

/** The files of a base, by paths from outside. To be disposed of: it keeps some open. */
class BaseFiles {
	readonly #tree: ConfinedTree;
	readonly #open = new Map<BytePath, number | undefined>();

	/** What was read last, one after the other. */
	#scratch = Buffer.alloc(0);

	constructor(root: string) {
		this.#tree = new ConfinedTree(root);
	}

	/** A regular file, or nothing where there is none. */
	#descriptor(path: BytePath): number | undefined {
		if (path === '' || pathFault(path, longestPath) !== undefined || path.split('/').length > deepestPath) {
			return undefined;
		}

		try {
			// Opening a device may do something. What its owner may not read, a user on the other side may not either.
			const place = bytePathToNode(this.#tree.reach(path));
			const stats = lstatSync(place, {throwIfNoEntry: false});
			return stats?.isFile() === true && (stats.mode & constants.S_IRUSR) !== 0
				? openSync(place, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
				: undefined;
		} catch (error) {
			if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'ENXIO')) {
				return undefined;
			}

			throw error;
		}
	}

	/** Closes all files but the last ones. */
	#close(kept: number): void {
		for (const [path, descriptor] of this.#open) {
			if (this.#open.size <= kept) {
				return;
			}

			this.#open.delete(path);
			if (descriptor !== undefined) {
				closeSync(descriptor);
			}
		}
	}

	async #fill(path: BytePath, into: Buffer, offset: number): Promise<Buffer> {
		if (!this.#open.has(path)) {
			this.#open.set(path, this.#descriptor(path));
		}

		const descriptor = this.#open.get(path);
		if (descriptor === undefined) {
			return into.subarray(0, 0);
		}

		let done = 0;
		while (done < into.length) {
			const {bytesRead} = await readFile(descriptor, into, done, into.length - done, offset + done);
			if (bytesRead === 0) {
				break;
			}

			done += bytesRead;
		}

		return into.subarray(0, done);
	}

	[Symbol.dispose](): void {
		this.#close(0);
		this.#tree.close();
	}

	/**
	What the base has where writes go, as far as it has anything; valid until it is asked again.

	@throws What the system says of a file that can't be read.
	*/
	async at(writes: readonly Write[]): Promise<Buffer[]> {
		let size = 0;
		for (const {data} of writes) {
			size += data.length;
		}

		if (this.#scratch.length < size) {
			this.#scratch = Buffer.allocUnsafeSlow(size);
		}

		let end = 0;
		const places = writes.map(({path, fileOffset, data}) => {
			const into = this.#scratch.subarray(end, end + data.length);
			end += data.length;
			return {path, fileOffset, into};
		});
		const bases: Buffer[] = [];
		for (let index = 0; index < places.length; index += readsAtOnce) {
			this.#close(1);
			const group = places.slice(index, index + readsAtOnce).map(async ({path, fileOffset, into}) => this.#fill(path, into, fileOffset));
			// Where one fails, the files stay open until nothing reads them any more.
			await Promise.allSettled(group);
			bases.push(...await Promise.all(group));
		}

		return bases;
	}
}

/** Whether a page is more like the base's than not: then it compresses better as what differs. */
const isAlike = (data: Buffer, base: Buffer, start: number, end: number): boolean => {
	let same = 0;
	for (let at = start; at < end; at++) {
		if (data[at] === base[at]) {
			same++;
		}
	}

	return same * 2 > end - start;
};

const chooseMarks = (data: Buffer, base: Buffer): number => {
	let marks = 0;
	for (let page = 0; page * pageSize < base.length; page++) {
		const start = page * pageSize;
		if (isAlike(data, base, start, Math.min(start + pageSize, base.length))) {
			marks += 2 ** page;
		}
	}

	return marks;
};

/** Takes the base from the pages that are marked, or puts it back: it is the same. */
const difference = (data: Buffer, base: Buffer, marks: number): void => {
	for (let page = 0; page * pageSize < base.length; page++) {
		if (!isMarked(marks, page)) {
			continue;
		}

		const end = Math.min((page + 1) * pageSize, base.length);
		for (let at = page * pageSize; at < end; at++) {
			data[at]! ^= base[at]!;
		}
	}
};

/** All that one chunk of the source gave, in one piece. */
const join = (pieces: readonly Buffer[]): readonly Buffer[] => pieces.length > 1 ? [Buffer.concat(pieces)] : pieces;

/** @param data - Where the data are in `raw`. */
const toDifference = (raw: Buffer, data: Buffer, base: Buffer, marks: number): Buffer => {
	const output = Buffer.allocUnsafe(raw.length + marksSize);
	raw.copy(output);
	output.writeUInt32LE(raw.readUInt32LE(0) + marksSize, 0);
	output.writeUInt16LE(differenceNumber, 4);
	output.writeUInt16LE(marks, raw.length);
	const start = data.byteOffset - raw.byteOffset;
	difference(output.subarray(start, start + data.length), base, marks);
	return output;
};

const commandsIn = (stretches: readonly Stretch[]): Buffer[] => stretches.filter(({isCommand}) => isCommand).map(({bytes}) => bytes);

/** A base that is damaged in a place that was written anew is no reason not to send that. */
const readIfPossible = async (files: BaseFiles, writes: readonly Write[]): Promise<Buffer[]> => {
	try {
		return await files.at(writes);
	} catch (error) {
		if (isSystemError(error)) {
			return writes.map(() => Buffer.alloc(0));
		}

		throw error;
	}
};

/**
@param source - One stream of version 1, an increment.
@param base - The folder of its base.
@yields The same stream, with what is like the base told as differences: of what can be read of that. It is the same one whenever it is made of the same.
@throws CoppiceError `failed` for a stream that is cut off.
*/
export async function * toBaseDifferences(source: AsyncIterable<Uint8Array>, base: string): AsyncGenerator<Buffer, void, undefined> {
	using files = new BaseFiles(base);
	for await (const stretches of splitStream(source, number => number === writeNumber, maximumCommand)) {
		const writes = commandsIn(stretches).map(raw => readWrite(raw));
		const bases = await readIfPossible(files, writes);
		let index = 0;
		yield * join(stretches.map(({bytes, isCommand}) => {
			if (!isCommand) {
				return bytes;
			}

			const [data, old] = [writes[index]!.data, bases[index]!];
			index++;
			const marks = chooseMarks(data, old);
			return marks === 0 ? bytes : toDifference(bytes, data, old, marks);
		}));
	}
}

/** What is told as differences can't be had back here. The same stream without differences can be. */
export class BaseDiffers extends CoppiceError {
	constructor(path: BytePath, why: string, cause?: unknown) {
		super('failed', `The stream is refused: it tells how ${JSON.stringify(bytePathToText(path).slice(0, 200))} differs from the base, ${why}.`, {
			hint: 'Nothing was applied. If this is not an attack, a file of the base has been damaged, here or there: run `coppice doctor` on both sides.',
			cause,
		});
	}
}

const readBases = async (files: BaseFiles, writes: readonly Write[]): Promise<Buffer[]> => {
	try {
		return await files.at(writes);
	} catch (error) {
		throw isSystemError(error) ? new BaseDiffers(writes[0]?.path ?? '', 'which can\'t be read here', error) : error;
	}
};

/** The `write` that a command of differences was made of, with its data as they stand. */
const toWrite = (raw: Buffer): Buffer => {
	const length = raw.readUInt32LE(0);
	if (length < marksSize) {
		throw new CoppiceError('failed', 'The stream is refused: it has a command that is cut off.', {hint: 'Nothing was applied.'});
	}

	const output = Buffer.from(raw.subarray(0, -marksSize));
	output.writeUInt32LE(length - marksSize, 0);
	output.writeUInt16LE(writeNumber, 4);
	return output;
};

/**
The opposite of `toBaseDifferences`. A stream that has no differences passes as it is, whatever it is: judge what comes out.

@param source - From anybody.
@param base - The folder of its base. Nothing outside of it is read. Without one, no differences are taken.
@yields The stream. What was told as differences has the checksum that it had.
@throws BaseDiffers for differences from what the base has not; CoppiceError `failed` for a stream that is cut off.
*/
export async function * fromBaseDifferences(
	source: AsyncIterable<Uint8Array>,
	base: string | undefined,
): AsyncGenerator<Buffer, void, undefined> {
	using files = base === undefined ? undefined : new BaseFiles(base);
	for await (const stretches of splitStream(source, number => number === differenceNumber, maximumCommand + marksSize)) {
		const told = commandsIn(stretches);
		const restored = told.map(raw => toWrite(raw));
		const writes = restored.map(raw => readWrite(raw));
		if (files === undefined && writes.length > 0) {
			throw new BaseDiffers(writes[0]!.path, 'of which nothing may be asked');
		}

		const bases = files === undefined ? [] : await readBases(files, writes);
		for (const [index, {path, data}] of writes.entries()) {
			const marks = told[index]!.readUInt16LE(told[index]!.length - marksSize);
			const old = bases[index]!;
			if (marks === 0 || (marks >= 2 ** Math.ceil(old.length / pageSize))) {
				throw new BaseDiffers(path, 'where that has nothing');
			}

			difference(data, old, marks);
			if (!isIntact(restored[index]!)) {
				throw new BaseDiffers(path, 'and its checksum does not match what comes out');
			}
		}

		let index = 0;
		yield * join(stretches.map(({bytes, isCommand}) => isCommand ? restored[index++]! : bytes));
	}
}
