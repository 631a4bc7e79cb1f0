/**
The files of a base, read by paths from outside: regular ones alone, nothing outside of it, whatever a path says.
*/
import {Buffer} from 'node:buffer';
import {
	closeSync,
	constants,
	lstatSync,
	openSync,
	read as readCallback,
	readSync,
} from 'node:fs';
import {promisify} from 'node:util';
import {isSystemError} from '../system/errors.ts';
import {type BytePath, bytePathToNode} from './byte-path.ts';
import {pathFault} from './check-stream.ts';
import {ConfinedTree} from './confined-tree.ts';

const longestPath = 4096;

/** Names in a path: each costs an open folder. */
const deepestPath = 64;

/** Each may be of a file of its own, which is open then. */
const readsAtOnce = 64;

/** Files that stay open: what is told of one is often told of again. */
const filesKept = 8;

const readFile = promisify(readCallback);

/** A part of a file. */
export type Range = {
	readonly path: BytePath;
	readonly offset: number;
	readonly length: number;
};

/** Told of a file that can't be read, and what the system says of it. Where it does not throw, there is nothing in that file. */
export type OnUnreadable = (path: BytePath, error: Error) => void;

/** To be disposed of: it keeps some files open. */
export class BaseFiles {
	readonly #tree: ConfinedTree;
	readonly #open = new Map<BytePath, number | undefined>();

	/** What was read last, and before. */
	#scratch = Buffer.alloc(0);
	#former = Buffer.alloc(0);
	#again = Buffer.alloc(0);

	readonly #onUnreadable: OnUnreadable;

	constructor(root: string, onUnreadable: OnUnreadable) {
		this.#tree = new ConfinedTree(root);
		this.#onUnreadable = onUnreadable;
	}

	/** What there is in a file that could not be read. */
	#failed(path: BytePath, error: unknown): Buffer {
		if (!isSystemError(error)) {
			throw error;
		}

		this.#onUnreadable(path, error);
		return Buffer.alloc(0);
	}

	/** A regular file, or nothing where there is none. */
	#descriptor(path: BytePath): number | undefined {
		if (path === '' || pathFault(path, longestPath) !== undefined || path.split('/').length > deepestPath) {
			return undefined;
		}

		try {
			// Opening a device may do something. What its owner may not read, a user on the other side may not either.
			const place = bytePathToNode(this.#tree.reach(path));
			const stats = lstatSync(place, {throwIfNoEntry: false});
			return stats?.isFile() === true && (stats.mode & constants.S_IRUSR) !== 0
				? openSync(place, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
				: undefined;
		} catch (error) {
			if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'ENXIO')) {
				return undefined;
			}

			throw error;
		}
	}

	/** Closes all files but the last ones. */
	#close(kept: number): void {
		for (const [path, descriptor] of this.#open) {
			if (this.#open.size <= kept) {
				return;
			}

			this.#open.delete(path);
			if (descriptor !== undefined) {
				closeSync(descriptor);
			}
		}
	}

	#opened(path: BytePath): number | undefined {
		const descriptor = this.#open.has(path) ? this.#open.get(path) : this.#descriptor(path);
		// The one used last at the end.
		this.#open.delete(path);
		this.#open.set(path, descriptor);
		return descriptor;
	}

	async #fill(path: BytePath, into: Buffer, offset: number): Promise<Buffer> {
		const descriptor = this.#opened(path);
		if (descriptor === undefined) {
			return into.subarray(0, 0);
		}

		let done = 0;
		while (done < into.length) {
			const {bytesRead} = await readFile(descriptor, into, done, into.length - done, offset + done);
			if (bytesRead === 0) {
				break;
			}

			done += bytesRead;
		}

		return into.subarray(0, done);
	}

	[Symbol.dispose](): void {
		this.#close(0);
		this.#tree.close();
	}

	/**
	What there is in some parts of files, as far as there is anything; valid until the call after the next. Not to be called while it runs.

	@throws What is thrown by who is told of a file that can't be read.
	*/
	async read(ranges: readonly Range[]): Promise<Buffer[]> {
		let size = 0;
		for (const {length} of ranges) {
			size += length;
		}

		const scratch = this.#former.length < size ? Buffer.allocUnsafeSlow(size) : this.#former;
		this.#former = this.#scratch;
		this.#scratch = scratch;

		let end = 0;
		const places = ranges.map(({path, offset, length}) => {
			const into = scratch.subarray(end, end + length);
			end += length;
			return {path, offset, into};
		});
		const found: Buffer[] = [];
		for (let index = 0; index < places.length; index += readsAtOnce) {
			this.#close(filesKept);
			const group = places.slice(index, index + readsAtOnce).map(async ({path, offset, into}) => this.#fill(path, into, offset));
			// Where one fails, the files stay open until nothing reads them any more.
			const results = await Promise.allSettled(group);
			found.push(...results.map((result, at) => result.status === 'fulfilled' ? result.value : this.#failed(ranges[index + at]!.path, result.reason)));
		}

		return found;
	}

	/**
	What there is in a part of a file that was read just before, so that nothing has to wait for a disk; valid until the next call of this.
	*/
	readAgain({path, offset, length}: Range): Buffer {
		if (this.#again.length < length) {
			this.#again = Buffer.allocUnsafeSlow(length);
		}

		try {
			const descriptor = this.#opened(path);
			return this.#again.subarray(0, descriptor === undefined ? 0 : readSync(descriptor, this.#again, 0, length, offset));
		} catch (error) {
			return this.#failed(path, error);
		}
	}
}
