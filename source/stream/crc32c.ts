/**
CRC-32C (Castagnoli, RFC 3720 appendix B.4) as the btrfs send stream uses it: reflected polynomial 0x82F63B78, and unlike
elsewhere with initial value 0 and without the final inversion (`btrfs_crc32c` in the kernel's `fs/btrfs/send.c`).
*/

const polynomial = 0x82_F6_3B_78;

// Slicing by 8: table n holds the effect of a byte that n more bytes follow (Kounavis and Berry, 2005).
const tables: readonly Uint32Array[] = (() => {
	const made = Array.from({length: 8}, () => new Uint32Array(256));
	for (let byte = 0; byte < 256; byte++) {
		let crc = byte;
		for (let bit = 0; bit < 8; bit++) {
			crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ polynomial;
		}

		made[0]![byte] = crc;
	}

	for (let byte = 0; byte < 256; byte++) {
		for (let table = 1; table < 8; table++) {
			const before = made[table - 1]![byte]!;
			made[table]![byte] = (before >>> 8) ^ made[0]![before & 0xFF]!;
		}
	}

	return made;
})();

const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as [Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array];

/**
The checksum of bytes, going on from that of the bytes before them (0 at the start).

`crc32c(0, '123456789')` is 0x58E3FA20.
*/
export const crc32c = (before: number, bytes: Uint8Array): number => {
	let crc = before >>> 0;
	let index = 0;
	const end = bytes.length - (bytes.length % 8);
	for (; index < end; index += 8) {
		crc ^= bytes[index]! | (bytes[index + 1]! << 8) | (bytes[index + 2]! << 16) | (bytes[index + 3]! << 24);
		crc = t7[crc & 0xFF]! ^ t6[(crc >>> 8) & 0xFF]! ^ t5[(crc >>> 16) & 0xFF]! ^ t4[crc >>> 24]!
			^ t3[bytes[index + 4]!]! ^ t2[bytes[index + 5]!]! ^ t1[bytes[index + 6]!]! ^ t0[bytes[index + 7]!]!;
	}

	for (; index < bytes.length; index++) {
		crc = (crc >>> 8) ^ t0[(crc ^ bytes[index]!) & 0xFF]!;
	}

	return crc >>> 0;
};
