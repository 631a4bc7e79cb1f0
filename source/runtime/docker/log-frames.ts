/**
The format in which the engine sends what containers have said, as lines with their time.
*/
import {Buffer} from 'node:buffer';
import {StringDecoder} from 'node:string_decoder';

type StreamName = 'stdout' | 'stderr';

export type TimedLine = {
	/** RFC 3339 with nine digits after the point. */
	readonly time: string;
	readonly stream: StreamName;
	readonly text: string;
};

const headerLength = 8;

/**
Takes frames apart: a byte for the stream (1 stdout, 2 stderr), three zeros, the length as a big-endian number of 4 bytes, then the text
(Engine API, "Attach to a container", stream format).

@yields What was written, piece by piece.
*/
export async function * readFrames(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<{readonly stream: StreamName; readonly data: Buffer}> {
	let rest: Buffer = Buffer.alloc(0);
	for await (const chunk of chunks) {
		rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
		while (rest.length >= headerLength && rest.length >= headerLength + rest.readUInt32BE(4)) {
			const end = headerLength + rest.readUInt32BE(4);
			yield {stream: rest[0] === 2 ? 'stderr' : 'stdout', data: rest.subarray(headerLength, end)};
			rest = rest.subarray(end);
		}
	}
}

const splitTime = (line: string): {readonly time: string; readonly text: string} => {
	const blank = line.indexOf(' ');
	return blank === -1 ? {time: line, text: ''} : {time: line.slice(0, blank), text: line.slice(blank + 1)};
};

async function * readTerminal(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<TimedLine> {
	const decoder = new StringDecoder('utf8');
	const toLine = (line: string): TimedLine => {
		const {time, text} = splitTime(line);
		return {time, stream: 'stdout', text: text.replace(/\r$/v, '')};
	};

	let rest = '';
	for await (const chunk of chunks) {
		const lines = (rest + decoder.write(Buffer.from(chunk))).split('\n');
		rest = lines.pop() ?? '';
		yield * lines.map(line => toLine(line));
	}

	if (rest !== '') {
		yield toLine(rest);
	}
}

/**
The lines of a log that was asked for with `timestamps`.

A frame is one piece of what was written, with its time in front; a line of more than 16 KiB comes in several pieces, of which only the
last one ends. A container with a terminal sends no frames but all as it is, and every line has its time.

@yields Lines in the order in which they were sent.
*/
export async function * readLines(chunks: AsyncIterable<Uint8Array>, hasTerminal: boolean): AsyncGenerator<TimedLine> {
	if (hasTerminal) {
		yield * readTerminal(chunks);
		return;
	}

	const begun = new Map<StreamName, TimedLine>();
	for await (const {stream, data} of readFrames(chunks)) {
		const piece = splitTime(data.toString('utf8'));
		const before = begun.get(stream);
		const line = {time: before?.time ?? piece.time, stream, text: (before?.text ?? '') + piece.text};
		if (line.text.endsWith('\n')) {
			begun.delete(stream);
			yield {...line, text: line.text.slice(0, -1)};
		} else {
			begun.set(stream, line);
		}
	}

	// What a program had begun to write when it ended.
	yield * begun.values();
}
