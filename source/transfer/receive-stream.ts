/**
The side that receives one stream: spools it, durably and checked, so that a cut costs no more than what was on its way.
*/
import type {Buffer} from 'node:buffer';
import prettyBytes from 'pretty-bytes';
import {CoppiceError} from '../system/errors.ts';
import {failpoint} from '../system/failpoint.ts';
import {BoundedQueue} from './bounded-queue.ts';
import type {Channel, TransferProgress} from './channel.ts';
import {unpackFrame} from './check-frame.ts';
import {badMessage, type ControlMessage, type DataMessage} from './codec.ts';
import {FrameDecompressor} from './frame-window.ts';
import {isLostConnection, sendFailure, ToldFailure} from './failure.ts';
import {unlessInterrupted} from './interruption.ts';
import {plainLeftOut, type LeftOutEntry} from './left-out.ts';
import {
	readMessage,
	type ReceivedMessage,
	takeChannel,
	writeControl,
} from './line.ts';
import {mapInOrder} from './map-in-order.ts';
import type {TransferNotice} from './notice.ts';
import {release} from './release.ts';
import {slices} from './slices.ts';
import {
	type Discarded,
	type Expected,
	makeSpoolFolder,
	Spool,
} from './spool.ts';
import {lockSpool, type SpoolLock} from './spool-lock.ts';
import {throttleProgress} from './throttle-progress.ts';
import {unreadableNotice} from './unreadable-base.ts';

export type ReceiveOptions = {
	/**
	Where the spool is kept, as `incoming/<snapshot id>` of a volume. Made (0700) where it is not there. The files `frames` and `request.json` in it
	are the spool's, others are left alone.
	*/
	readonly folder: string;

	/** What is received: what was spooled of another snapshot, or from another base, is discarded. */
	readonly expects: Expected;

	/** Bytes of the stream that are taken at most. */
	readonly maximumBytes?: number;

	/**
	Judges the stream while it arrives, always from its first byte: what an earlier try has brought comes first. Called again, with a new
	stream, when the sender starts over (what it was given before then ends with an error). If it throws, the stream is refused
	at once, nothing of it is kept, and the sender is told the reason. It must not keep the pieces that it is given: their memory is gone a few
	megabytes later.
	*/
	readonly check?: (stream: AsyncIterable<Uint8Array>) => Promise<void>;
	/** Called where there is no room; then it is tried once more. */
	readonly makeRoom?: () => Promise<void>;
	readonly signal?: AbortSignal;

	/** At most about five times a second, and once at the end. */
	readonly onProgress?: (progress: TransferProgress) => void;
	readonly onNotice?: (notice: TransferNotice) => void;
};

export type ReceivedStream = TransferProgress & {
	/** What the sender could not put into it. */
	readonly leftOut: readonly LeftOutEntry[];

	/**
	The stream, from the spool; may be called again. Every frame is checked again as it is read.

	@throws CoppiceError `failed` while it is read, if the spool was damaged on disk; receiving again gets what is missing.
	*/
	readonly open: () => AsyncIterable<Uint8Array>;

	/** Removes the spool, after the stream was applied. */
	readonly remove: () => Promise<void>;

	/** Lets go of the spool and keeps it, for where applying failed. The end of the process does that too. */
	readonly close: () => Promise<void>;
};

/** Frames that are decompressed, or wait to be written, at once. */
const framesAtOnce = 3;

/**
Frames that the judge may still read. When it takes one, it is through with all but the last bytes of the one before, which can be the beginning of
a command. One waits to be taken, and one is the last that was put.
*/
const framesHeard = 4;

/** A stream that is refused: nothing of it is to be kept. */
class Refusal extends Error {
	readonly reason: unknown;

	constructor(reason: unknown) {
		super('The stream is refused', {cause: reason});
		this.reason = reason;
	}
}

/** Feeds the stream to the caller's `check` while it arrives. */
class Judge {
	readonly #queue = new BoundedQueue<Buffer>(1);
	readonly #verdict: Promise<void>;

