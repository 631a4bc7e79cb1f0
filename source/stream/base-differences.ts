/**
Writes as what differs from a base, for where the other side has the same base: of a page of a database in which one row changed, nearly all becomes
zeros, which compress to next to nothing. So does what the log has of such a page.

What stands for a `write` then: see `difference-command.ts`.
*/
import {Buffer} from 'node:buffer';
import {CoppiceError} from '../system/errors.ts';
import {BaseFiles, type OnUnreadable, type Range} from './base-files.ts';
import {blockSize, isAlike, runsOf} from './blocks.ts';
import {type BytePath, bytePathToText} from './byte-path.ts';
import {isIntact} from './decode-stream.ts';
import {
	decodeDifference,
	differenceNumber,
	encodeTail,
	isMarked,
	maximumDifference,
	putDifference,
	readWrite,
	samePlace,
	thoseThatFit,
	type ToldDifference,
	type Write,
	writeNumber,
	xor,
	xorPages,
} from './difference-command.ts';
import {maximumCommand} from './encode-stream.ts';
import {type Copy, CopyFinder} from './find-copies.ts';
import {splitStream, type Stretch} from './split-stream.ts';

/** The pages that are more like the base's than not. */
const choosePages = (data: Buffer, base: Buffer): number => {
	let pages = 0;
	for (let page = 0; page * blockSize < base.length; page++) {
		const start = page * blockSize;
		if (isAlike(data, start, base, start, Math.min(blockSize, base.length - start))) {
			pages += 2 ** page;
		}
	}

	return pages;
};

/** Copies in what is not in the pages. */
const chooseCopies = (data: Buffer, pages: number, finder: CopyFinder): Copy[] => {
	const rest = runsOf(data.length, start => !isMarked(pages, start / blockSize));
	return thoseThatFit(rest.flatMap(({start, end}) => finder.find(data, start, end)));
};

/** All that one chunk of the source gave, in one piece. */
const join = (pieces: readonly Buffer[]): readonly Buffer[] => pieces.length > 1 ? [Buffer.concat(pieces)] : pieces;

const commandsIn = (stretches: readonly Stretch[]): Buffer[] => stretches.filter(({isCommand}) => isCommand).map(({bytes}) => bytes);

/** A part of what comes out, put where it is to be. */
type Piece = {
	readonly size: number;
	readonly put: (output: Buffer) => void;
};

const passOn = (bytes: Buffer): Piece => ({
	size: bytes.length,
	put(output) {
		bytes.copy(output);
	},
});

export type DifferenceOptions = {
	/**
	Told of the first file of the base that can't be read, and what the system says of it. That the base is damaged in a place that was written anew is no
	reason not to send what is there now.
	*/
	readonly onUnreadable?: ((path: BytePath, cause: string) => void) | undefined;
};

/** Bytes of the stream that are looked up in the base at once: a disk is quicker with several reads than with one after the other. */
const batchSize = 192 * 1024;

/**
The stream in pieces, with what is in the base where it writes to.

@yields A piece; what is of the base is valid until the one after the next is asked for.
*/
async function * readBasesOf(source: AsyncIterable<Uint8Array>, files: BaseFiles) {
	let stretches: Stretch[] = [];
	let size = 0;
	const look = async () => {
		const writes = commandsIn(stretches).map(raw => readWrite(raw));
		const batch = {stretches, writes, bases: await files.read(writes.map(write => samePlace(write)))};
		stretches = [];
		size = 0;
		return batch;
	};

	for await (const more of splitStream(source, number => number === writeNumber, maximumCommand)) {
		stretches.push(...more);
		size += more.reduce((bytes, stretch) => bytes + stretch.bytes.length, 0);
		if (size >= batchSize) {
			yield await look();
		}
	}

	yield await look();
}

/**
Asks for the next value while the one before is in use.

@yields What the source gives.
*/
async function * ahead<Value>(source: AsyncGenerator<Value, void, undefined>): AsyncGenerator<Value, void, undefined> {
	let next = source.next();
	try {
		for (;;) {
			const current = await next;
			if (current.done === true) {
				return;
			}

			next = source.next();
			next.catch(() => {
				// Thrown when its turn comes.
			});
			yield current.value;
		}
	} finally {
		await source.return();
	}
}

