/**
The side that sends one stream: cuts it into frames, compresses them, and skips what the receiver has from an earlier try.
*/
import {Buffer} from 'node:buffer';
import {setTimeout as delay} from 'node:timers/promises';
import {monotonicNow} from '../system/clock.ts';
import {failpoint} from '../system/failpoint.ts';
import {Chain, sha256} from './chain.ts';
import type {Channel, TransferProgress} from './channel.ts';
import {
	badMessage,
	type ControlMessage,
	encodeControl,
	encodeDataHead,
	type Message,
} from './codec.ts';
import {cutFrames, FrameMemory} from './cut-frames.ts';
import {FrameCompressor, type CompressedFrame} from './frame-window.ts';
import {release} from './release.ts';
import {isLostConnection, sendFailure, ToldFailure} from './failure.ts';
import {unlessInterrupted} from './interruption.ts';
import {boundLeftOut, type LeftOutEntry} from './left-out.ts';
import {
	readMessage,
	takeChannel,
	writeBytes,
} from './line.ts';
import {mapInOrder} from './map-in-order.ts';
import type {TransferNotice} from './notice.ts';
import {throttleProgress} from './throttle-progress.ts';
import {TokenBucket} from './token-bucket.ts';
import {boundUnreadable, type UnreadableBase} from './unreadable-base.ts';
import {Window} from './window.ts';

export type SendOptions = {
	/** Makes the stream from its beginning, also where the receiver has all of one, which may be another. Called again where it has another beginning. */
	readonly open: () => AsyncIterable<Uint8Array>;

	/** What the stream has not, asked when all of it is made. */
	readonly leftOut?: () => readonly LeftOutEntry[];

	/** A file of the base that could not be read, asked when all of it is made. */
	readonly unreadable?: () => UnreadableBase | undefined;

	/** Bytes a second on the line, at most. */
	readonly limit?: number;
	readonly signal?: AbortSignal;

	/** At most about five times a second, and once at the end. */
	readonly onProgress?: (progress: TransferProgress) => void;
	readonly onNotice?: (notice: TransferNotice) => void;
};

/** What is through, `streamBytes` being all of the stream. */
export type SentStream = TransferProgress;

/** Frames that are made, compressed or wait to be written at once. */
const framesAtOnce = 4;

/** Milliseconds that a receiver that has hung up is given to be heard out: it may have said why. */
const lastWords = 2000;

type State = ControlMessage<'state'>;

/** A frame that is cut and hashed. */
type CutFrame = {
	readonly raw: Buffer;
	readonly number: number;
	readonly hash: Buffer;
	readonly chain: Buffer;

	/** Bytes of the stream up to and with it. */
	readonly streamBytes: number;
};

/** Frames of which the first is being made before anybody asks for it. */
class FramesAhead {
	readonly #rest: AsyncGenerator<Buffer, void, undefined>;
	readonly #first: Promise<IteratorResult<Buffer, void>>;

	constructor(frames: AsyncGenerator<Buffer, void, undefined>) {
		this.#rest = frames;
		this.#first = frames.next();
		this.#first.catch(() => {
			// Thrown to who takes it.
		});
	}

	/**
	All of them.

	@yields A frame.
	*/
	async * take(): AsyncGenerator<Buffer, void, undefined> {
		const first = await this.#first;
		if (first.done === true) {
			return;
		}

		try {
			yield first.value;
			yield * this.#rest;
		} finally {
			await this.close();
		}
	}

	/** Closes what was opened, whether anything was taken of it or not. Safe to call twice. */
	async close(): Promise<void> {
		await this.#rest.return();
	}
}

/** One try to send. */
class Sending {
	readonly #channel: Channel;
	readonly #options: SendOptions;
	readonly #signal: AbortSignal;
	readonly #bucket: TokenBucket | undefined;
	readonly #memory = new FrameMemory();
	readonly #tell: (progress: TransferProgress, isLast?: boolean) => void;
	readonly #ahead: FramesAhead;
	#isAheadTaken = false;
	#window = new Window({frames: 0, streamBytes: 0});
	#wireBytes = 0;
	#resumedBytes = 0;

	/**
	@param signal - Comes too when the receiver has given up.
	*/
	constructor(channel: Channel, options: SendOptions, signal: AbortSignal) {
		this.#channel = channel;
		this.#options = options;
		this.#signal = signal;
		this.#bucket = options.limit === undefined ? undefined : new TokenBucket(options.limit);
		this.#tell = throttleProgress(options.onProgress);
		this.#ahead = new FramesAhead(cutFrames(this.#open(), this.#memory));
	}

