/**
Reaches what is in a folder by paths from outside, without ever leaving it: every component but the last is opened for itself, and
is refused where it is a symbolic link; what is then done is done relative to the open folder. So a path may also be of any length.

Linux has no way to hand an open folder to the functions of Node but `/proc/self/fd`.
*/
import {closeSync, constants, openSync} from 'node:fs';
import {CoppiceError, isSystemError} from '../system/errors.ts';
import {type BytePath, bytePathToNode} from './byte-path.ts';

const folderFlags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** How many folders are kept open. */
const maximumOpen = 128;

const descriptorPath = (descriptor: number): BytePath => `/proc/self/fd/${descriptor}`;

/** Whether a path is a folder or below it. */
const isWithin = (path: BytePath, folder: BytePath): boolean =>
	path.startsWith(folder) && (path.length === folder.length || path[folder.length] === '/');

export class ConfinedTree {
	readonly #root: number;

	/** Open folders by path, the one used last at the end. */
	readonly #open = new Map<BytePath, number>();

	/**
	@param root - The folder itself may be reached by a symbolic link.
	@throws CoppiceError `not-found` where there is no such folder.
	*/
	constructor(root: string) {
		try {
			this.#root = openSync(root, constants.O_RDONLY | constants.O_DIRECTORY);
		} catch (error) {
			if (isSystemError(error, 'ENOENT', 'ENOTDIR')) {
				throw new CoppiceError('not-found', `There is no folder ${root}.`, {file: root, hint: 'Check the path.', cause: error});
			}

			throw error;
		}
	}

	#folder(path: BytePath): number {
		const known = this.#open.get(path);
		if (known !== undefined) {
			this.#open.delete(path);
			this.#open.set(path, known);
			return known;
		}

		// From the nearest one that is open, down.
		let at = path.length;
		let parent: number | undefined;
		while (parent === undefined && at > 0) {
			at = path.lastIndexOf('/', at - 1);
			parent = at > 0 ? this.#open.get(path.slice(0, at)) : this.#root;
		}

		let folder = parent ?? this.#root;
		for (let end = Math.max(at, 0); end < path.length;) {
			const start = end === 0 ? 0 : end + 1;
			const next = path.indexOf('/', start);
			end = next === -1 ? path.length : next;
			folder = openSync(bytePathToNode(`${descriptorPath(folder)}/${path.slice(start, end)}`), folderFlags);
			this.#keep(path.slice(0, end), folder);
		}

		return folder;
	}

	#keep(path: BytePath, descriptor: number): void {
		this.#open.set(path, descriptor);
		if (this.#open.size <= maximumOpen) {
			return;
		}

		const [oldest] = this.#open;
		if (oldest === undefined) {
			return;
		}

		this.#open.delete(oldest[0]);
		closeSync(oldest[1]);
	}

	[Symbol.dispose](): void {
		this.close();
	}

	/** Closes everything; the tree can't be used after. */
	close(): void {
		this.forget('');
		closeSync(this.#root);
	}

	/**
	A path for one call of `node:fs` that does not follow its last component, valid until the next `reach`.

	@param path - Relative; empty for the root. Must be free of `.`, `..` and empty names: the checker sees to that.
	*/
	reach(path: BytePath): BytePath {
		if (path === '') {
			// The dot makes it the folder itself, not the link in `/proc`.
			return `${descriptorPath(this.#root)}/.`;
		}

		const at = path.lastIndexOf('/');
		const folder = at === -1 ? this.#root : this.#folder(path.slice(0, at));
		return `${descriptorPath(folder)}/${path.slice(at + 1)}`;
	}

	/** Closes a folder and those below it: it is about to be moved or removed. */
	forget(folder: BytePath): void {
		for (const [path, descriptor] of this.#open) {
			if (!(folder === '' || isWithin(path, folder))) {
				continue;
			}

			this.#open.delete(path);
			closeSync(descriptor);
		}
	}
}
