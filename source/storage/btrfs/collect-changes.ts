/**
Turns the commands of an incremental send stream into what changed, by path.

A stream tells how to get from one snapshot to the next step by step, with temporary names and folders that move in between, so
the names are replayed on a tree that knows only what the stream touched.
*/
import type {BytePath} from '../../stream/byte-path.ts';
import type {StreamCommand} from '../../stream/commands.ts';
import {CoppiceError} from '../../system/errors.ts';

/** A file or folder that the stream touched. */
type Entry = {
	/** Its path in the snapshot before; `undefined` for a new one. */
	readonly from: BytePath | undefined;

	/** Known of new ones only. */
	readonly isFolder: boolean;

	/** Its names as far as they were touched; `undefined` for one that is gone. Empty for a file. */
	readonly names: Map<string, Entry | undefined>;
	bytes: number;
	hasContent: boolean;
	hasMetadata: boolean;
	hasTimes: boolean;
};

export type CollectedChange = {
	readonly path: BytePath;

	/** `content` may turn out to be less: extents are written anew, or a file is replaced by its like. */
	readonly kind: 'added' | 'removed' | 'replaced' | 'content' | 'metadata' | 'times' | 'none';

	/** Where it was before, if elsewhere. */
	readonly from: BytePath | undefined;

	/** Bytes of the extents that were written. */
	readonly bytes: number;
};

const makeEntry = (from: BytePath | undefined, isFolder = false): Entry => ({
	from, isFolder, names: new Map(), bytes: 0, hasContent: false, hasMetadata: false, hasTimes: false,
});

const join = (folder: BytePath, name: string): BytePath => folder === '' ? name : `${folder}/${name}`;

const damaged = (path: BytePath): CoppiceError =>
	new CoppiceError('failed', `The send stream names ${JSON.stringify(path)}, which can't be there.`, {hint: 'This is a bug in Coppice or in btrfs: please report it.'});

export class ChangeCollector {
	readonly #root = makeEntry('');

	/** Everything of the snapshot before that was named, so that what is gone can be told. */
	readonly #known: Entry[] = [];

	#content(path: BytePath, bytes: number): void {
		const entry = this.#find(path);
		entry.hasContent = true;
		entry.bytes += bytes;
	}

	/** The entry at a path as it is now. What the stream did not touch yet is where it was before. */
	#find(path: BytePath): Entry {
		let entry = this.#root;
		for (const name of path === '' ? [] : path.split('/')) {
			if (!entry.names.has(name) && entry.from !== undefined) {
				const before = makeEntry(join(entry.from, name));
				this.#known.push(before);
				entry.names.set(name, before);
			}

			const next = entry.names.get(name);
			if (next === undefined) {
				throw damaged(path);
			}

			entry = next;
		}

		return entry;
	}

	#put(path: BytePath, entry: Entry | undefined): void {
		const at = path.lastIndexOf('/');
		this.#find(path.slice(0, Math.max(at, 0))).names.set(path.slice(at + 1), entry);
	}

	add(command: StreamCommand): void {
		switch (command.type) {
			case 'subvol':
			case 'snapshot':
			case 'end': {
				return;
			}

			case 'mkfile':
			case 'mkdir':
			case 'mknod':
			case 'mkfifo':
			case 'mksock':
			case 'symlink': {
				this.#put(command.path, makeEntry(undefined, command.type === 'mkdir'));
				return;
			}

			case 'rename': {
				const entry = this.#find(command.path);
				this.#put(command.path, undefined);
				this.#put(command.pathTo, entry);
				return;
			}

			case 'link': {
				this.#put(command.path, this.#find(command.pathLink));
				return;
			}

			case 'unlink':
			case 'rmdir': {
				this.#find(command.path);
				this.#put(command.path, undefined);
				return;
			}

			case 'write': {
				this.#content(command.path, command.data.length);
				return;
			}

			case 'update_extent':
			case 'fallocate': {
				this.#content(command.path, command.size);
				return;
			}

			case 'encoded_write': {
				this.#content(command.path, command.unencodedFileLength);
				return;
			}

			case 'clone': {
				this.#content(command.path, command.cloneLength);
				return;
			}

			case 'truncate': {
				this.#content(command.path, 0);
				return;
			}

			case 'chmod':
			case 'chown':
			case 'set_xattr':
			case 'remove_xattr':
			case 'fileattr': {
				this.#find(command.path).hasMetadata = true;
				return;
			}

			case 'utimes': {
				this.#find(command.path).hasTimes = true;
			}
		}
	}

	/** What changed, once all commands were added. Paths are relative to the subvolume. */
	finish(): CollectedChange[] {
		const there = new Set<Entry>();
		const changes = new Map<BytePath, CollectedChange>();
		const visit = (folder: Entry, folderPath: BytePath) => {
			for (const [name, entry] of folder.names) {
				if (entry === undefined) {
					continue;
				}

				const path = join(folderPath, name);
				// What moved only along with its folder did not move itself.
				const isMoved = entry.from !== undefined && (folder.from === undefined || entry.from !== join(folder.from, name));
				const isSecondName = there.has(entry) && entry.from !== path;
				there.add(entry);
				changes.set(path, changeOf(entry, path, isMoved, isSecondName));
				visit(entry, path);
			}
		};

		visit(this.#root, '');
		if (this.#root.hasMetadata) {
			changes.set('', changeOf(this.#root, '', false, false));
		}

		const removed: CollectedChange[] = [];
		const gone = this.#known.filter(entry => !there.has(entry));
		for (const {from} of gone) {
			const now = from === undefined ? undefined : changes.get(from);
			if (from !== undefined && now?.kind === 'added') {
				changes.set(from, {...now, kind: 'replaced'});
			} else if (from !== undefined) {
				removed.push({
					path: from, kind: 'removed', from: undefined, bytes: 0,
				});
			}
		}

		return [...Array.from(changes, ([, change]) => change).filter(change => change.kind !== 'none' || change.from !== undefined), ...removed];
	}
}

const changeOf = (entry: Entry, path: BytePath, isMoved: boolean, isSecondName: boolean): CollectedChange => {
	const {from, bytes} = entry;
	if (from === undefined || isSecondName) {
		return {
			path, kind: 'added', from: undefined, bytes: isSecondName ? 0 : bytes,
		};
	}

	return {
		path, kind: kindOf(entry), from: isMoved ? from : undefined, bytes,
	};
};

const kindOf = ({hasContent, hasMetadata, hasTimes}: Entry): 'content' | 'metadata' | 'times' | 'none' => {
	if (hasContent) {
		return 'content';
	}

	if (hasMetadata) {
		return 'metadata';
	}

	return hasTimes ? 'times' : 'none';
};
