/**
Decodes a btrfs send stream into typed commands, as it arrives.

This checks the form: magic, version, lengths, checksums, known commands, each with its own attributes once and of the right
size. What the commands would do (paths that leave the target, a second subvolume, device nodes) is for the reader to judge.
*/

import {Buffer} from 'node:buffer';
import {CoppiceError} from '../system/errors.ts';
import type {BytePath} from './byte-path.ts';
import {
	attributeHeaderSize,
	attributes,
	type AttributeKind,
	type AttributeName,
	type CommandName,
	commandHeaderSize,
	commandNames,
	commandShapes,
	type StreamCommand,
	type StreamHeader,
	streamHeaderSize,
	streamMagic,
	type StreamPart,
	type StreamTime,
} from './commands.ts';
import {crc32c} from './crc32c.ts';

export {type StreamHeader} from './commands.ts';

export type DecodeOptions = {
	/**
	The longest payload of a command that is accepted, in bytes. The kernel writes at most 64 KiB in version 1, and somewhat
	above 128 KiB with version 2; a claim of 4 GiB is an attack.
	*/
	readonly maximumPayload?: number;

	/** Takes the checksums as right: for what this process has checked before, or the kernel has just made. */
	readonly skipsChecksums?: boolean;
};

const bad = (offset: number, what: string): CoppiceError =>
	new CoppiceError('failed', `The send stream is damaged at byte ${offset}: ${what}.`, {hint: 'Make the stream again.'});

/**
The commands of one or more streams, each stream beginning with a `header` and finishing with an `end`.

Values of kind `bytes` may share memory with what the source gave: use or copy them before asking for the next command.

@yields A command, or the header before the first.
@throws CoppiceError `failed` naming the byte at which the stream stops making sense, or is cut off before its `end`.
*/
export async function * decodeStream(
	source: AsyncIterable<Uint8Array>,
	options: DecodeOptions = {},
): AsyncGenerator<StreamHeader | StreamCommand, void, undefined> {
	for await (const {command} of decodeParts(source, options)) {
		yield command;
	}
}

/**
As `decodeStream`, with the place of each command in the stream.

@yields A command with its place, or the header before the first.
*/
export async function * decodeParts(source: AsyncIterable<Uint8Array>, options: DecodeOptions = {}): AsyncGenerator<StreamPart, void, undefined> {
	const {maximumPayload = 512 * 1024, skipsChecksums = false} = options;
	const input = new Input(source);
	try {
		while (await input.has(1)) {
			if (!await input.has(streamHeaderSize)) {
				throw bad(input.offset, 'the header is cut off');
			}

			const header = input.take(streamHeaderSize);
			if (header.toString('latin1', 0, streamMagic.length) !== streamMagic) {
				throw bad(input.offset, 'no stream begins here');
			}

			const version = header.readUInt32LE(streamMagic.length);
			if (version < 1 || version > 3) {
				throw bad(input.offset, `its version ${version} is not known`);
			}

			yield {
				offset: input.offset - streamHeaderSize, size: streamHeaderSize, raw: header, command: {type: 'header', version},
			};
			let isOpen = true;
			while (isOpen) {
				const {offset} = input;
				const raw = await readCommand(input, maximumPayload, skipsChecksums);
				const command = decodeCommand(raw, version, offset);
				yield {
					offset, size: raw.length, raw, command,
				};
				isOpen = command.type !== 'end';
			}
		}
	} finally {
		await input.close();
	}
}

/**
Whether the checksum of a command is right.

@param raw - With its header, whole.
*/
export const isIntact = (raw: Buffer): boolean => {
	// It covers the header too, with its own field zero.
	const blank = Buffer.from(raw.subarray(0, commandHeaderSize));
	blank.writeUInt32LE(0, 6);
	return crc32c(crc32c(0, blank), raw.subarray(commandHeaderSize)) === raw.readUInt32LE(6);
};

/** The next command as it is, with its header. */
const readCommand = async (input: Input, maximumPayload: number, skipsChecksums: boolean): Promise<Buffer> => {
	const start = input.offset;
	if (!await input.has(commandHeaderSize)) {
		throw bad(start, 'it is cut off before its end');
	}

	const length = input.peek(commandHeaderSize).readUInt32LE(0);
	if (length > maximumPayload) {
		throw bad(start, `a command claims ${length} bytes, ${maximumPayload} are allowed`);
	}

	if (!await input.has(commandHeaderSize + length)) {
		throw bad(start, 'it is cut off in a command');
	}

	const raw = input.take(commandHeaderSize + length);
	if (skipsChecksums) {
		return raw;
	}

	if (!isIntact(raw)) {
		throw bad(start, 'a checksum does not match');
	}

	return raw;
};

/**
One command by itself.

@param raw - With its header, whole; the checksum is not looked at.
@param start - Bytes of the stream before it, for messages.
@throws CoppiceError `failed` naming that place where it makes no sense.
*/
export const decodeCommand = (raw: Buffer, version: number, start: number): StreamCommand => {
	const number = raw.readUInt16LE(4);
	const name = commandNames.get(number);
	if (name === undefined || commandShapes[name].since > version) {
		throw bad(start, `command ${number} is not part of version ${version}`);
	}

	return readAttributes(name, raw.subarray(commandHeaderSize), version, start);
};

