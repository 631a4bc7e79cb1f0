/**
Splits a stream into the commands that somebody wants to look at, each whole, and the bytes between them, which are not decoded.
*/
import {Buffer} from 'node:buffer';
import {CoppiceError} from '../system/errors.ts';
import {commandHeaderSize, streamHeaderSize} from './commands.ts';

/** What comes after another in a stream. It may share memory with what the source gave. */
export type Stretch = {
	readonly bytes: Buffer;

	/** Whether it is one of the commands that were asked for, with its header; else anything, from anywhere to anywhere. */
	readonly isCommand: boolean;
};

const cutOff = (): CoppiceError => new CoppiceError('failed', 'The send stream is cut off.', {hint: 'Make the stream again.'});

/**
@param source - One stream.
@param isWanted - Tells by its number whether a command is wanted.
@param longest - Bytes that a command that is wanted may have, with its header.
@yields All that could be told from one more chunk of the source; together the whole stream.
@throws CoppiceError `failed` for a stream that is cut off, or has a longer command.
*/
export async function * splitStream(
	source: AsyncIterable<Uint8Array>,
	isWanted: (number: number) => boolean,
	longest: number,
): AsyncGenerator<readonly Stretch[], void, undefined> {
	/** The beginning of what is to be looked at. */
	let held = Buffer.alloc(0);

	/** How many bytes of the running command pass. */
	let passing = streamHeaderSize;
	for await (const chunk of source) {
		const fresh = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
		const rest = held.length > 0 ? Buffer.concat([held, fresh]) : fresh;
		const stretches: Stretch[] = [];

		// What passes of this chunk, up to `at`, begins at `begun`.
		let begun = 0;
		let at = 0;
		const pass = (): void => {
			if (begun < at) {
				stretches.push({bytes: rest.subarray(begun, at), isCommand: false});
			}
		};

		for (;;) {
			const step = Math.min(passing, rest.length - at);
			at += step;
			passing -= step;
			if (passing > 0 || rest.length - at < commandHeaderSize) {
				break;
			}

			const size = commandHeaderSize + rest.readUInt32LE(at);
			const number = rest.readUInt16LE(at + 4);
			if (!isWanted(number)) {
				passing = size;
				continue;
			}

			if (size > longest) {
				throw new CoppiceError('failed', `The send stream has a command ${number} of ${size} bytes, ${longest} are allowed.`, {hint: 'Make the stream again.'});
			}

			if (rest.length - at < size) {
				break;
			}

			pass();
			stretches.push({bytes: rest.subarray(at, at + size), isCommand: true});
			at += size;
			begun = at;
		}

		pass();
		held = Buffer.from(rest.subarray(at));
		yield stretches;
	}

	if (passing > 0 || held.length > 0) {
		throw cutOff();
	}
}