	#notice(kind: TransferNotice['kind'], message: string, bytes: number): void {
		this.#options.onNotice?.({kind, message, bytes});
	}

	/** Counts what went over the line. */
	#count(bytes: number): void {
		this.#wireBytes += bytes;
		this.#tell(this.progress);
	}

	/**
	The stream, given up at once when the signal comes, whatever its source waits for.

	@yields What the source gives.
	*/
	async * #open(): AsyncGenerator<Uint8Array, void, undefined> {
		const source = this.#options.open()[Symbol.asyncIterator]();
		let isThrough = false;
		try {
			for (;;) {
				const next = await unlessInterrupted(Promise.resolve(source.next()), this.#signal);
				if (next.done === true) {
					isThrough = true;
					return;
				}

				yield next.value;
			}
		} finally {
			if (!isThrough) {
				// A source that waits for something would end only after that.
				void Promise.resolve(source.return?.()).catch(() => {});
			}
		}
	}

	/** The frames from the stream's beginning. */
	#frames(): AsyncGenerator<Buffer, void, undefined> {
		if (this.#isAheadTaken) {
			return cutFrames(this.#open(), this.#memory);
		}

		this.#isAheadTaken = true;
		return this.#ahead.take();
	}

	/**
	The frames of the stream with their place in the chain, which goes on from what was hashed before.

	@yields A frame.
	*/
	async * #cut(frames: AsyncIterable<Buffer>, chain: Chain): AsyncGenerator<CutFrame, void, undefined> {
		for await (const raw of frames) {
			const hash = sha256(raw);
			const number = chain.frames;
			chain.add(hash, raw.length);
			yield {
				raw, number, hash, chain: chain.value, streamBytes: chain.streamBytes,
			};
		}
	}

	/**
	Makes so much of the stream as the receiver says it has.

	@returns The rest of the stream's frames, with the chain so far; `undefined` if it is not what the receiver has.
	*/
	async #skip(state: State): Promise<{readonly frames: AsyncIterator<Buffer>; readonly chain: Chain} | undefined> {
		const frames = this.#frames();
		const chain = new Chain();
		while (chain.frames < state.frames) {
			const next = await frames.next();
			if (next.done === true) {
				return undefined;
			}

			chain.add(sha256(next.value), next.value.length);
			this.#memory.give(next.value);
		}

		if (chain.hex === state.chain && chain.streamBytes === state.streamBytes) {
			return {frames, chain};
		}

		await frames.return();
		return undefined;
	}

	/** Where the stream goes on: after what the receiver has, or from its beginning. */
	async #begin(state: State): Promise<{readonly frames: AsyncIterator<Buffer>; readonly chain: Chain}> {
		if (state.frames > 0) {
			const rest = await this.#skip(state);
			if (rest !== undefined) {
				this.#resumedBytes = state.streamBytes;
				this.#notice('resumed', 'An earlier try has brought a part of this already: it goes on from there.', state.streamBytes);
				return rest;
			}

			this.#notice('started-over', 'What an earlier try brought is not the beginning of what is sent now, so all of it is sent.', state.streamBytes);
		}

		return {frames: this.#frames(), chain: new Chain()};
	}

	/** Writes a message at the rate that is allowed. */
	async #write(parts: readonly Buffer[]): Promise<void> {
		const {output} = this.#channel;
		if (this.#bucket === undefined) {
			await writeBytes(output, parts, this.#signal);
			for (const part of parts) {
				this.#count(part.length);
			}

			return;
		}

		const bytes = Buffer.concat(parts);
		let begun = 0;
		try {
			while (begun < bytes.length) {
				const piece = bytes.subarray(begun, begun + this.#bucket.piece);
				const wait = this.#bucket.take(piece.length, monotonicNow());
				await unlessInterrupted(delay(wait), this.#signal);
				begun += piece.length;
				await writeBytes(output, [piece], this.#signal);
				this.#count(piece.length);
			}
		} catch (error) {
			if (begun > 0) {
				// What is told last must follow a whole message.
				writeBytes(output, [bytes.subarray(begun)]).catch(() => {});
			}

			throw error;
		}
	}

	async #sendFrame({raw, compressed, ...frame}: CutFrame & {readonly compressed: CompressedFrame}): Promise<void> {
		const head = encodeDataHead({...frame, ...compressed, rawLength: raw.length});
		const wireBytes = head.length + compressed.payload.length;
		await unlessInterrupted(this.#window.room(wireBytes), this.#signal);
		this.#window.add({frames: frame.number + 1, streamBytes: frame.streamBytes, wireBytes});
		await this.#write([head, compressed.payload]);
		release(compressed.payload);
		this.#memory.give(raw);
		failpoint('transfer.send.frame');
	}

	async #tellReceiver(message: ControlMessage): Promise<void> {
		await this.#write([encodeControl(message)]);
	}

	get progress(): TransferProgress {
		return {streamBytes: this.#window.streamBytes, wireBytes: this.#wireBytes, resumedBytes: this.#resumedBytes};
	}

	/** Sends all that the receiver does not have. */
	async send(state: State): Promise<void> {
		const {frames, chain} = await this.#begin(state);
		this.#window = new Window(chain);
		await this.#tellReceiver({kind: 'start', frames: chain.frames});
		failpoint('transfer.send.start');
		const rest = {[Symbol.asyncIterator]: () => frames};
		const window = new FrameCompressor();
		try {
			for await (const frame of mapInOrder(this.#cut(rest, chain), framesAtOnce, async cut => ({...cut, compressed: await window.compress(cut.raw)}))) {
				await this.#sendFrame(frame);
			}
		} finally {
			window.close();
		}

		const leftOut = boundLeftOut(this.#options.leftOut?.() ?? []);
		const unreadable = this.#options.unreadable?.();
		await this.#tellReceiver({
			kind: 'end',
			frames: chain.frames,
			streamBytes: chain.streamBytes,
			chain: chain.hex,
			...(leftOut.length > 0 && {leftOut}),
			...(unreadable !== undefined && {unreadable: boundUnreadable(unreadable)}),
		});
		failpoint('transfer.send.end');
	}

	/** Hears what the receiver says until it has everything. */
	async listen(): Promise<void> {
		for (;;) {
			const message = await this.hear();
			if (message.kind === 'ack') {
				this.#window.acknowledge(message.frames);
				this.#tell(this.progress);
			} else if (message.kind === 'spooled') {
				this.#window.finish(message.frames);
				return;
			} else {
				throw badMessage(`a message "${message.kind}" where none belongs`);
			}
		}
	}

	/** The next message, unless it is a failure. */
	async hear(): Promise<Message> {
		const {message} = await readMessage(this.#channel.input, {signal: this.#signal});
		if (message.kind === 'failure') {
			throw new ToldFailure(message);
		}

		return message;
	}

	/** Closes what was opened before it was known whether anybody wants it. */
	async close(): Promise<void> {
		try {
			await this.#ahead.close();
		} catch {
			// It counts for nothing.
		}
	}

	finish(): SentStream {
		this.#tell(this.progress, true);
		return this.progress;
	}
}

/**
Sends a stream. Returns when the receiver has the whole of it and has checked it; it is applied only then: see `awaitApplied`.

If it fails here (the stream can't be made, the signal), the other side is told why before this throws.

@throws CoppiceError `host` if the connection was lost: the next try goes on from there; `interrupted` by the signal; else what `open` threw, or what
the receiver told, which is of any code.
*/
export const sendStream = async (channel: Channel, options: SendOptions): Promise<SentStream> => {
	takeChannel(channel);
	const ending = new AbortController();
	const signal = options.signal === undefined ? ending.signal : AbortSignal.any([options.signal, ending.signal]);
	const sending = new Sending(channel, options, signal);
	let listening: Promise<void> | undefined;
	try {
		const state = await sending.hear();
		if (state.kind !== 'state') {
			throw badMessage(`it begins with a message "${state.kind}"`);
		}

		listening = sending.listen();
		listening.catch((error: unknown) => {
			ending.abort(error);
		});
		await sending.send(state);
		await listening;
		return sending.finish();
	} catch (error) {
		if (isLostConnection(error)) {
			// Who hangs up on a frame has often said why before.
			await Promise.race([listening, delay(lastWords, undefined, {ref: false})]);
		}

		ending.abort(error);
		await sendFailure(channel, error);
		throw error;
	} finally {
		await sending.close();
	}
};