const readAttributes = (name: CommandName, payload: Buffer, version: number, start: number): StreamCommand => {
	const {required, optional}: {required: readonly AttributeName[]; optional: readonly AttributeName[]} = commandShapes[name];
	const values: Record<string, unknown> = {type: name};
	let at = 0;
	while (at < payload.length) {
		const type = at + 2 <= payload.length ? payload.readUInt16LE(at) : 0;
		const [attribute, kind] = attributes.get(type) ?? [];
		if (attribute === undefined || kind === undefined || !(required.includes(attribute) || optional.includes(attribute))) {
			throw bad(start, `attribute ${type} does not belong to ${name}`);
		}

		// From version 2 on, data has no length: it is all that is left.
		const isRest = attribute === 'data' && version >= 2;
		const from = at + (isRest ? 2 : attributeHeaderSize);
		const to = isRest ? payload.length : from + (from <= payload.length ? payload.readUInt16LE(at + 2) : 0);
		if (from > payload.length || to > payload.length) {
			throw bad(start, `${attribute} of ${name} is cut off`);
		}

		if (Object.hasOwn(values, attribute)) {
			throw bad(start, `${name} has ${attribute} twice`);
		}

		values[attribute] = readValue(kind, payload.subarray(from, to), () => bad(start, `${attribute} of ${name} is not a ${kind}`));
		at = to;
	}

	const missing = required.find(attribute => !Object.hasOwn(values, attribute));
	if (missing !== undefined) {
		throw bad(start, `${name} has no ${missing}`);
	}

	// The shape was checked against `commandShapes`, from which the type is made.
	return values as unknown as StreamCommand;
};

const sizes: Readonly<Partial<Record<AttributeKind, number>>> = {
	u64: 8, u32: 4, uuid: 16, time: 12,
};

const readValue = (kind: AttributeKind, bytes: Buffer, wrong: () => CoppiceError): number | string | StreamTime | Uint8Array => {
	if ((sizes[kind] ?? bytes.length) !== bytes.length) {
		throw wrong();
	}

	switch (kind) {
		case 'u64': {
			const value = bytes.readBigUInt64LE(0);
			if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
				throw wrong();
			}

			return Number(value);
		}

		case 'u32': {
			return bytes.readUInt32LE(0);
		}

		case 'uuid': {
			return formatUuid(bytes);
		}

		case 'time': {
			// Unsigned in the format, yet a time before 1970 is written as a signed one.
			return {seconds: Number(bytes.readBigInt64LE(0)), nanoseconds: bytes.readUInt32LE(8)};
		}

		case 'path': {
			const value: BytePath = bytes.toString('latin1');
			return value;
		}

		case 'bytes': {
			return bytes;
		}
	}
};

const formatUuid = (bytes: Buffer): string => [[0, 4], [4, 6], [6, 8], [8, 10], [10, 16]].map(([from, to]) => bytes.toString('hex', from, to)).join('-');

/**
Bytes as they come, handed out in pieces of the size asked for; copied only where a piece spans two chunks.
*/
class Input {
	readonly #chunks: AsyncIterator<Uint8Array>;
	#waiting: Buffer[] = [];
	#length = 0;
	#offset = 0;

	constructor(source: AsyncIterable<Uint8Array>) {
		this.#chunks = source[Symbol.asyncIterator]();
	}

	/** Lets go of bytes of the first chunk. */
	#drop(length: number): void {
		const [first] = this.#waiting;
		if (first === undefined || first.length === length) {
			this.#waiting.shift();
		} else {
			this.#waiting[0] = first.subarray(length);
		}
	}

	/** Bytes taken so far. */
	get offset(): number {
		return this.#offset;
	}

	/** Lets go of the source, which may be a file. */
	async close(): Promise<void> {
		await this.#chunks.return?.();
	}

	/** Whether so many bytes are there, waiting for them. */
	async has(length: number): Promise<boolean> {
		while (this.#length < length) {
			const next = await this.#chunks.next();
			if (next.done === true) {
				return false;
			}

			const chunk = next.value;
			this.#waiting.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
			this.#length += chunk.byteLength;
		}

		return true;
	}

	/** The next bytes, which `has` has found to be there; they stay. */
	peek(length: number): Buffer {
		const [first] = this.#waiting;
		return first !== undefined && first.length >= length ? first.subarray(0, length) : Buffer.concat(this.#waiting).subarray(0, length);
	}

	/** The next bytes, which `has` has found to be there. */
	take(length: number): Buffer {
		this.#length -= length;
		this.#offset += length;
		const first = this.#waiting[0] ?? Buffer.alloc(0);
		if (first.length >= length) {
			this.#drop(length);
			return first.subarray(0, length);
		}

		const piece = Buffer.allocUnsafe(length);
		for (let done = 0; done < length;) {
			const part = this.#waiting[0]!.subarray(0, length - done);
			part.copy(piece, done);
			done += part.length;
			this.#drop(part.length);
		}

		return piece;
	}
}