	/**
	@param onRefusal - Called as soon as the stream is refused.
	*/
	constructor(check: ReceiveOptions['check'], onRefusal: (refusal: Refusal) => void) {
		const queue = this.#queue;
		this.#verdict = (async () => {
			try {
				await check?.(slices(queue));
			} catch (error) {
				const refusal = new Refusal(error);
				onRefusal(refusal);
				throw refusal;
			} finally {
				// It has heard enough.
				queue.close();
			}
		})();
		this.#verdict.catch(() => {});
	}

	/** Waits until it has got to the frames before. */
	async hear(frame: Buffer): Promise<void> {
		await this.#queue.put(frame);
	}

	/**
	@throws Refusal
	*/
	async finish(): Promise<void> {
		this.#queue.finish();
		await this.#verdict;
	}

	/** What it has heard counts for nothing: the stream begins anew, or was cut. */
	drop(): void {
		this.#queue.fail(new CoppiceError('interrupted', 'The stream does not go on.'));
	}
}

type Unpacked = ReceivedMessage & {readonly raw: Buffer | undefined};

type ReceivingParts = {
	readonly channel: Channel;
	readonly options: ReceiveOptions;
	readonly spool: Spool;
	readonly lock: SpoolLock;

	/** Ends everything that waits. */
	readonly ending: AbortController;
};

/** One try to receive. */
class Receiving {
	readonly #channel: Channel;
	readonly #options: ReceiveOptions;
	readonly #spool: Spool;
	readonly #lock: SpoolLock;
	readonly #ending: AbortController;
	readonly #tell: (progress: TransferProgress, isLast?: boolean) => void;
	#judge: Judge;
	#leftOut: readonly LeftOutEntry[] = [];

	/** Frames that may be in use by who judges the stream. */
	readonly #heard: Buffer[] = [];
	#wireBytes = 0;
	#resumedBytes = 0;

	/** Whether the sender has said from where it goes on; before, nothing can be told. */
	#hasBegun = false;

	/** Frames that were appended, and those of them that will last, with the bytes of the stream. */
	#appended = {frames: 0, streamBytes: 0};
	#durable = {frames: 0, streamBytes: 0};
	#syncing: Promise<void> | undefined;

	/** Whether all has come, so that the sender waits for no acknowledgement any more. */
	#hasEnded = false;

	constructor({channel, options, spool, lock, ending}: ReceivingParts) {
		this.#channel = channel;
		this.#options = options;
		this.#spool = spool;
		this.#lock = lock;
		this.#ending = ending;
		this.#tell = throttleProgress(options.onProgress);
		this.#judge = this.#newJudge();
	}

