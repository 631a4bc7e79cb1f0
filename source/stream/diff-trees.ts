/**
Makes the commands of a send stream from two trees of files, neither of which may change meanwhile: what has to be done to the old one
to get the new one. Without an old one, all of the new.

The order of things, each of which leaves a tree in which the next can be done:
1. From the deepest folders up, every name that the new tree does not have goes. What the new tree has elsewhere is moved to the root,
   under a name of its own as the kernel makes them (`o<inode>-<generation>-<n>`), so that swapped names and folders that moved into each other
   need no thought.
2. From the root down, every folder of the new tree gets its place.
3. Every other name is made: by a rename, a link, or a new file.
4. What is in files is written; owners, attributes, modes and times are set, those of folders last and from the deepest up.
*/
import {Buffer} from 'node:buffer';
import {randomUUID} from 'node:crypto';
import {setImmediate as breathe} from 'node:timers/promises';
import {CoppiceError, isSystemError} from '../system/errors.ts';
import {type BytePath, bytePathToText, textToBytePath} from './byte-path.ts';
import type {StreamCommand, StreamTime} from './commands.ts';
import {ConfinedTree} from './confined-tree.ts';
import {
	type CloneKind,
	guessCloneKind,
	type Matches,
	matchTrees,
} from './match-trees.ts';
import {type NativeCalls, nativeCalls, splitTime} from './native-calls.ts';
import {type ByteRange, ContentReader, type Piece} from './read-content.ts';
import {
	type Item,
	joinPath,
	pathOf,
	pathOfName,
	scanTree,
	type ScannedTree,
} from './scan-tree.ts';

export type DiffOptions = {
	/** What the snapshot is called; `snapshot` unless told. */
	readonly name?: string;

	/** The id of the new tree; a random one unless told. */
	readonly uuid?: string;

	/** The number of its last transaction, for whoever makes a use of it; 1 unless told. */
	readonly ctransid?: number;

	/** The id of the old tree; needed for an increment that `btrfs receive` shall take. */
	readonly base?: {readonly uuid: string; readonly ctransid?: number};

	/** What clones keep of a file; guessed from the roots unless told. */
	readonly clones?: CloneKind;

	/**
	For clones that keep inodes: nanoseconds since 1970 when both trees were still one, where that is before the old one was made. What changed
	later is compared.
	*/
	readonly partedAt?: bigint;

	/**
	For clones that are copies: nanoseconds since 1970 when the copy was made. Files of the same size, owner, mode and time of modification,
	which is before this, are then taken as the same without reading them. A program that sets times can deceive this.
	*/
	readonly trustTimesBefore?: bigint;

	/**
	Where a file may differ, from who knows it without reading (`zfs send -i`, `btrfs send --no-data`); an empty list for nowhere, `undefined`
	where it is not known. Both paths are relative to their trees.
	*/
	readonly changedRanges?: (oldPath: BytePath, path: BytePath) => readonly ByteRange[] | undefined;

	/** Told of what can't be in the stream, or can't be read here. */
	readonly onLeftOut?: (what: string, path: BytePath) => void;
	readonly signal?: AbortSignal;
};

/** The kernel stamps files with a clock that ticks every 1 to 10 ms. */
const granularity = 25_000_000n;

/** Ext3 and the like keep whole seconds only; two for FAT. */
const coarseGranularity = 2_000_000_000n;

const granularityOf = (time: bigint): bigint => time % 1_000_000_000n === 0n ? coarseGranularity : granularity;

/** How many commands without content are made before others have their turn. */
const turnLength = 256;

const toStreamTime = (time: bigint): StreamTime => {
	const {seconds, nanoseconds} = splitTime(time);
	return {seconds: Number(seconds), nanoseconds: Number(nanoseconds)};
};

const sameBytes = (one: Uint8Array, two: Uint8Array | undefined): boolean => two !== undefined && Buffer.compare(one, two) === 0;

