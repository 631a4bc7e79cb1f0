/**
Frames in pieces that are easy on the memory of who reads them: a decoder that finds a command across two pieces joins both.
*/
import type {Buffer} from 'node:buffer';

const sliceSize = 128 * 1024;

/**
The same bytes in pieces that share the frames' memory.

@yields A piece.
*/
export async function * slices(frames: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
	for await (const frame of frames) {
		for (let offset = 0; offset < frame.length; offset += sliceSize) {
			yield frame.subarray(offset, offset + sliceSize);
		}
	}
}
