/**
What the sender has sent and the receiver has not acknowledged: all that a cut can make it send again.
*/
import {badMessage} from './codec.ts';

/** Bytes on the line that may be unacknowledged. */
export const windowBytes = 8 * 1024 * 1024;

/** Frames that may be: of zeros, thousands would fit into the bytes, and each costs the receiver work. */
const windowFrames = 256;

type Sent = {
	/** Frames of the stream up to and with this one. */
	readonly frames: number;

	/** Bytes of the stream up to and with this frame. */
	readonly streamBytes: number;
	readonly wireBytes: number;
};

export class Window {
	readonly #sent: Sent[] = [];
	#wireBytes = 0;
	#acknowledged: {readonly frames: number; readonly streamBytes: number};
	#wake: (() => void) | undefined;

	/** From what the receiver has already. */
	constructor({frames, streamBytes}: {readonly frames: number; readonly streamBytes: number}) {
		this.#acknowledged = {frames, streamBytes};
	}

	/** Bytes of the stream that the receiver has for good. */
	get streamBytes(): number {
		return this.#acknowledged.streamBytes;
	}

	/** Whether a message of so many bytes may go now. */
	hasRoom(wireBytes: number): boolean {
		return this.#sent.length === 0 || (this.#wireBytes + wireBytes <= windowBytes && this.#sent.length < windowFrames);
	}

	/** Waits until there is room, if somebody reads the acknowledgements meanwhile. */
	async room(wireBytes: number): Promise<void> {
		while (!this.hasRoom(wireBytes)) {
			const {promise, resolve} = Promise.withResolvers<void>();
			this.#wake = resolve;
			await promise;
		}
	}

	add(sent: Sent): void {
		this.#sent.push(sent);
		this.#wireBytes += sent.wireBytes;
	}

	/**
	The receiver has all that was sent.

	@throws CoppiceError `failed` where it says so of something else.
	*/
	finish(frames: number): void {
		const last = this.#sent.at(-1) ?? this.#acknowledged;
		if (frames !== last.frames) {
			throw badMessage(`it has ${frames} frames, where ${last.frames} were sent`);
		}

		this.#sent.length = 0;
		this.#wireBytes = 0;
		this.#acknowledged = last;
	}

	/**
	@throws CoppiceError `failed` for an acknowledgement of what was never sent, or of less than the one before.
	*/
	acknowledge(frames: number): void {
		const last = this.#sent.at(-1);
		if (last === undefined || frames > last.frames || frames <= this.#acknowledged.frames) {
			throw badMessage(`it acknowledges ${frames} frames, which can't be`);
		}

		while (this.#sent.length > 0 && this.#sent[0]!.frames <= frames) {
			const sent = this.#sent.shift()!;
			this.#wireBytes -= sent.wireBytes;
			this.#acknowledged = sent;
		}

		this.#wake?.();
	}
}