/**
@param oldRoot - The folder or snapshot to start from; `undefined` for a full stream.
@yields The commands from `subvol` or `snapshot` to `end`. Data of a write are valid until the next command is asked for.
@throws CoppiceError `not-found` where a folder is missing; `conflict` when something changed meanwhile; `interrupted` by the signal.
*/
export async function * diffTrees(oldRoot: string | undefined, newRoot: string, options: DiffOptions = {}): AsyncGenerator<StreamCommand, void, undefined> {
	using tree = new ConfinedTree(newRoot);
	using old = oldRoot === undefined ? undefined : new ConfinedTree(oldRoot);
	const {signal, onLeftOut} = options;
	const scanned = await scanTree(tree, {signal, onLeftOut});
	const scannedOld = old === undefined ? undefined : await scanTree(old, {signal});
	const native = await nativeCalls();
	if (native === undefined) {
		onLeftOut?.('extended attributes: they can\'t be read without the package koffi', '');
	}

	yield identify(options, scannedOld !== undefined);
	const differ = new Differ({
		tree, old, scanned, scannedOld, native, options,
	});
	let count = 0;
	for await (const command of differ.run()) {
		if (signal?.aborted === true) {
			throw new CoppiceError('interrupted', 'Interrupted while the stream was made.');
		}

		yield command;
		if (++count % turnLength === 0) {
			await breathe();
		}
	}

	yield {type: 'end'};
}

const identify = ({name = 'snapshot', uuid = randomUUID(), ctransid = 1, base}: DiffOptions, isIncrement: boolean): StreamCommand => {
	const common = {path: textToBytePath(name), uuid, ctransid};
	return isIncrement
		? {
			type: 'snapshot', ...common, cloneUuid: base?.uuid ?? '00000000-0000-0000-0000-000000000000', cloneCtransid: base?.ctransid ?? 1,
		}
		: {type: 'subvol', ...common};
};

type Sources = {
	readonly tree: ConfinedTree;
	readonly old: ConfinedTree | undefined;
	readonly scanned: ScannedTree;
	readonly scannedOld: ScannedTree | undefined;
	readonly native: NativeCalls | undefined;
	readonly options: DiffOptions;
};

class Differ {
	readonly #sources: Sources;
	readonly #matches: Matches;
	readonly #clones: CloneKind;
	readonly #reader: ContentReader;

	/** What was changed before this was in both trees before they parted. */
	readonly #settledBefore: bigint;

	/** Where items of the new tree wait for their place. */
	readonly #orphans = new Map<Item, BytePath>();

	/** Folders of the new tree in which a name came or went, so that their times have to be set again. */
	readonly #touched = new Set<Item>();

	/** Items of the new tree that have a name in the tree that is built. */
	readonly #placed = new Map<Item, BytePath>();

	constructor(sources: Sources) {
		const {scanned, scannedOld, options} = sources;
		this.#sources = sources;
		this.#clones = options.clones ?? (scannedOld === undefined ? 'copy' : guessCloneKind(scannedOld, scanned));
		this.#matches = scannedOld === undefined
			? {before: new Map(), after: new Map()}
			: matchTrees(scannedOld, scanned, this.#clones);
		this.#reader = new ContentReader(sources.native);
		const newest = scannedOld?.newestChange ?? 0n;
		this.#settledBefore = options.partedAt !== undefined && options.partedAt < newest ? options.partedAt : newest;
	}

	/** Whether a name of the old tree is in the new one for the same inode and folder. */
	#isKept(folder: Item, name: string, item: Item): boolean {
		const folderNow = this.#matches.after.get(folder);
		const itemNow = this.#matches.after.get(item);
		return folderNow !== undefined && itemNow !== undefined && folderNow.entries?.get(name) === itemNow;
	}

