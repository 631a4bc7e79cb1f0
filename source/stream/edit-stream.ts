/**
Changes some commands of a stream while it passes through. The others, content above all, go by as they are: not decoded, not copied, not summed up again.
*/
import {Buffer} from 'node:buffer';
import {CoppiceError} from '../system/errors.ts';
import {
	commandHeaderSize,
	type CommandName,
	commandNames,
	type StreamCommand,
	streamHeaderSize,
} from './commands.ts';
import {decodeCommand} from './decode-stream.ts';
import {encodeCommand} from './encode-stream.ts';

/** Pieces of less are gathered before they are handed on. */
const smallPiece = 4096;
const gatheredSize = 64 * 1024;

const cutOff = (): CoppiceError => new CoppiceError('failed', 'The send stream is cut off.', {hint: 'Make the stream again.'});

/** What is too small to be handed on by itself. */
class Gathered {
	#pieces: Buffer[] = [];
	#size = 0;

	get isEnough(): boolean {
		return this.#size >= gatheredSize;
	}

	add(piece: Buffer): void {
		this.#pieces.push(piece);
		this.#size += piece.length;
	}

	take(): Buffer[] {
		const pieces = this.#size === 0 ? [] : [Buffer.concat(this.#pieces)];
		this.#pieces = [];
		this.#size = 0;
		return pieces;
	}

	/** What to hand on now, with a piece that comes after all that was gathered. */
	with(piece: Buffer): Buffer[] {
		if (piece.length < smallPiece) {
			this.add(piece);
			return [];
		}

		return [...this.take(), piece];
	}
}

/**
@param source - One stream of version 1 from a program of this host: its checksums are not looked at.
@param types - The commands to change.
@param edit - What there shall be in place of a command.
@yields Pieces of the new stream.
@throws CoppiceError `failed` for a stream that is cut off.
*/
export async function * editStream(
	source: AsyncIterable<Uint8Array>,
	types: ReadonlySet<CommandName>,
	edit: (command: StreamCommand) => readonly StreamCommand[],
): AsyncGenerator<Uint8Array, void, undefined> {
	const gathered = new Gathered();

	/** The beginning of what is to be looked at. */
	let held = Buffer.alloc(0);

	/** How many bytes of the running command pass. */
	let passing = streamHeaderSize;
	for await (const chunk of source) {
		const fresh = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
		const rest = held.length > 0 ? Buffer.concat([held, fresh]) : fresh;

		// What passes of this chunk, up to `at`, begins at `begun`.
		let begun = 0;
		let at = 0;
		for (;;) {
			const step = Math.min(passing, rest.length - at);
			at += step;
			passing -= step;
			if (passing > 0 || rest.length - at < commandHeaderSize) {
				break;
			}

			const size = commandHeaderSize + rest.readUInt32LE(at);
			const name = commandNames.get(rest.readUInt16LE(at + 4));
			if (name === undefined || !types.has(name)) {
				passing = size;
				continue;
			}

			if (rest.length - at < size) {
				break;
			}

			yield * gathered.with(rest.subarray(begun, at));
			for (const command of edit(decodeCommand(rest.subarray(at, at + size), 1, 0))) {
				gathered.add(encodeCommand(command));
			}

			at += size;
			begun = at;
			if (gathered.isEnough) {
				yield * gathered.take();
			}
		}

		yield * gathered.with(rest.subarray(begun, at));
		held = Buffer.from(rest.subarray(at));
	}

	if (passing > 0 || held.length > 0) {
		throw cutOff();
	}

	yield * gathered.take();
}
