/**
Streams for tests: the same bytes each time for a seed, of a size that need not fit into memory.
*/
import {Buffer} from 'node:buffer';
import {createHash} from 'node:crypto';
import {decodeStream} from '../../source/stream/decode-stream.ts';

const pieceSize = 192 * 1024;

/** Numbers that look random and depend on the seed alone: xorshift32 (Marsaglia, "Xorshift RNGs", 2003). */
const fillNoise = (target: Buffer, seed: number): void => {
	const words = new Uint32Array(target.buffer, target.byteOffset, Math.floor(target.length / 4));
	let state = Math.max(1, seed * 2_654_435_761 >>> 0);
	for (let index = 0; index < words.length; index++) {
		state ^= state << 13;
		state ^= state >>> 17;
		state ^= state << 5;
		words[index] = state >>> 0;
	}
};

export type MadeStream = {
	readonly size: number;

	/** Another stream for each. */
	readonly seed?: number;

	/** The part of each piece that can't be compressed, 0 to 1; all of it unless told. */
	readonly noise?: number;

	/** From this byte on, it is the stream of another seed. */
	readonly differsFrom?: number;
};

/** Makes other noise of noise, quickly: nothing in it is as it was anywhere before. */
const alter = (noise: Buffer, by: number): void => {
	const words = new Uint32Array(noise.buffer, noise.byteOffset, noise.length / 4);
	const mask = Math.imul(by, 0x9E_37_79_B1);
	for (const [index, word] of words.entries()) {
		words[index] = word ^ mask;
	}
};

/**
The stream, in pieces of odd sizes, whose memory is used again.

@yields A piece.
*/
export async function * makeStream({size, seed = 1, noise = 1, differsFrom = Infinity}: MadeStream): AsyncGenerator<Buffer, void, undefined> {
	const length = pieceSize * noise;
	// Made once, and altered when it comes again: making it anew for each piece would be most of what is measured.
	const pieces = Array.from({length: 12}, (_, index) => {
		const piece = Buffer.alloc(pieceSize, 'row of a table, ');
		fillNoise(piece.subarray(0, Math.floor(length / 4) * 4), (seed * 12) + index);
		return piece;
	});
	for (let offset = 0, index = 0; offset < size; index++) {
		const whole = pieces[index % pieces.length]!;
		if (index >= pieces.length) {
			alter(whole.subarray(0, Math.floor(length / 4) * 4), index);
		}

		const piece = whole.subarray(0, Math.min(pieceSize - (index % 7), size - offset));
		if (piece.length >= 8) {
			piece.writeDoubleLE(offset + (offset + piece.length > differsFrom ? 0.5 : 0));
		}

		yield piece;
		offset += piece.length;
	}
}

/** SHA-256 of all bytes, and how many they are. */
export const digest = async (stream: AsyncIterable<Uint8Array>): Promise<string> => {
	const hash = createHash('sha256');
	let size = 0;
	for await (const piece of stream) {
		hash.update(piece);
		size += piece.length;
	}

	return `${size}:${hash.digest('hex')}`;
};

/** A check that reads send streams, as the one of the product does. */
export const checkSendStream = async (stream: AsyncIterable<Uint8Array>): Promise<void> => {
	for await (const _ of decodeStream(stream)) {
		// Reading is what checks it.
	}
};
