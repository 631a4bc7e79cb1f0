/**
Writes files as a stream tells: many small writes that follow each other become few large ones, and blocks of zeros become holes.
One file is open at a time, for a stream writes one after the other.
*/
import {Buffer} from 'node:buffer';
import {
	closeSync,
	constants,
	fstatSync,
	ftruncateSync,
	openSync,
	read as readWithCallback,
	write as writeWithCallback,
	writeSync,
} from 'node:fs';
import {promisify} from 'node:util';
import {isSystemError} from '../system/errors.ts';
import {blockSize, nonZeroRuns} from './blocks.ts';
import {type BytePath, bytePathToNode} from './byte-path.ts';
import {writeSize} from './encode-stream.ts';
import type {NativeCalls} from './native-calls.ts';

const read = promisify(readWithCallback);
const write = promisify(writeWithCallback);

/** A multiple of what one command carries. */
const bufferSize = 20 * writeSize;

/** Up to this much is written at once sooner than somebody else is asked to do it. */
const smallWrite = 64 * 1024;

type OpenFile = {
	readonly path: BytePath;
	readonly descriptor: number;

	/** The end of what is in the file; everything beyond reads as zero. */
	written: number;

	/** The size that it shall have; the end of the last hole, maybe. */
	size: number;

	/** Where the bytes of the buffer begin. */
	start: number;

	/** How many bytes are in the buffer. */
	waiting: number;
};

/** Where the bytes of a clone come from: an open file. */
export type CloneSource = {
	readonly descriptor: number;
	readonly offset: number;
	readonly length: number;
};

export class FileWriter {
	readonly #native: NativeCalls | undefined;
	readonly #open: (path: BytePath, flags: number) => number;
	readonly #buffer = Buffer.allocUnsafeSlow(bufferSize);
	#file: OpenFile | undefined;
	#canPunch = true;
	#canCopyRange = true;

	/**
	@param open - Opens a file of the tree without following links.
	*/
	constructor(native: NativeCalls | undefined, open: (path: BytePath, flags: number) => number) {
		this.#native = native;
		this.#open = open;
	}

	async #use(path: BytePath): Promise<OpenFile> {
		if (this.#file?.path === path) {
			return this.#file;
		}

