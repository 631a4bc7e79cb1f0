/**
Encodes typed commands as a btrfs send stream, version 1, byte for byte as the kernel writes it (`fs/btrfs/send.c`).
*/
import {Buffer} from 'node:buffer';
import type {Hash} from 'node:crypto';
import {CoppiceError} from '../system/errors.ts';
import {bytePathToText} from './byte-path.ts';
import {
	attributeHeaderSize,
	attributes,
	type AttributeKind,
	type AttributeName,
	commandHeaderSize,
	type CommandName,
	commandNames,
	commandPath,
	commandShapes,
	type StreamCommand,
	type StreamHeader,
	streamHeaderSize,
	streamMagic,
	type StreamTime,
} from './commands.ts';
import {crc32c} from './crc32c.ts';

/** The longest command of version 1 with its header (`BTRFS_SEND_BUF_SIZE_V1`). */
export const maximumCommand = 64 * 1024;

/** The most data in one write (`BTRFS_SEND_READ_SIZE` of version 1). */
export const writeSize = 48 * 1024;

/** Bytes that are handed on at once. */
const batchSize = 256 * 1024;

export type EncodeOptions = {
	/** Fed with every byte that is handed on. */
	readonly hash?: Hash;

	/** Told how many bytes were handed on so far. */
	readonly onBytes?: (total: number) => void;
};

type AttributeCode = {readonly name: AttributeName; readonly number: number; readonly kind: AttributeKind};

const codes = new Map(Array.from(attributes, ([number, [name, kind]]): [AttributeName, AttributeCode] => [name, {name, number, kind}]));

/** What each command is written as. */
const layouts: ReadonlyMap<string, {readonly number: number; readonly codes: readonly AttributeCode[]}> = new Map(Array.from(commandNames, ([number, name]) => {
	const {required, optional}: {required: readonly AttributeName[]; optional: readonly AttributeName[]} = commandShapes[name];
	return [name, {number, codes: [...required, ...optional].map(attribute => codes.get(attribute)!)}];
}));

const sizeOf = (kind: AttributeKind, value: unknown): number => {
	switch (kind) {
		case 'u64': {
			return 8;
		}

		case 'u32': {
			return 4;
		}

		case 'uuid': {
			return 16;
		}

		case 'time': {
			return 12;
		}

		case 'path': {
			return (value as string).length;
		}

		case 'bytes': {
			return (value as Uint8Array).length;
		}
	}
};

const writeU64 = (output: Buffer, value: number, at: number): void => {
	output.writeUInt32LE(value % 0x1_00_00_00_00, at);
	output.writeUInt32LE(Math.floor(value / 0x1_00_00_00_00), at + 4);
};

const writeValue = (output: Buffer, {kind, name}: AttributeCode, value: unknown, at: number): void => {
	switch (kind) {
		case 'u64': {
			writeU64(output, value as number, at);
			break;
		}

		case 'u32': {
			output.writeUInt32LE(value as number, at);
			break;
		}

		case 'uuid': {
			const written = output.write((value as string).replaceAll('-', ''), at, 16, 'hex');
			if (written !== 16) {
				throw new TypeError(`${name} is no UUID`);
			}

			break;
		}

		case 'time': {
			const {seconds, nanoseconds} = value as StreamTime;
			// Two's complement for what was before 1970.
			output.writeBigInt64LE(BigInt(seconds), at);
			output.writeUInt32LE(nanoseconds, at + 8);
			break;
		}

		case 'path': {
			output.write(value as string, at, 'latin1');
			break;
		}

		case 'bytes': {
			output.set(value as Uint8Array, at);
			break;
		}
	}
};

