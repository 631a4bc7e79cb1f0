/**
What a stream makes of its names, without a file system: which paths there are and what each is. It finds every command that could
not be carried out, or that would lead through a symbolic link, before anything is written.

Of the base of an increment it knows what it is told by `lookUp`, and asks only for what the stream names. Without that, a path of
the base may be anything.
*/
import type {BytePath} from './byte-path.ts';

export type EntryKind = 'file' | 'folder' | 'link' | 'special';

/** What the base has at a path (its root is empty): `undefined` where there is nothing. */
export type LookUp = (path: BytePath) => EntryKind | undefined;

type Entry = {
	/** `unknown`: of a base that nothing is known of, until the stream uses it as one thing or another. */
	kind: EntryKind | 'unknown';

	/** Where it is in the base, if it is of the base. */
	readonly base: BytePath | undefined;

	/** Whether it is there for certain; false for what an unknown base may have. */
	isCertain: boolean;

	/** What is known of the names in a folder: `undefined` for one that is gone. Made when the first is. */
	names?: Map<string, Entry | undefined>;
};

/** Why something can't be done; the model is as it was. */
export class NameConflict extends Error {
	override readonly name = 'NameConflict';
}

const splitPath = (path: BytePath): readonly [folder: BytePath, name: string] => {
	const at = path.lastIndexOf('/');
	return at === -1 ? ['', path] : [path.slice(0, at), path.slice(at + 1)];
};

const join = (folder: BytePath, name: string): BytePath => folder === '' ? name : `${folder}/${name}`;

export class NameModel {
	readonly #root: Entry;
	readonly #lookUp: LookUp | undefined;
	#size = 0;

	/** The folder of the last command, for the next is mostly in it too. */
	#last: readonly [path: BytePath, entry: Entry] | undefined;

	/**
	@param base - `none` for a stream that is whole in itself; a function that tells what is in the base of an increment; or `unknown`.
	*/
	constructor(base: 'none' | 'unknown' | LookUp) {
		this.#root = {kind: 'folder', base: base === 'none' ? undefined : '', isCertain: true};
		this.#lookUp = typeof base === 'function' ? base : undefined;
	}

	#find(path: BytePath): Entry {
		if (path === '') {
			return this.#root;
		}

		const [folder, name] = this.#parentOf(path);
		const entry = this.#child(folder, name);
		if (entry === undefined) {
			throw new NameConflict('there is nothing of that name');
		}

		entry.isCertain = true;
		return entry;
	}

	#parentOf(path: BytePath): readonly [folder: Entry, name: string] {
		const [parent, name] = splitPath(path);
		if (this.#last?.[0] === parent) {
			return [this.#last[1], name];
		}

		let folder = this.#root;
		for (const part of parent === '' ? [] : parent.split('/')) {
			const next = this.#child(folder, part);
			if (next === undefined) {
				throw new NameConflict('a folder on its path is not there');
			}

			if (next.kind === 'unknown') {
				next.kind = 'folder';
			} else if (next.kind !== 'folder') {
				throw new NameConflict(`its path leads through ${next.kind === 'link' ? 'a symbolic link' : `a ${next.kind}`}`);
			}

			next.isCertain = true;

			folder = next;
		}

		this.#last = [parent, folder];
		return [folder, name];
	}

	#child(folder: Entry, name: string): Entry | undefined {
		const known = folder.names?.get(name);
		if (known !== undefined || folder.names?.has(name) === true || folder.base === undefined) {
			return known;
		}

		const base = join(folder.base, name);
		const kind = this.#lookUp === undefined ? 'unknown' : this.#lookUp(base);
		const entry: Entry | undefined = kind === undefined ? undefined : {kind, base, isCertain: kind !== 'unknown'};
		this.#set(folder, name, entry);
		return entry;
	}

	#needFree(folder: Entry, name: string): void {
		const there = this.#child(folder, name);
		// Of an unknown base it can't be said that the name is taken.
		if (there?.isCertain === true) {
			throw new NameConflict('something of that name is there already');
		}
	}

	#set(folder: Entry, name: string, entry: Entry | undefined): void {
		folder.names ??= new Map();
		if (!folder.names.has(name)) {
			this.#size++;
		}

		folder.names.set(name, entry);
	}

	/** How many names the stream has touched. */
	get size(): number {
		return this.#size;
	}

	/** What is at a path, which must be there. */
	kindOf(path: BytePath): EntryKind | 'unknown' {
		return this.#find(path).kind;
	}

	/** A path that must be a regular file, or may be one of an unknown base. */
	needFile(path: BytePath): void {
		const entry = this.#find(path);
		if (entry.kind === 'unknown') {
			entry.kind = 'file';
		} else if (entry.kind !== 'file') {
			throw new NameConflict(`it is no regular file but a ${entry.kind}`);
		}
	}

	make(path: BytePath, kind: EntryKind): void {
		const [folder, name] = this.#parentOf(path);
		this.#needFree(folder, name);
		this.#set(folder, name, {kind, base: undefined, isCertain: true});
	}

	/** Gives what is at `existing` another name. */
	link(existing: BytePath, path: BytePath): void {
		const entry = this.#find(existing);
		if (entry.kind === 'folder') {
			throw new NameConflict('a folder can have one name only');
		}

		const [folder, name] = this.#parentOf(path);
		this.#needFree(folder, name);
		this.#set(folder, name, entry);
	}

	rename(from: BytePath, to: BytePath): void {
		const [oldFolder, oldName] = this.#parentOf(from);
		const entry = this.#child(oldFolder, oldName);
		if (entry === undefined) {
			throw new NameConflict('there is nothing of that name');
		}

		if (to === from || to.startsWith(`${from}/`)) {
			throw new NameConflict('nothing can be moved into itself');
		}

		const [folder, name] = this.#parentOf(to);
		this.#needFree(folder, name);
		entry.isCertain = true;
		this.#set(oldFolder, oldName, undefined);
		this.#set(folder, name, entry);
		this.#last = undefined;
	}

	/** Takes a name away from what is no folder. */
	unlink(path: BytePath): void {
		const [folder, name] = this.#parentOf(path);
		const entry = this.#child(folder, name);
		if (entry === undefined) {
			throw new NameConflict('there is nothing of that name');
		}

		if (entry.kind === 'folder') {
			throw new NameConflict('it is a folder');
		}

		this.#set(folder, name, undefined);
	}

	/** Removes a folder, which must be empty as far as is known. */
	removeFolder(path: BytePath): void {
		const [folder, name] = this.#parentOf(path);
		const entry = this.#child(folder, name);
		if (entry === undefined) {
			throw new NameConflict('there is nothing of that name');
		}

		if (entry.kind !== 'folder' && entry.kind !== 'unknown') {
			throw new NameConflict('it is no folder');
		}

		for (const inside of entry.names?.values() ?? []) {
			if (inside !== undefined) {
				throw new NameConflict('it is not empty');
			}
		}

		this.#set(folder, name, undefined);
		this.#last = undefined;
	}
}