		await this.finish();
		const descriptor = this.#open(path, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK);
		const stats = fstatSync(descriptor);
		this.#file = {
			path, descriptor, written: stats.size, size: stats.size, start: 0, waiting: 0,
		};
		return this.#file;
	}

	/** A hole at the end is there only when the file is as long as that. */
	#settleSize(file: OpenFile): void {
		if (!(file.size > file.written)) {
			return;
		}

		ftruncateSync(file.descriptor, file.size);
		file.written = file.size;
	}

	async #drain(file: OpenFile): Promise<void> {
		if (file.waiting === 0) {
			return;
		}

		// Blocks are those of the file, not of the buffer.
		const {start, waiting} = file;
		file.waiting = 0;
		const first = Math.min(waiting, (blockSize - (start % blockSize)) % blockSize);
		if (first > 0) {
			await this.#put(file, start, this.#buffer.subarray(0, first));
		}

		const rest = this.#buffer.subarray(first, waiting);
		let done = 0;
		for (const run of nonZeroRuns(rest)) {
			await this.#makeHole(file, start + first + done, run.start - done);
			await this.#put(file, start + first + run.start, rest.subarray(run.start, run.end));
			done = run.end;
		}

		await this.#makeHole(file, start + first + done, rest.length - done);
	}

	async #put(file: OpenFile, position: number, bytes: Buffer): Promise<void> {
		for (let done = 0; done < bytes.length;) {
			const left = bytes.length - done;
			if (left <= smallWrite) {
				done += writeSync(file.descriptor, bytes, done, left, position + done);
			} else {
				const {bytesWritten} = await write(file.descriptor, bytes, done, left, position + done);
				done += bytesWritten;
			}
		}

		file.written = Math.max(file.written, position + bytes.length);
		file.size = Math.max(file.size, file.written);
	}

	async #makeHole(file: OpenFile, position: number, length: number): Promise<void> {
		if (length === 0) {
			return;
		}

		const inside = Math.max(0, Math.min(length, file.written - position));
		if (inside > 0 && !this.#punch(file.descriptor, position, inside)) {
			await this.#put(file, position, Buffer.alloc(inside));
		}

		file.size = Math.max(file.size, position + length);
	}

	#punch(descriptor: number, position: number, length: number): boolean {
		if (this.#native === undefined || !this.#canPunch) {
			return false;
		}

		try {
			this.#native.punchHole(descriptor, position, length);
			return true;
		} catch (error) {
			if (isSystemError(error, 'EOPNOTSUPP', 'ENOTSUP', 'ENOSYS', 'ENODEV')) {
				this.#canPunch = false;
				return false;
			}

			throw error;
		}
	}

	async #copy(file: OpenFile, offset: number, {descriptor, offset: from, length}: CloneSource): Promise<void> {
		let done = 0;
		while (this.#native !== undefined && this.#canCopyRange && done < length) {
			try {
				const copied = this.#native.copyRange({
					from: descriptor, fromOffset: from + done, to: file.descriptor, toOffset: offset + done, length: length - done,
				});
				if (copied === 0) {
					throw new Error('What is cloned is shorter than the stream says');
				}

				done += copied;
			} catch (error) {
				if (!isSystemError(error, 'EOPNOTSUPP', 'ENOTSUP', 'ENOSYS', 'EXDEV', 'EINVAL')) {
					throw error;
				}

				// `EINVAL` for ranges of one file that overlap: only this once.
				this.#canCopyRange = error.code === 'EINVAL';
				break;
			}
		}

		while (done < length) {
			const {bytesRead} = await read(descriptor, this.#buffer, 0, Math.min(bufferSize, length - done), from + done);
			if (bytesRead === 0) {
				throw new Error('What is cloned is shorter than the stream says');
			}

			await this.#put(file, offset + done, this.#buffer.subarray(0, bytesRead));
			done += bytesRead;
		}
	}

	/** Goes on with a file that was made this moment. */
	begin(path: BytePath, descriptor: number): void {
		this.#file = {
			path, descriptor, written: 0, size: 0, start: 0, waiting: 0,
		};
	}

	/** Takes the bytes over before it returns. */
	async write(path: BytePath, offset: number, data: Uint8Array): Promise<void> {
		const file = await this.#use(path);
		for (let from = 0; from < data.length;) {
			if (file.waiting > 0 && (file.start + file.waiting !== offset + from || file.waiting === bufferSize)) {
				await this.#drain(file);
			}

			if (file.waiting === 0) {
				file.start = offset + from;
			}

			const length = Math.min(data.length - from, bufferSize - file.waiting);
			this.#buffer.set(data.subarray(from, from + length), file.waiting);
			file.waiting += length;
			from += length;
		}
	}

	async truncate(path: BytePath, size: number): Promise<void> {
		const file = await this.#use(path);
		await this.#drain(file);
		ftruncateSync(file.descriptor, size);
		file.size = size;
		file.written = Math.min(file.written, size);
	}

	/**
	Copies a range from another file, or from this one; shares the blocks where the file system can.
	*/
	async clone(path: BytePath, offset: number, openSource: () => Promise<CloneSource>): Promise<void> {
		const file = await this.#use(path);
		await this.#drain(file);
		this.#settleSize(file);
		const source = await openSource();
		try {
			await this.#copy(file, offset, source);
		} finally {
			closeSync(source.descriptor);
		}

		file.written = Math.max(file.written, offset + source.length);
		file.size = Math.max(file.size, file.written);
	}

	/** Writes what waits, and closes the file. To be called before anything else is done to a path. */
	async finish(): Promise<void> {
		const file = this.#file;
		if (file === undefined) {
			return;
		}

		try {
			await this.#drain(file);
			this.#settleSize(file);
		} finally {
			this.#file = undefined;
			closeSync(file.descriptor);
		}
	}

	/** Closes the file, whatever becomes of it. */
	abandon(): void {
		if (this.#file === undefined) {
			return;
		}

		closeSync(this.#file.descriptor);
		this.#file = undefined;
	}
}

/** Opens a file of a tree, which must be a regular one. */
export const openRegularFile = (place: BytePath, flags: number): number => {
	const descriptor = openSync(bytePathToNode(place), flags);
	if (fstatSync(descriptor).isFile()) {
		return descriptor;
	}

	closeSync(descriptor);
	throw new Error('It is no regular file');
};
