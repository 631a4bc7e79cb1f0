/**
The messages as bytes: what is made is read again wherever the line cuts it, and nothing else is taken for a message.
*/
import {Buffer} from 'node:buffer';
import process from 'node:process';
import {PassThrough} from 'node:stream';
import zlib from 'node:zlib';
import test from 'ava';
import fc from 'fast-check';
import {
	type DataMessage,
	encodeControl,
	encodeDataHead,
	frameHeadSize,
	frameSize,
	headSize,
	largestData,
	type ControlMessage,
	parseHead,
} from '../../source/transfer/codec.ts';
import {isLostConnection} from '../../source/transfer/failure.ts';
import {FrameCompressor, FrameDecompressor} from '../../source/transfer/frame-window.ts';
import {readMessage} from '../../source/transfer/line.ts';
import {CoppiceError} from '../../source/system/errors.ts';

const hex = fc.uint8Array({minLength: 32, maxLength: 32}).map(bytes => Buffer.from(bytes).toString('hex'));
const count = fc.maxSafeNat();
const control: fc.Arbitrary<ControlMessage> = fc.oneof(
	fc.record({
		kind: fc.constant('state' as const), frames: count, streamBytes: count, chain: hex,
	}),
	fc.record({kind: fc.constantFrom('start' as const, 'ack' as const, 'spooled' as const), frames: count}),
	fc.record({
		kind: fc.constant('end' as const), frames: count, streamBytes: count, chain: hex,
	}),
	fc.record({
		kind: fc.constant('end' as const), frames: count, streamBytes: count, chain: hex, unreadable: fc.record({path: fc.string(), cause: fc.string()}),
	}),
	fc.record({kind: fc.constant('applied' as const), leftOut: fc.array(fc.record({what: fc.string(), path: fc.string(), count}), {maxLength: 5})}),
);
const data: fc.Arbitrary<DataMessage> = fc.record({
	number: count, payload: fc.uint8Array({minLength: 1, maxLength: 3000}).map(bytes => Buffer.from(bytes)), hash: hex, chain: hex, begins: fc.boolean(),
}).map(({payload, hash, chain, ...rest}) => ({
	...rest, kind: 'data' as const, rawLength: payload.length, hash: Buffer.from(hash, 'hex'), chain: Buffer.from(chain, 'hex'), payload,
}));

const encode = (message: ControlMessage | DataMessage): Buffer => message.kind === 'data' ? Buffer.concat([encodeDataHead(message), message.payload]) : encodeControl(message);

