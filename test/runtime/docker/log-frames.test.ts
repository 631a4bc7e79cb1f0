/**
The engine's frames, however they are cut on their way.
*/
import {Buffer} from 'node:buffer';
import test from 'ava';
import fc from 'fast-check';
import {readLines} from '../../../source/runtime/docker/log-frames.ts';

const time = '2026-01-02T03:04:05.678901234Z';

const frame = (stream: 1 | 2, text: string): Buffer => {
	const data = Buffer.from(`${time} ${text}`);
	const header = Buffer.alloc(8);
	header[0] = stream;
	header.writeUInt32BE(data.length, 4);
	return Buffer.concat([header, data]);
};

async function * inPieces(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
	let from = 0;
	for (let index = 0; from < bytes.length; index++) {
		const size = sizes[index % sizes.length]!;
		yield bytes.subarray(from, from + size);
		from += size;
	}
}

test('lines of both streams come out whole, wherever the bytes are cut', async t => {
	const line = fc.record({stream: fc.constantFrom(1 as const, 2 as const), text: fc.string({unit: 'grapheme'}).map(text => text.replaceAll('\n', ''))});
	await fc.assert(fc.asyncProperty(fc.array(line), fc.array(fc.integer({min: 1, max: 40}), {minLength: 1}), async (lines, sizes) => {
		const bytes = Buffer.concat(lines.map(({stream, text}) => frame(stream, `${text}\n`)));
		const read = await Array.fromAsync(readLines(inPieces(bytes, sizes), false));
		t.deepEqual(read, lines.map(({stream, text}) => ({time, stream: stream === 1 ? 'stdout' : 'stderr', text})));
	}));
});

test('a long line that came in pieces is one, also between those of the other stream', async t => {
	const bytes = Buffer.concat([frame(1, 'one '), frame(2, 'other\n'), frame(1, 'two '), frame(1, 'three\n'), frame(1, 'cut off')]);
	const read = await Array.fromAsync(readLines(inPieces(bytes, [7]), false));
	t.deepEqual(read.map(({stream, text}) => `${stream} ${text}`), ['stderr other', 'stdout one two three', 'stdout cut off']);
});

test('a terminal sends lines without frames', async t => {
	const bytes = Buffer.from(`${time} größer\r\n${time} \r\n${time} end`);
	const read = await Array.fromAsync(readLines(inPieces(bytes, [3]), true));
	t.deepEqual(read, ['größer', '', 'end'].map(text => ({time, stream: 'stdout', text})));
});
