/**
Changes some commands of a stream while it passes through. The others, content above all, go by as they are: not decoded, not copied, not summed up again.
*/
import {Buffer} from 'node:buffer';
import {type CommandName, commandNames, type StreamCommand} from './commands.ts';
import {decodeCommand} from './decode-stream.ts';
import {encodeCommand, maximumCommand} from './encode-stream.ts';
import {splitStream} from './split-stream.ts';

/** Pieces of less are gathered before they are handed on. */
const smallPiece = 4096;
const gatheredSize = 64 * 1024;

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
	const isWanted = (number: number): boolean => {
		const name = commandNames.get(number);
		return name !== undefined && types.has(name);
	};

	for await (const stretches of splitStream(source, isWanted, maximumCommand)) {
		for (const {bytes, isCommand} of stretches) {
			if (!isCommand) {
				yield * gathered.with(bytes);
				continue;
			}

			for (const command of edit(decodeCommand(bytes, 1, 0))) {
				gathered.add(encodeCommand(command));
			}

			if (gathered.isEnough) {
				yield * gathered.take();
			}
		}
	}

	yield * gathered.take();
}