/**
@param source - One stream of version 1, an increment.
@param base - The folder of its base.
@yields The same stream, with what is like the base told as differences: of what can be read of that. It is the same one whenever it is made of the same.
A piece is valid until the next is asked for.
@throws CoppiceError `failed` for a stream that is cut off.
*/
export async function * toBaseDifferences(
	source: AsyncIterable<Uint8Array>,
	base: string,
	{onUnreadable}: DifferenceOptions = {},
): AsyncGenerator<Buffer, void, undefined> {
	let tellUnreadable = onUnreadable;
	using files = new BaseFiles(base, (path, {message}) => {
		tellUnreadable?.(path, message);
		tellUnreadable = undefined;
	});
	const finder = new CopyFinder(range => files.readAgain(range));

	/** What there is to put out, and how. */
	const tell = (raw: Buffer, write: Write, old: Buffer): Piece => {
		const {path, fileOffset, data} = write;
		const pages = choosePages(data, old);
		finder.remember(old, path, fileOffset);
		const copies = chooseCopies(data, pages, finder);
		if (pages === 0 && copies.length === 0) {
			return passOn(raw);
		}

		const tail = encodeTail({pages, copies});
		return {
			size: raw.length + tail.length,
			put(output) {
				putDifference(raw, tail, output);
				const start = data.byteOffset - raw.byteOffset;
				const told = output.subarray(start, start + data.length);
				xorPages(told, old, pages);
				for (const copy of copies) {
					xor(told, copy.start, files.readAgain(copy));
				}
			},
		};
	};

	let memory = Buffer.alloc(0);
	for await (const {stretches, writes, bases} of ahead(readBasesOf(source, files))) {
		let index = 0;
		let size = 0;
		const pieces = stretches.map(({bytes, isCommand}) => {
			const piece = isCommand ? tell(bytes, writes[index]!, bases[index]!) : passOn(bytes);
			index += isCommand ? 1 : 0;
			size += piece.size;
			return piece;
		});
		if (memory.length < size) {
			memory = Buffer.allocUnsafeSlow(size);
		}

		let end = 0;
		for (const piece of pieces) {
			piece.put(memory.subarray(end, end + piece.size));
			end += piece.size;
		}

		yield memory.subarray(0, size);
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

/** Nothing is read for pages where none are told. */
const placesOf = ({write, pages, copies}: ToldDifference): Range[] => [
	{...samePlace(write), ...(pages === 0 && {length: 0})},
	...copies,
];

/** The `write` of a command of differences, made of what the base has in the same place and where the copies are from. */
const restore = ({restored, write, pages, copies}: ToldDifference, [same, ...others]: readonly Buffer[]): Buffer => {
	const {path, data} = write;
	const isThere = pages < 2 ** Math.ceil(same!.length / blockSize) && copies.every(({length}, index) => others[index]!.length === length);
	if (!isThere || (pages === 0 && copies.length === 0)) {
		throw new BaseDiffers(path, 'where that has nothing');
	}

	xorPages(data, same!, pages);
	for (const [index, {start}] of copies.entries()) {
		xor(data, start, others[index]!);
	}

	if (!isIntact(restored)) {
		throw new BaseDiffers(path, 'and its checksum does not match what comes out');
	}

	return restored;
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
	const refuse: OnUnreadable = (path, error) => {
		throw new BaseDiffers(path, 'which can\'t be read here', error);
	};

	using files = base === undefined ? undefined : new BaseFiles(base, refuse);
	for await (const stretches of splitStream(source, number => number === differenceNumber, maximumDifference)) {
		const told = commandsIn(stretches).map(raw => decodeDifference(raw));
		if (files === undefined && told.length > 0) {
			throw new BaseDiffers(told[0]!.write.path, 'of which nothing may be asked');
		}

		const bases = files === undefined ? [] : await files.read(told.flatMap(difference => placesOf(difference)));
		const writes = told.map(difference => restore(difference, bases.splice(0, 1 + difference.copies.length)));
		let index = 0;
		yield * join(stretches.map(({bytes, isCommand}) => isCommand ? writes[index++]! : bytes));
	}
}
