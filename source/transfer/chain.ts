/**
The running hash over the frames of a stream: two sides that have the same hash have the same frames, in the same order (see `codec.ts`).
*/
import {Buffer} from 'node:buffer';
import {hash} from 'node:crypto';
import {hashSize} from './codec.ts';

/** SHA-256 (FIPS 180-4) of bytes. */
export const sha256 = (bytes: Uint8Array): Buffer => hash('sha256', bytes, 'buffer');

export class Chain {
	#value: Buffer = Buffer.alloc(hashSize);
	#frames = 0;
	#streamBytes = 0;

	/** Frames so far. */
	get frames(): number {
		return this.#frames;
	}

	/** Bytes of the stream so far, before compression. */
	get streamBytes(): number {
		return this.#streamBytes;
	}

	/** The hash over the frames so far. */
	get value(): Buffer {
		return this.#value;
	}

	get hex(): string {
		return this.#value.toString('hex');
	}

	/**
	What the value would be with one frame more, without adding it.
	*/
	after(frameHash: Buffer): Buffer {
		return sha256(Buffer.concat([this.#value, frameHash]));
	}

	/** Adds a frame of so many bytes by its hash. */
	add(frameHash: Buffer, length: number): void {
		this.#value = this.after(frameHash);
		this.#frames++;
		this.#streamBytes += length;
	}
}
