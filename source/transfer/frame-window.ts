/**
The frames of a stream, smaller and back. They go through one window (Zstandard, RFC 8878, with long-distance matching): what a database writes comes twice
within a few megabytes, in its tables and in its log, and in a window that both are in, the second costs next to nothing. Each frame is flushed, so that
it can be had back once it has come.

Frames are taken one after the other, each worked on by the thread pool. Of what is given back nobody else has the memory.
*/
import {Buffer} from 'node:buffer';
import zlib from 'node:zlib';
import {badMessage, type DataMessage} from './codec.ts';
import {release} from './release.ts';

const {
	ZSTD_c_compressionLevel: compressionLevel,
	ZSTD_c_enableLongDistanceMatching: findsFar,
	ZSTD_c_windowLog: windowLog,
	ZSTD_d_windowLogMax: largestWindowLog,
	ZSTD_e_flush: flush,
} = zlib.constants;

const level = 1;

/** 2 to this are the bytes of the window, which both sides keep. Who keeps a smaller one can't read it: it is a part of `transferProtocol`. */
const windowSizeLog = 25;

/** Bytes that zlib sets aside at a time. */
const chunkSize = 256 * 1024;

type Zstandard = zlib.ZstdCompress | zlib.ZstdDecompress;

/** What comes out of zlib, gathered until a frame is through. */
class Output {
	readonly #stream: Zstandard;
	readonly #largest: () => number;
	#chunks: Buffer[] = [];
	#length = 0;
	#last: Buffer | undefined;
	#wake = (): void => {};
	#failure: Error | undefined;

	/**
	@param largest - Bytes that the frame at hand may have at most: more ends it at once.
	*/
	constructor(stream: Zstandard, largest: () => number) {
		this.#stream = stream;
		this.#largest = largest;
		stream.on('data', (chunk: Buffer) => {
			this.#chunks.push(chunk);
			this.#length += chunk.length;
			if (this.#length <= this.#largest()) {
				return;
			}

			this.#fail(new RangeError('More comes out than may'));
			stream.destroy();
		});
		stream.on('error', error => {
			this.#fail(error);
		});
	}

	#fail(error: Error): void {
		this.#failure ??= error;
		this.#wake();
	}

	#check(): void {
		if (this.#failure !== undefined) {
			throw this.#failure;
		}
	}

	/** Gives back what zlib has put into a piece of memory once that is full. */
	#leave(chunk: Buffer): void {
		if (this.#last !== undefined && this.#last.buffer !== chunk.buffer) {
			release(this.#last);
		}

		this.#last = chunk;
	}

	#take(): Buffer {
		const whole = Buffer.allocUnsafeSlow(this.#length);
		let filled = 0;
		for (const chunk of this.#chunks) {
			filled += chunk.copy(whole, filled);
			this.#leave(chunk);
		}

		this.#chunks = [];
		this.#length = 0;
		return whole;
	}

	/**
	Runs something, and answers what has come out when it calls back.

	@throws What zlib has said, now or before.
	*/
	async after(work: (done: (error?: Error | null) => void) => void): Promise<Buffer> {
		this.#check();
		const {promise, resolve} = Promise.withResolvers<void>();
		this.#wake = resolve;
		work(error => {
			if (error instanceof Error) {
				this.#fail(error);
			}

			resolve();
		});
		await promise;
		this.#check();
		// What has not been told yet is told by this.
		let told: unknown;
		do {
			told = this.#stream.read();
		} while (told !== null);

		this.#check();
		return this.#take();
	}

	close(): void {
		this.#fail(new Error('It was closed'));
		this.#stream.destroy();
		this.#chunks = [];
	}
}

/** Does one thing after the other, in the order of the calls; nothing after one that failed. */
class Turns {
	#last: Promise<unknown> = Promise.resolve();

	async take<Result>(work: () => Promise<Result>): Promise<Result> {
		const before = this.#last;
		const turn = (async () => {
			await before;
			return work();
		})();
		this.#last = turn;
		turn.catch(() => {
			// Thrown to who called.
		});
		return turn;
	}
}

export type CompressedFrame = Pick<DataMessage, 'begins' | 'payload'>;

/**
Makes frames smaller, one after the other. To be closed: it keeps a window.
*/
export class FrameCompressor {
	readonly #stream = zlib.createZstdCompress({chunkSize, params: {[compressionLevel]: level, [windowLog]: windowSizeLog, [findsFar]: 1}});
	readonly #output = new Output(this.#stream, () => Infinity);
	readonly #turns = new Turns();
	#begins = true;

	async compress(raw: Buffer): Promise<CompressedFrame> {
		return this.#turns.take(async () => {
			const payload = await this.#output.after(done => {
				this.#stream.write(raw);
				this.#stream.flush(flush, done);
			});
			const begins = this.#begins;
			this.#begins = false;
			return {begins, payload};
		});
	}

	close(): void {
		this.#output.close();
	}
}

/**
Frames as they were, one after the other. To be closed: it keeps a window.
*/
export class FrameDecompressor {
	readonly #turns = new Turns();
	#stream: zlib.ZstdDecompress | undefined;
	#output: Output | undefined;
	#rawLength = 0;

	#begin(): void {
		this.close();
		this.#stream = zlib.createZstdDecompress({chunkSize, params: {[largestWindowLog]: windowSizeLog}});
		this.#output = new Output(this.#stream, () => this.#rawLength);
	}

	/**
	Exactly so many bytes as the frame says, or an error; never more memory than that, beside the window.

	@throws CoppiceError `failed` for what is no such frame, or goes on from what is not here.
	*/
	async decompress({begins, payload, rawLength}: Pick<DataMessage, 'begins' | 'payload' | 'rawLength'>): Promise<Buffer> {
		return this.#turns.take(async () => {
			if (begins) {
				this.#begin();
			}

			const [stream, output] = [this.#stream, this.#output];
			if (stream === undefined || output === undefined) {
				throw badMessage('a frame that goes on from one that is not there');
			}

			this.#rawLength = rawLength;
			let raw: Buffer;
			try {
				raw = await output.after(done => {
					stream.write(payload, done);
				});
			} catch (error) {
				throw badMessage(error instanceof RangeError ? `a frame that has more than the ${rawLength} bytes that it says it has` : 'a frame that can\'t be decompressed');
			}

			if (raw.length !== rawLength) {
				throw badMessage(`a frame of ${raw.length} bytes that says it has ${rawLength}`);
			}

			return raw;
		});
	}

	close(): void {
		this.#output?.close();
		this.#output = undefined;
		this.#stream = undefined;
	}
}