	get #signal(): AbortSignal {
		return this.#ending.signal;
	}

	#newJudge(): Judge {
		const judge = new Judge(this.#options.check, refusal => {
			if (judge === this.#judge) {
				this.#ending.abort(refusal);
			}
		});
		return judge;
	}

	#notice(kind: TransferNotice['kind'], message: string, bytes: number): void {
		this.#options.onNotice?.({kind, message, bytes});
	}

	/** Hands a frame to who judges the stream, unless that has come to its judgement. The frame's memory goes when it is through. */
	async #hear(raw: Buffer): Promise<void> {
		await unlessInterrupted(this.#judge.hear(raw), this.#signal);
		this.#heard.push(raw);
		if (this.#heard.length > framesHeard) {
			release(this.#heard.shift()!);
		}
	}

	#checkSize(streamBytes: number): void {
		const {maximumBytes} = this.#options;
		if (maximumBytes !== undefined && streamBytes > maximumBytes) {
			throw new Refusal(new CoppiceError('failed', `The stream is refused: it has more than the ${prettyBytes(maximumBytes, {binary: true})} that are allowed.`, {
				hint: 'Nothing was applied.',
			}));
		}
	}

	async #startOver(): Promise<void> {
		const former = this.#judge;
		this.#judge = this.#newJudge();
		former.drop();
		await this.#spool.empty();
		this.#appended = {frames: 0, streamBytes: 0};
		this.#durable = this.#appended;
	}

	/** The next message, unless it is a failure. */
	async #read(): Promise<ReceivedMessage> {
		const received = await readMessage(this.#channel.input, {
			signal: this.#signal,
			onBytes: count => {
				this.#wireBytes += count;
				this.#lock.touch();
				if (this.#hasBegun) {
					this.#tell(this.progress);
				}
			},
		});
		if (received.message.kind === 'failure') {
			throw new ToldFailure(received.message);
		}

		return received;
	}

	/**
	What the sender sends up to the end of the stream.

	@yields A message.
	*/
	async * #messages(): AsyncGenerator<ReceivedMessage, void, undefined> {
		for (;;) {
			const received = await this.#read();
			yield received;
			if (received.message.kind === 'end') {
				return;
			}
		}
	}

	async #take(message: DataMessage, bytes: Buffer, raw: Buffer): Promise<void> {
		const {chain} = this.#spool;
		this.#checkSize(chain.streamBytes + message.rawLength);
		await this.#spool.append(message, bytes);
		this.#appended = {frames: chain.frames, streamBytes: chain.streamBytes};
		this.#syncing ??= this.#sync();
		release(bytes);
		await this.#hear(raw);
	}

	/** Makes what was appended last and acknowledges it, as long as more was appended meanwhile: one sync for as many frames as came during the one before. */
	async #sync(): Promise<void> {
		try {
			while (this.#durable.frames < this.#appended.frames) {
				const appended = this.#appended;
				await this.#spool.sync();
				if (this.#hasEnded) {
					return;
				}

				this.#durable = appended;
				this.#tell(this.progress);
				await writeControl(this.#channel.output, {kind: 'ack', frames: appended.frames}, this.#signal);
			}
		} catch (error) {
			// A sender that has gone may have said why before: whoever reads comes to that, or to the end.
			if (!isLostConnection(error)) {
				this.#ending.abort(error);
			}
		} finally {
			this.#syncing = undefined;
		}
	}

	async #end({frames, streamBytes, chain: told, leftOut = [], unreadable}: ControlMessage<'end'>): Promise<void> {
		const {chain} = this.#spool;
		if (frames !== chain.frames || streamBytes !== chain.streamBytes || told !== chain.hex) {
			throw badMessage('the end of the stream does not agree with what came before it');
		}

		this.#leftOut = plainLeftOut(leftOut);
		if (unreadable !== undefined) {
			this.#options.onNotice?.(unreadableNotice(unreadable, 'there'));
		}

		await unlessInterrupted(this.#judge.finish(), this.#signal);
		failpoint('transfer.receive.end');
		// The sender keeps the data until they are applied: the disk need not be waited for.
		this.#hasEnded = true;
		this.#durable = this.#appended;
		await writeControl(this.#channel.output, {kind: 'spooled', frames}, this.#signal);
		this.#tell(this.progress, true);
	}

	get leftOut(): readonly LeftOutEntry[] {
		return this.#leftOut;
	}

	get progress(): TransferProgress {
		return {streamBytes: this.#durable.streamBytes, wireBytes: this.#wireBytes, resumedBytes: this.#resumedBytes};
	}

	/** Takes up what an earlier try has brought. */
	async recover(): Promise<Discarded | undefined> {
		const damaged = await this.#spool.recover(async raw => {
			await this.#hear(raw);
		});
		const {frames, streamBytes} = this.#spool.chain;
		this.#checkSize(streamBytes);
		this.#appended = {frames, streamBytes};
		this.#durable = this.#appended;
		return damaged;
	}

	/** Tells the sender what is there, and goes on from there or from the beginning, as it says. */
	async begin(discarded: Discarded | undefined): Promise<void> {
		const {chain} = this.#spool;
		if (discarded !== undefined) {
			this.#notice('discarded', discarded.why === 'damaged'
				? 'A part of what an earlier try brought was damaged on the disk and is sent again.'
				: 'What an earlier try brought belonged to another transfer and was removed.', discarded.bytes);
		}

		await writeControl(this.#channel.output, {
			kind: 'state', frames: chain.frames, streamBytes: chain.streamBytes, chain: chain.hex, ...(discarded !== undefined && {discarded}),
		}, this.#signal);
		failpoint('transfer.receive.state');
		const {message} = await this.#read();
		if (message.kind !== 'start' || ![0, chain.frames].includes(message.frames)) {
			throw badMessage(message.kind === 'start' ? `it goes on from frame ${message.frames}, where ${chain.frames} are there` : `a message "${message.kind}" where the start belongs`);
		}

		if (message.frames < chain.frames) {
			this.#notice('started-over', 'What an earlier try brought is not the beginning of what is sent now, so all of it is sent.', chain.streamBytes);
			await this.#startOver();
		} else if (chain.frames > 0) {
			this.#resumedBytes = chain.streamBytes;
			this.#notice('resumed', 'An earlier try has brought a part of this already.', chain.streamBytes);
		}

		this.#hasBegun = true;
	}

	/** Spools all that comes, up to and with the end. */
	async spool(): Promise<void> {
		const window = new FrameDecompressor();
		const unpacked = mapInOrder<ReceivedMessage, Unpacked>(this.#messages(), framesAtOnce, async received => ({
			...received, raw: received.message.kind === 'data' ? await unpackFrame(received.message, window) : undefined,
		}));
		try {
			for await (const {message, bytes, raw} of unpacked) {
				if (message.kind === 'data') {
					await this.#take(message, bytes, raw!);
				} else if (message.kind === 'end') {
					await this.#end(message);
				} else {
					throw badMessage(`a message "${message.kind}" where a frame belongs`);
				}
			}
		} finally {
			window.close();
		}
	}

	/** Waits until nothing is being made to last any more. */
	async settle(): Promise<void> {
		await this.#syncing;
	}

	async giveUp(): Promise<void> {
		this.#judge.drop();
		await this.settle();
	}
}

