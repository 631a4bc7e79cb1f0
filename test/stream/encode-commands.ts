
/**
A small encoder of btrfs send streams for the tests of the decoder: written from the format's description, apart from it.
*/
import {Buffer} from 'node:buffer';
import {
	type AttributeKind,
	type AttributeName,
	attributes,
	commandNames,
	commandShapes,
	type StreamCommand,
	type StreamTime,
} from '../../source/stream/commands.ts';
import {crc32c} from '../../source/stream/crc32c.ts';

const numberOf = new Map([...attributes].map(([number, [name, kind]]) => [name, {number, kind}] as const));
const commandNumber = new Map([...commandNames].map(([number, name]) => [name, number] as const));

export const encodeHeader = (version = 1): Uint8Array => {
	const header = Buffer.alloc(17);
	header.write('btrfs-stream\0', 'latin1');
	header.writeUInt32LE(version, 13);
	return header;
};

const encodeValue = (kind: AttributeKind, value: unknown): Buffer => {
	switch (kind) {
		case 'u64': {
			const bytes = Buffer.alloc(8);
			bytes.writeBigUInt64LE(BigInt(value as number));
			return bytes;
		}

		case 'u32': {
			const bytes = Buffer.alloc(4);
			bytes.writeUInt32LE(value as number);
			return bytes;
		}

		case 'uuid': {
			return Buffer.from((value as string).replaceAll('-', ''), 'hex');
		}

		case 'time': {
			const {seconds, nanoseconds} = value as StreamTime;
			const bytes = Buffer.alloc(12);
			bytes.writeBigInt64LE(BigInt(seconds));
			bytes.writeUInt32LE(nanoseconds, 8);
			return bytes;
		}

		case 'path': {
			return Buffer.from(value as string, 'latin1');
		}

		case 'bytes': {
			return Buffer.from(value as Uint8Array);
		}
	}
};

/** An attribute with its type and length. */
export const encodeAttribute = (type: number, data: Uint8Array, hasLength = true): Uint8Array => {
	const header = Buffer.alloc(hasLength ? 4 : 2);
	header.writeUInt16LE(type);
	if (hasLength) {
		header.writeUInt16LE(data.length, 2);
	}

	return Buffer.concat([header, data]);
};

/** A command with its header and checksum. */
export const encodePayload = (number: number, payload: Uint8Array): Uint8Array => {
	const header = Buffer.alloc(10);
	header.writeUInt32LE(payload.length);
	header.writeUInt16LE(number, 4);
	header.writeUInt32LE(crc32c(crc32c(0, header), payload), 6);
	return Buffer.concat([header, payload]);
};

export const encodeCommand = (command: StreamCommand, version = 1): Uint8Array => {
	const {required, optional}: {required: readonly AttributeName[]; optional: readonly AttributeName[]} = commandShapes[command.type];
	const values = command as unknown as Partial<Record<AttributeName, unknown>>;
	const names = [...required, ...optional].filter(name => values[name] !== undefined);

	// From version 2 on data come last, without a length.
	const ordered = names.toSorted((one, two) => Number(one === 'data') - Number(two === 'data'));
	const parts = ordered.map(name => {
		const {number, kind} = numberOf.get(name)!;
		return encodeAttribute(number, encodeValue(kind, values[name]), !(name === 'data' && version >= 2));
	});
	return encodePayload(commandNumber.get(command.type)!, Buffer.concat(parts));
};
