/**
Finds in new data what a base has in another place: what a database writes to its log is often a page of a table nearly as it was, at an offset that
is no multiple of anything.

A hash rolls over the base's pages as they become known, and over the new data. Where it has a certain form, in a place of some hundred, the base's is
remembered and the new one is looked up, so that most bytes cost an addition. What is found is compared with the base and goes on over single bytes that
differ, as long as most are the same. The hash is the one of FastCDC (W. Xia and others, USENIX ATC 2016, section 3.2), used as Zstandard's long-distance
matching uses it (`zstd_ldm.c`).
*/
import type {Buffer} from 'node:buffer';
import type {Range} from './base-files.ts';
import {isAlike} from './blocks.ts';
import type {BytePath} from './byte-path.ts';

/** A part of the new data, from `start` on, that is like something in a base. */
export type Copy = Range & {readonly start: number};

/** What is read of the base; shorter where it ends, empty where it can't be read. Valid until the next call. */
export type ReadBase = (range: Range) => Buffer;

/** Bytes that a hash is of: each is shifted out after so many. */
const windowSize = 32;

/** A hash is looked at, one of 128, if its bits from this one on are 0: the upper ones depend on the whole window. */
const lookedAtShift = 25;

/** Places that are remembered; each is a hash and where it was. Who comes later takes the place of who was there. */
const slots = 2 ** 17;

/** Pieces of files that a place can be in. When there are more, the first ones are forgotten: 32 MiB of a base are remembered at most. */
const pieceSize = 4096;
const pieces = 2 ** 13;

/** What a copy is extended by. */
const chunkSize = 32;

/** The longest copy to one side of a place. */
const farthest = 8192;

/** Shorter ones cost more than they save. */
const shortest = 96;

/** Places that are nothing but look like something, beside one for each copy. Each costs a read: where there are too many, no more is looked for. */
const mostMistakes = 1000;

/** A number for each byte, the same everywhere and always. */
const gear = Int32Array.from({length: 256}, (_, byte) => {
	// Two rounds of xorshift-multiply (splitmix32); a run of one byte hashes to its number negated, which must not be looked at.
	let hash = Math.imul(byte + 1, 0x9E_37_79_B9);
	hash = Math.imul(hash ^ (hash >>> 16), 0x21_F0_AA_AD);
	hash = Math.imul(hash ^ (hash >>> 15), 0x73_5A_2D_97);
	hash ^= hash >>> 15;
	return -hash >>> lookedAtShift === 0 ? hash ^ 0x40_00_00_00 : hash;
});

/** What `roll` has come to: one number that nothing is allocated for. */
const rolled = new Int32Array(1);

/** Rolls on to the next hash that is looked at: the place of its last byte, or -1 where there is none up to `end`. */
const roll = (data: Uint8Array, start: number, end: number): number => {
	let hash = rolled[0]!;
	for (let at = start; at < end; at++) {
		// eslint-disable-next-line unicorn/prefer-math-trunc -- It is a number modulo 2³².
		hash = ((hash << 1) + gear[data[at]!]!) | 0;
		if (hash >>> lookedAtShift === 0) {
			rolled[0] = hash;
			return at;
		}
	}

	return -1;
};

/**
Goes through data and calls for each hash that is looked at, with where the last byte of its window is.

@param look - Answers where to go on, if that is further on.
*/
const forEachHash = (data: Uint8Array, start: number, end: number, look: (last: number, hash: number) => number): void => {
	rolled[0] = 0;
	let first = start + windowSize - 1;
	for (let at = roll(data, start, end); at !== -1;) {
		const next = at < first ? 0 : look(at, rolled[0]);
		if (next > at + 1) {
			rolled[0] = 0;
			first = next + windowSize - 1;
		}

		at = roll(data, Math.max(next, at + 1), end);
	}
};

const slotOf = (hash: number): number => (Math.imul(hash, 0x9E_37_79_B1) >>> 0) % slots;

/** Where in the data something was found, and between what a copy can be. */
type Found = {readonly at: number; readonly from: number; readonly end: number};

/** Where in a file of the base that was, and between what bytes it is known. */
type Origin = {readonly path: BytePath; readonly offset: number; readonly begin: number; readonly end: number};

/**
What is remembered of a base: 1 MiB, and where up to 32 MiB of it are.
*/
export class CopyFinder {
	readonly #read: ReadBase;
	readonly #hashes = new Int32Array(slots);

	/** Number of the piece and where in it, and 1 more. */
	readonly #places = new Uint32Array(slots);
	readonly #pieces: Origin[] = [];
	#remembered = 0;
	#mistakes = 0;

	constructor(read: ReadBase) {
		this.#read = read;
	}

	/** Where the base has, or had, a window of that hash. */
	#find(hash: number): Origin | undefined {
		const slot = slotOf(hash);
		const place = this.#places[slot]! - 1;
		if (place === -1 || this.#hashes[slot] !== hash) {
			return undefined;
		}

		const piece = this.#pieces[Math.floor(place / pieceSize)]!;
		return {...piece, offset: piece.offset + (place % pieceSize)};
	}

	/** The longest copy around a place. */
	#extend(data: Uint8Array, {at, from, end}: Found, {path, offset, ...known}: Origin): Copy | undefined {
		const before = Math.min(at - from, offset - known.begin, farthest);
		const base = this.#read({path, offset: offset - before, length: before + Math.min(end - at, known.end - offset, farthest)});
		const after = base.length - before;
		let first = 0;
		while (first + chunkSize <= before && isAlike(data, at - first - chunkSize, base, before - first - chunkSize, chunkSize)) {
			first += chunkSize;
		}

		while (first < before && data[at - first - 1] === base[before - first - 1]) {
			first++;
		}

		let last = 0;
		while (last + chunkSize <= after && isAlike(data, at + last, base, before + last, chunkSize)) {
			last += chunkSize;
		}

		while (last < after && data[at + last] === base[before + last]) {
			last++;
		}

		if (first + last < shortest) {
			return undefined;
		}

		return {
			start: at - first, path, offset: offset - first, length: first + last,
		};
	}

	/** Remembers what the base has at a place of a file. */
	remember(base: Uint8Array, path: BytePath, offset: number): void {
		const begun = this.#remembered;
		for (let start = 0; start < base.length; start += pieceSize) {
			this.#pieces[this.#remembered % pieces] = {
				path, offset: offset + start, begin: offset, end: offset + base.length,
			};
			this.#remembered++;
		}

		forEachHash(base, 0, base.length, (last, hash) => {
			const slot = slotOf(hash);
			this.#hashes[slot] = hash;
			this.#places[slot] = (((begun + Math.floor(last / pieceSize)) % pieces) * pieceSize) + (last % pieceSize) + 1;
			return 0;
		});
	}

	/**
	Copies in a part of the data, in their order; they do not overlap.
	*/
	find(data: Uint8Array, start: number, end: number): Copy[] {
		const copies: Copy[] = [];
		let from = start;
		forEachHash(data, start, end, (last, hash) => {
			if (this.#mistakes >= mostMistakes) {
				return end;
			}

			const found = this.#find(hash);
			if (found === undefined) {
				return 0;
			}

			const copy = this.#extend(data, {at: last, from, end}, found);
			if (copy === undefined) {
				this.#mistakes++;
				return 0;
			}

			this.#mistakes = Math.max(0, this.#mistakes - 1);
			copies.push(copy);
			from = copy.start + copy.length;
			return from;
		});
		return copies;
	}
}
