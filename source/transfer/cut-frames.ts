/**
Cuts a stream into the frames of the protocol, wherever its source cut it.
*/
import {Buffer} from 'node:buffer';
import {frameSize} from './codec.ts';

/**
Memory for frames, used again: left to the collector, frames that are long gone would be most of what the process has.
*/
export class FrameMemory {
	readonly #free: Buffer[] = [];

	take(): Buffer {
		return this.#free.pop() ?? Buffer.allocUnsafeSlow(frameSize);
	}

	/** Nobody may use the frame afterwards. A frame of another source is left alone. */
	give(frame: Buffer): void {
		if (frame.byteOffset === 0 && frame.buffer.byteLength === frameSize) {
			this.#free.push(Buffer.from(frame.buffer as ArrayBuffer));
		}
	}
}

/**
The stream in frames of `frameSize`, the last of which may be shorter; of an empty stream there are none.

@param memory - Where frames come from; give them back to it.
@yields A frame, with memory of its own.
*/
export async function * cutFrames(source: AsyncIterable<Uint8Array>, memory: FrameMemory): AsyncGenerator<Buffer, void, undefined> {
	let frame = memory.take();
	let filled = 0;
	for await (const chunk of source) {
		let rest = chunk;
		while (rest.length > 0) {
			const piece = rest.subarray(0, frameSize - filled);
			frame.set(piece, filled);
			filled += piece.length;
			rest = rest.subarray(piece.length);
			if (filled < frameSize) {
				continue;
			}

			yield frame;
			frame = memory.take();
			filled = 0;
		}
	}

	if (filled > 0) {
		yield frame.subarray(0, filled);
	} else {
		memory.give(frame);
	}
}