	* #takeAway(root: Item): Generator<StreamCommand, void, undefined> {
		const {after} = this.#matches;
		const left = new Map<Item, number>();
		for (const folder of [...foldersFromTop(root)].toReversed()) {
			const folderNow = after.get(folder);
			const folderPath = pathOf(folder);
			for (const [name, item] of folder.entries!) {
				if (this.#isKept(folder, name, item)) {
					continue;
				}

				if (folderNow !== undefined) {
					this.#touched.add(folderNow);
				}

				const path = joinPath(folderPath, name);
				const itemNow = after.get(item);
				const namesLeft = (left.get(item) ?? item.names.length) - 1;
				left.set(item, namesLeft);
				if (itemNow === undefined) {
					yield {type: item.kind === 'folder' ? 'rmdir' : 'unlink', path};
				} else if (namesLeft === 0 || (item.kind === 'folder')) {
					// Its last name: it waits in the root.
					const orphan = this.#orphanName(itemNow);
					this.#orphans.set(itemNow, orphan);
					this.#touched.add(this.#sources.scanned.root);
					this.#touched.add(itemNow);
					yield {type: 'rename', path, pathTo: orphan};
				} else {
					yield {type: 'unlink', path};
				}
			}
		}
	}

	/** A name that neither root has. */
	#orphanName(item: Item): BytePath {
		const {scanned, scannedOld} = this.#sources;
		for (let attempt = 0; ; attempt++) {
			const name = `o${item.ino}-1-${attempt}`;
			if (!(scanned.root.entries!.has(name) || scannedOld?.root.entries!.has(name) === true)) {
				return name;
			}
		}
	}

	* #placeFolders(folders: readonly Item[]): Generator<StreamCommand, void, undefined> {
		for (const folder of folders) {
			const [place] = folder.names;
			const orphan = this.#orphans.get(folder);
			if (place !== undefined && orphan !== undefined) {
				this.#touched.add(place.folder);
				yield {type: 'rename', path: orphan, pathTo: pathOf(folder)};
			} else if (place !== undefined && !this.#matches.before.has(folder)) {
				this.#touched.add(place.folder);
				yield {type: 'mkdir', path: pathOf(folder), ino: Number(folder.ino)};
			}
		}
	}

	* #placeOthers(folders: readonly Item[]): Generator<StreamCommand, void, undefined> {
		for (const folder of folders) {
			const folderPath = pathOf(folder);
			const folderBefore = this.#matches.before.get(folder);
			for (const [name, item] of folder.entries!) {
				if (item.kind === 'folder') {
					continue;
				}

				const before = this.#matches.before.get(item);
				if (before !== undefined && folderBefore?.entries?.get(name) === before) {
					continue;
				}

				this.#touched.add(folder);
				yield this.#placeOne(item, before, joinPath(folderPath, name));
			}
		}
	}

	#placeOne(item: Item, before: Item | undefined, path: BytePath): StreamCommand {
		const there = this.#placed.get(item) ?? this.#keptName(item, before);
		if (there !== undefined) {
			return {type: 'link', path, pathLink: there};
		}

		this.#placed.set(item, path);
		const orphan = this.#orphans.get(item);
		return orphan === undefined ? create(item, path) : {type: 'rename', path: orphan, pathTo: path};
	}

	/** A name that an item has had all the time. */
	#keptName(item: Item, before: Item | undefined): BytePath | undefined {
		const kept = before === undefined
			? undefined
			: item.names.find(({folder, name}) => this.#matches.before.get(folder)?.entries?.get(name) === before);
		return kept === undefined ? undefined : pathOfName(kept);
	}

	async * #update(item: Item): AsyncGenerator<StreamCommand, void, undefined> {
		if (item.kind !== 'file') {
			yield * this.#setMetadata(item, false);
			return;
		}

		const before = this.#matches.before.get(item);
		if (before !== undefined && this.#isUnchanged(before, item)) {
			return;
		}

		const path = pathOf(item);
		let isWritten = false;
		for await (const {offset, data} of this.#content(item, before, path)) {
			isWritten = true;
			yield {
				type: 'write', path, fileOffset: offset, data,
			};
		}

		if (before === undefined ? item.size > 0 : before.size !== item.size) {
			isWritten = true;
			yield {type: 'truncate', path, size: item.size};
		}

		yield * this.#setMetadata(item, isWritten);
	}

	async * #content(item: Item, before: Item | undefined, path: BytePath): AsyncGenerator<Piece, void, undefined> {
		const {tree, old, options} = this.#sources;
		try {
			if (before === undefined || old === undefined) {
				yield * this.#reader.whole(tree.reach(path), item.size);
			} else if (!this.#hasTrustedTimes(before, item)) {
				const oldPath = pathOf(before);
				const ranges = options.changedRanges?.(oldPath, path);
				yield * this.#reader.changed(old.reach(oldPath), tree.reach(path), {base: before.size, file: item.size}, ranges);
			}
		} catch (error) {
			throw isSystemError(error, 'ENOENT', 'ELOOP')
				? new CoppiceError('conflict', `${bytePathToText(path)} went away while the stream was made.`, {hint: 'Make it of a snapshot, or of a folder that nobody writes to.', cause: error})
				: error;
		}
	}

	/**
	Whether nothing at all happened to an inode. No program can set the time of its last change; but a change within the same tick as
	the snapshot may not show, so what changed as late as anything in the old tree is compared.
	*/
	#isUnchanged(before: Item, item: Item): boolean {
		return this.#clones === 'inode' && before.ino === item.ino && before.ctimeNs === item.ctimeNs
			&& before.mtimeNs === item.mtimeNs && before.size === item.size && hasSameOwner(before, item)
			&& item.ctimeNs < this.#settledBefore - granularityOf(item.ctimeNs);
	}

	#hasTrustedTimes(before: Item, item: Item): boolean {
		const {trustTimesBefore} = this.#sources.options;
		return trustTimesBefore !== undefined && before.size === item.size && before.mtimeNs === item.mtimeNs && hasSameOwner(before, item)
			&& item.mtimeNs < trustTimesBefore - granularityOf(item.mtimeNs);
	}

	/**
	Owner, attributes, mode and times, as far as they differ. In this order: a new owner takes rights away, an access list sets the mode.

	@yields A command.
	*/
	* #setMetadata(item: Item, isTouched: boolean): Generator<StreamCommand, void, undefined> {
		const before = this.#matches.before.get(item);
		if (before !== undefined && !isTouched && this.#isUnchanged(before, item)) {
			return;
		}

		const path = pathOf(item);
		const isOwned = before?.uid === item.uid && before.gid === item.gid;
		if (!isOwned) {
			yield {
				type: 'chown', path, uid: item.uid, gid: item.gid,
			};
		}

		// To write to a file, or to give it to somebody else, takes its capabilities and its set-user-id bits away.
		const keepsRights = isOwned && !(isTouched && item.kind === 'file');
		const attributes = [...this.#changeXattrs(item, before, path, keepsRights)];
		yield * attributes;
		const hasMode = before?.mode === item.mode && attributes.length === 0 && (keepsRights || (isOwned && item.mode <= 0o777));
		if (!hasMode && item.kind !== 'link') {
			yield {type: 'chmod', path, mode: item.mode};
		}

		if (isTouched || before?.mtimeNs !== item.mtimeNs) {
			yield {
				type: 'utimes', path, atime: toStreamTime(item.atimeNs), mtime: toStreamTime(item.mtimeNs), ctime: toStreamTime(item.ctimeNs),
			};
		}
	}

	* #changeXattrs(item: Item, before: Item | undefined, path: BytePath, keepsRights: boolean): Generator<StreamCommand, void, undefined> {
		const {tree, old} = this.#sources;
		const now = this.#xattrsOf(tree, path);
		const then = before === undefined || old === undefined ? new Map<BytePath, Buffer>() : this.#xattrsOf(old, pathOf(before));
		for (const name of then.keys()) {
			if (!now.has(name)) {
				yield {type: 'remove_xattr', path, xattrName: name};
			}
		}

		for (const [name, value] of now) {
			if (!sameBytes(value, then.get(name)) || (name === 'security.capability' && !keepsRights)) {
				yield {
					type: 'set_xattr', path, xattrName: name, xattrData: value,
				};
			}
		}
	}

	#xattrsOf(tree: ConfinedTree, path: BytePath): ReadonlyMap<BytePath, Buffer> {
		const {native} = this.#sources;
		const place = native === undefined ? '' : tree.reach(path);
		return new Map(native?.listXattrs(place).toSorted().map(name => [name, native.getXattr(place, name)]));
	}

	async * run(): AsyncGenerator<StreamCommand, void, undefined> {
		const {scanned: {root}, scannedOld} = this.#sources;
		if (scannedOld !== undefined) {
			yield * this.#takeAway(scannedOld.root);
		}

		const folders = [...foldersFromTop(root)];
		yield * this.#placeFolders(folders);
		yield * this.#placeOthers(folders);
		for (const folder of folders) {
			for (const [name, item] of folder.entries!) {
				// Once for an inode: at its first name.
				if (item.kind !== 'folder' && item.names[0]!.folder === folder && item.names[0]!.name === name) {
					yield * this.#update(item);
				}
			}
		}

		for (const folder of folders.toReversed()) {
			yield * this.#setMetadata(folder, this.#touched.has(folder));
		}
	}
}

const hasSameOwner = (before: Item, item: Item): boolean => before.mode === item.mode && before.uid === item.uid && before.gid === item.gid;

const create = (item: Item, path: BytePath): StreamCommand => {
	const ino = Number(item.ino);
	switch (item.kind) {
		case 'link': {
			return {
				type: 'symlink', path, ino, pathLink: item.target!,
			};
		}

		case 'fifo': {
			return {
				type: 'mkfifo', path, ino, rdev: 0, mode: 0o01_0000 | item.mode,
			};
		}

		case 'socket': {
			return {
				type: 'mksock', path, ino, rdev: 0, mode: 0o14_0000 | item.mode,
			};
		}

		case 'file':
		case 'folder':
		case 'device': {
			return {type: 'mkfile', path, ino};
		}
	}
};

/**
All folders, each before those in it.

@yields A folder.
*/
const foldersFromTop = function * (root: Item): Generator<Item, void, undefined> {
	const waiting = [root];
	while (waiting.length > 0) {
		const folder = waiting.pop()!;
		yield folder;
		for (const item of folder.entries!.values()) {
			if (item.kind === 'folder') {
				waiting.push(item);
			}
		}
	}
};