const receive = async (channel: Channel, options: ReceiveOptions, lock: SpoolLock, folder: string): Promise<ReceivedStream> => {
	const ending = new AbortController();
	const pass = (signal: AbortSignal | undefined) => {
		const abort = () => {
			ending.abort(signal?.reason);
		};

		if (signal?.aborted === true) {
			abort();
		}

		signal?.addEventListener('abort', abort, {once: true, signal: ending.signal});
	};

	pass(options.signal);
	pass(lock.lost);
	const {spool, discarded} = await Spool.open(folder, options.expects, options.makeRoom);
	const receiving = new Receiving({
		channel, options, spool, lock, ending,
	});
	try {
		const damaged = await receiving.recover();
		await receiving.begin(discarded ?? damaged);
		await receiving.spool();
	} catch (error) {
		ending.abort(error);
		await receiving.giveUp();
		if (error instanceof Refusal) {
			await spool.remove();
			throw error.reason;
		}

		await spool.close();
		throw error;
	}

	lock.keep();
	let isHeld = true;
	const letGo = async (end: () => Promise<void>) => {
		if (!isHeld) {
			return;
		}

		isHeld = false;
		await receiving.settle();
		await end();
		await lock.release();
	};

	return {
		...receiving.progress,
		leftOut: receiving.leftOut,
		open: () => slices(spool.frames()),
		remove: async () => letGo(async () => spool.remove()),
		close: async () => letGo(async () => spool.close()),
	};
};

/**
Receives a stream into the spool. Returns when the whole of it is there and checked, and the sender knows that. Nothing is applied yet: apply
what `open` gives, then call `confirmApplied`, or `sendFailure` where that fails; then `remove`.

If it fails here, the other side is told why before this throws, and what has arrived is kept (unless `check` refused it).

@throws CoppiceError `host` if the connection was lost: the next try goes on from there; `conflict` where another process receives the
same right now; `failed` where there is no room; `interrupted` by the signal; what `check` threw; else what the sender told.
*/
export const receiveStream = async (channel: Channel, options: ReceiveOptions): Promise<ReceivedStream> => {
	takeChannel(channel);
	try {
		const folder = await makeSpoolFolder(options.folder);
		const lock = await lockSpool(folder, options.signal);
		try {
			return await receive(channel, options, lock, await makeSpoolFolder(folder));
		} catch (error) {
			await lock.release();
			throw error;
		}
	} catch (error) {
		await sendFailure(channel, error);
		throw error;
	}
};
