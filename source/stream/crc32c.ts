/**
CRC-32C (Castagnoli, RFC 3720 appendix B.4) as the btrfs send stream uses it: reflected polynomial 0x82F63B78, and unlike
elsewhere with initial value 0 and without the final inversion (`btrfs_crc32c` in the kernel's `fs/btrfs/send.c`).
*/

const polynomial = 0x82_F6_3B_78;

/** Bytes that one step of the loop takes in. */
const step = 16;

// Slicing by 16: table n, of 256 words from 256 n on, holds the effect of a byte that n more bytes follow (Kounavis and Berry, 2005).
// One typed array of signed words, and words as input: bytes and unsigned results take two to three times as long.
const tables = new Int32Array(step * 256);
for (let byte = 0; byte < 256; byte++) {
	let crc = byte;
	for (let bit = 0; bit < 8; bit++) {
		crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ polynomial;
	}

	tables[byte] = crc;
}

for (let at = 256; at < tables.length; at++) {
	const before = tables[at - 256]!;
	tables[at] = (before >>> 8) ^ tables[before & 0xFF]!;
}

/** The effect of a word that `after` more bytes follow. Words are little-endian, as on every machine that Node is built for but s390x. */
const slice = (word: number, after: number): number =>
	tables[((after + 3) * 256) + (word & 0xFF)]! ^ tables[((after + 2) * 256) + ((word >>> 8) & 0xFF)]!
	^ tables[((after + 1) * 256) + ((word >>> 16) & 0xFF)]! ^ tables[(after * 256) + (word >>> 24)]!;

/**
The checksum of bytes, going on from that of the bytes before them (0 at the start).

`crc32c(0, '123456789')` is 0x58E3FA20.
*/
export const crc32c = (before: number, bytes: Uint8Array): number => {
	// eslint-disable-next-line unicorn/prefer-math-trunc -- It makes a signed word of it.
	let crc = before | 0;
	let index = 0;
	for (; index < bytes.length && (bytes.byteOffset + index) % 4 !== 0; index++) {
		crc = (crc >>> 8) ^ tables[(crc ^ bytes[index]!) & 0xFF]!;
	}

	const steps = Math.floor((bytes.length - index) / step);
	// What is too short may not begin at a whole word.
	const words = steps === 0 ? new Int32Array() : new Int32Array(bytes.buffer, bytes.byteOffset + index, steps * 4);
	for (let at = 0; at < words.length; at += 4) {
		crc = slice(words[at]! ^ crc, 12) ^ slice(words[at + 1]!, 8) ^ slice(words[at + 2]!, 4) ^ slice(words[at + 3]!, 0);
	}

	for (index += words.byteLength; index < bytes.length; index++) {
		crc = (crc >>> 8) ^ tables[(crc ^ bytes[index]!) & 0xFF]!;
	}

	return crc >>> 0;
};