/** Writes a command, for which there is room, and tells where it ends. */
const writeCommand = (output: Buffer, command: StreamCommand, start: number): number => {
	const layout = layouts.get(command.type)!;
	const values = command as unknown as Partial<Record<AttributeName, unknown>>;
	let at = start + commandHeaderSize;
	for (const code of layout.codes) {
		const value = values[code.name];
		if (value === undefined) {
			continue;
		}

		const size = sizeOf(code.kind, value);
		if (at + attributeHeaderSize + size - start > maximumCommand) {
			throw new CoppiceError('failed', `${bytePathToText(commandPath(command) ?? '')}: a ${command.type} is too long for a send stream.`, {
				hint: 'A path of more than 32,000 bytes, or an extended attribute of nearly 64 KiB, has no place in it.',
			});
		}

		output.writeUInt16LE(code.number, at);
		output.writeUInt16LE(size, at + 2);
		writeValue(output, code, value, at + attributeHeaderSize);
		at += attributeHeaderSize + size;
	}

	output.writeUInt32LE(at - start - commandHeaderSize, start);
	output.writeUInt16LE(layout.number, start + 4);
	output.writeUInt32LE(0, start + 6);
	output.writeUInt32LE(crc32c(0, output.subarray(start, at)), start + 6);
	return at;
};

/**
One command by itself, for whoever has to add it to a stream that is already under way.

@throws CoppiceError `failed` for a command that is too long.
*/
export const encodeCommand = (command: StreamCommand): Buffer => {
	const size = writeCommand(scratch, command, 0);
	return Buffer.from(scratch.subarray(0, size));
};

const scratch = Buffer.allocUnsafeSlow(maximumCommand);

/** As `encodeCommand`, or the header of a stream. */
export const encodePart = (command: StreamHeader | StreamCommand): Buffer => {
	if (command.type !== 'header') {
		return encodeCommand(command);
	}

	const output = Buffer.alloc(streamHeaderSize);
	writeHeader(output, 0);
	return output;
};

/** Writes the header of a stream of version 1. */
const writeHeader = (output: Buffer, at: number): void => {
	output.write(streamMagic, at, 'latin1');
	output.writeUInt32LE(1, at + streamMagic.length);
};

const isOfVersion1 = (type: CommandName): boolean => commandShapes[type].since === 1;

/**
The bytes of a stream of version 1. A `header` is written first if the commands don't begin with one. Writes of more than
49,152 bytes are cut. What is not asked for is not made: it is as fast as its reader.

@yields Pieces of about a quarter of a MiB, each in memory of its own.
@throws CoppiceError `failed` for a command that has no place in a stream of version 1.
*/
export async function * encodeStream(
	commands: AsyncIterable<StreamHeader | StreamCommand> | Iterable<StreamHeader | StreamCommand>,
	{hash, onBytes}: EncodeOptions = {},
): AsyncGenerator<Buffer, void, undefined> {
	let total = 0;
	let batch = Buffer.allocUnsafeSlow(batchSize + maximumCommand);
	let end = 0;
	const take = (): Buffer => {
		const piece = batch.subarray(0, end);
		batch = Buffer.allocUnsafeSlow(batchSize + maximumCommand);
		end = 0;
		total += piece.length;
		hash?.update(piece);
		onBytes?.(total);
		return piece;
	};

	const begin = (): void => {
		writeHeader(batch, end);
		end += streamHeaderSize;
	};

	let isOpen = false;
	for await (const command of commands) {
		if (command.type === 'header') {
			begin();
			isOpen = true;
			continue;
		}

		if (!isOpen) {
			begin();
			isOpen = true;
		}

		if (!isOfVersion1(command.type)) {
			throw new CoppiceError('failed', `A ${command.type} can't be written: version 1 of the send stream has none.`, {hint: 'Make the stream with `btrfs send --proto 1`.'});
		}

		if (command.type === 'write' && command.data.length > writeSize) {
			for (let from = 0; from < command.data.length; from += writeSize) {
				end = writeCommand(batch, {...command, fileOffset: command.fileOffset + from, data: command.data.subarray(from, from + writeSize)}, end);
				if (end >= batchSize) {
					yield take();
				}
			}

			continue;
		}

		end = writeCommand(batch, command, end);
		isOpen = command.type !== 'end';
		if (end >= batchSize) {
			yield take();
		}
	}

	if (end > 0) {
		yield take();
	}
}