/** Cuts bytes into pieces at places. */
const pieces = (bytes: Buffer, places: readonly number[]): Buffer[] => {
	const sorted = [0, ...places.map(place => place % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
	return sorted.slice(1).map((end, index) => bytes.subarray(sorted[index], end));
};

const feed = (chunks: readonly Buffer[]): PassThrough => {
	const stream = new PassThrough();
	void (async () => {
		for (const chunk of chunks) {
			stream.write(chunk);
			await new Promise(resolve => {
				setImmediate(resolve);
			});
		}

		stream.end();
	})();

	return stream;
};

test('messages are read as they were made, wherever the line cuts them', async t => {
	const some = fc.array(fc.oneof(control, data), {minLength: 1, maxLength: 6});
	await fc.assert(fc.asyncProperty(some, fc.array(fc.nat(), {maxLength: 12}), async (messages, places) => {
		const bytes = messages.map(message => encode(message));
		const input = feed(pieces(Buffer.concat(bytes), places));
		for (const [index, message] of messages.entries()) {
			const received = await readMessage(input);
			t.deepEqual(received.message, message);
			t.deepEqual(received.bytes, bytes[index]);
		}

		const error = await t.throwsAsync(readMessage(input));
		t.true(isLostConnection(error));
	}), {numRuns: 100});
});

test('a message that is cut off is a lost connection', async t => {
	await fc.assert(fc.asyncProperty(fc.oneof(control, data), fc.nat(), async (message, place) => {
		const bytes = encode(message);
		const error = await t.throwsAsync(readMessage(feed([bytes.subarray(0, place % bytes.length)])));
		t.true(isLostConnection(error));
	}), {numRuns: 100});
});

test('garbage is refused, or is a connection that ends, and never anything else', async t => {
	await fc.assert(fc.asyncProperty(fc.uint8Array({maxLength: 200}), fc.constantFrom(0, 0xC1, 0xC3, 0xC9), async (garbage, first) => {
		const bytes = Buffer.from(garbage);
		if (first > 0 && bytes.length > 8) {
			bytes.writeUInt8(first, 0);
			bytes.writeUIntLE(0, 1, 3);
			bytes.writeUInt32LE(bytes.length - 8, 4);
		}

		const read = await readMessage(feed([bytes])).catch((error: unknown) => error);
		t.true(read instanceof CoppiceError || (first > 0 && bytes.length > 8));
	}), {numRuns: 200});
});

test('lengths are refused before anything is set aside for them', t => {
	const head = (kind: number, length: number) => {
		const bytes = Buffer.alloc(headSize);
		bytes.writeUInt8(kind);
		bytes.writeUInt32LE(length, 4);
		return bytes;
	};

	t.is(parseHead(head(0xC3, largestData)).length, largestData);
	const wrong = [[0xC3, largestData + 1], [0xC3, 0xFF_FF_FF_FF], [0xC3, frameHeadSize], [0xC1, 70_000], [0xC9, 0xFF_FF_FF_FF], [0xC2, 0]] as const;
	for (const [kind, length] of wrong) {
		t.throws(() => parseHead(head(kind, length)), {name: 'CoppiceError', message: /where \d+ to \d+ are allowed/v});
	}

	t.throws(() => parseHead(head(0xCA, 10)), {message: /no message begins/v});
	t.throws(() => parseHead(Buffer.from('Welcome to Debian')), {message: /text that begins with "Welcome/v});
});

const withWindows = async (run: (compressor: FrameCompressor, decompressor: FrameDecompressor) => Promise<void>): Promise<void> => {
	const [compressor, decompressor] = [new FrameCompressor(), new FrameDecompressor()];
	try {
		await run(compressor, decompressor);
	} finally {
		compressor.close();
		decompressor.close();
	}
};

/** Reads one frame in a window of its own. */
const decompressAlone = async (frame: Pick<DataMessage, 'begins' | 'payload' | 'rawLength'>): Promise<Buffer> => {
	const window = new FrameDecompressor();
	try {
		return await window.decompress(frame);
	} finally {
		window.close();
	}
};

test('a frame of more than it says, or than any frame may have, is refused', async t => {
	const zeros = zlib.zstdCompressSync(Buffer.alloc(64 * 1024 * 1024));
	t.true(zeros.length < 10_000);
	const before = process.memoryUsage().arrayBuffers;
	await t.throwsAsync(decompressAlone({begins: true, payload: zeros, rawLength: frameSize}), {name: 'CoppiceError', message: /more than the \d+ bytes/v});
	t.true(process.memoryUsage().arrayBuffers - before < 16 * 1024 * 1024);
	await withWindows(async compressor => {
		const small = await compressor.compress(Buffer.alloc(1000));
		t.true(small.begins);
		await t.throwsAsync(decompressAlone({...small, rawLength: 999}), {message: /more than the 999 bytes/v});
		await t.throwsAsync(decompressAlone({...small, rawLength: 1001}), {message: /of 1000 bytes that says it has 1001/v});
	});
	await t.throwsAsync(decompressAlone({begins: true, payload: Buffer.from('no zstd'), rawLength: 7}), {message: /can't be decompressed/v});
	const message = {
		kind: 'data' as const, number: 0, rawLength: frameSize + 1, begins: true, hash: Buffer.alloc(32), chain: Buffer.alloc(32), payload: Buffer.alloc(10),
	};
	await t.throwsAsync(readMessage(feed([encode(message)])), {message: new RegExp(`where 1 to ${frameSize} are allowed`, 'v')});
	const nonsense = encode({...message, rawLength: 9});
	nonsense.writeUInt8(0, headSize + 4);
	await t.throwsAsync(readMessage(feed([nonsense])), {message: /head makes no sense/v});
});

test('a window that is larger than any may be is refused', async t => {
	const params = {[zlib.constants.ZSTD_c_windowLog]: 27, [zlib.constants.ZSTD_c_contentSizeFlag]: 0};
	const stream = zlib.createZstdCompress({params});
	const made: Buffer[] = [];
	stream.on('data', (chunk: Buffer) => {
		made.push(chunk);
	});
	await new Promise<void>(resolve => {
		stream.write(Buffer.alloc(1000, 'x'));
		stream.flush(zlib.constants.ZSTD_e_flush, resolve);
	});
	stream.destroy();
	await t.throwsAsync(decompressAlone({begins: true, payload: Buffer.concat(made), rawLength: 1000}), {message: /can't be decompressed/v});
});

test('frames come back as they were, one after the other, and none without those before it', async t => {
	const noise = Buffer.from(crypto.getRandomValues(new Uint8Array(65_536)));
	const frames = [Buffer.alloc(frameSize), Buffer.from('short'), noise, Buffer.concat([Buffer.from('again: '), noise]), Buffer.alloc(frameSize, 'x'), Buffer.from('!')];
	await withWindows(async (compressor, decompressor) => {
		// All at once: they take their turns.
		const packed = await Promise.all(frames.map(async raw => compressor.compress(raw)));
		t.deepEqual(packed.map(({begins}) => begins), frames.map((_, index) => index === 0));
		t.true(packed.every(({payload}) => frameHeadSize + payload.length <= largestData));
		t.true(packed[3]!.payload.length < 1000, 'what has come before costs next to nothing');
		const back = await Promise.all(packed.map(async (frame, index) => decompressor.decompress({...frame, rawLength: frames[index]!.length})));
		for (const [index, raw] of back.entries()) {
			t.true(raw.equals(frames[index]!), `frame ${index}`);
		}

		await t.throwsAsync(decompressAlone({...packed[1]!, rawLength: 5}), {message: /goes on from one that is not there/v});
		await t.throwsAsync(decompressor.decompress({...packed[2]!, begins: true, rawLength: noise.length}), {message: /can't be decompressed/v});
		await t.throwsAsync(decompressor.decompress({...packed[2]!, rawLength: noise.length}), undefined, 'nothing after what has failed');
	});
});

test('whatever frames have, they come back', async t => {
	const noise = fc.uint8Array({minLength: 1, maxLength: 40_000, size: 'max'}).map(bytes => Buffer.from(bytes));
	const frame = fc.oneof(noise, fc.integer({min: 1, max: frameSize}).map(length => Buffer.alloc(length, 'ab')));
	await fc.assert(fc.asyncProperty(fc.array(frame, {minLength: 1, maxLength: 8}), async frames => {
		await withWindows(async (compressor, decompressor) => {
			for (const raw of frames) {
				const back = await decompressor.decompress({...await compressor.compress(raw), rawLength: raw.length});
				t.true(back.equals(raw));
			}
		});
	}), {numRuns: 60});
});

test('what can\'t be compressed fits', async t => {
	const noise = Buffer.alloc(frameSize);
	for (let filled = 0; filled < frameSize; filled += 65_536) {
		crypto.getRandomValues(noise.subarray(filled, filled + 65_536));
	}

	await withWindows(async compressor => {
		for (const mask of [0, 1, 2]) {
			const {payload} = await compressor.compress(Buffer.from(noise.map(byte => byte ^ mask)));
			t.true(frameHeadSize + payload.length <= largestData, String(payload.length));
		}
	});
});
