/**
Carries a checked send stream out on a folder of any file system: an empty one for a full stream, a writable clone of the base for
an increment. Nobody else may have a hand in that folder meanwhile.

What the user may not do here (give files to others, set attributes that only root may) and what the file system can't hold is left out,
counted and told; everything else that fails ends it, and what is there then is worth nothing.
*/
import {
	chmodSync,
	closeSync,
	constants,
	lchownSync,
	linkSync,
	lstatSync,
	lutimesSync,
	mkdirSync,
	openSync,
	renameSync,
	rmdirSync,
	symlinkSync,
	unlinkSync,
	type BigIntStats,
} from 'node:fs';
import {setImmediate as breathe} from 'node:timers/promises';
import {CoppiceError, isSystemError} from '../system/errors.ts';
import {isRoot, runCommand} from '../system/run-command.ts';
import {type BytePath, bytePathToNode, bytePathToText} from './byte-path.ts';
import {
	type CheckOptions,
	checkParts,
	type LeftOut,
	LeftOutList,
	StreamChecker,
	type StreamIdentity,
} from './check-stream.ts';
import {
	commandPath,
	type StreamCommand,
	type StreamPart,
	type StreamTime,
} from './commands.ts';
import {ConfinedTree} from './confined-tree.ts';
import {decodeParts} from './decode-stream.ts';
import {type CloneSource, FileWriter, openRegularFile} from './file-writer.ts';
import type {EntryKind, LookUp} from './name-model.ts';
import {type NativeCalls, nativeCalls} from './native-calls.ts';
import {allItems} from './match-trees.ts';
import {pathOf, scanTree} from './scan-tree.ts';

export type Owner = {readonly uid: number; readonly gid: number};

export type ApplyOptions = Omit<CheckOptions, 'lookUp' | 'maximumVersion'> & {
	/** The base of an increment, as it was: only read, where the stream clones from it. `into` is a clone of it. */
	readonly base?: string;

	/** Whose a file shall be here that is somebody's there: user numbers differ between hosts. */
	readonly mapOwner?: (owner: Owner) => Owner;

	/** Leaves the owner, the mode, the times and the attributes of `into` itself as they are. */
	readonly keepRoot?: boolean;
	readonly signal?: AbortSignal;

	/** Told now and then how many bytes of the stream are done. */
	readonly onProgress?: (bytes: number) => void;

	/** Takes the checksums as right: the stream was checked before. */
	readonly skipsChecksums?: boolean;

	/** Does not wait until everything is on disk: for what is thrown away, or synced later. */
	readonly skipSync?: boolean;
};

export type Applied = {
	readonly identity: StreamIdentity;

	/** Bytes of the stream. */
	readonly bytes: number;

	/** When the root was modified last by the stream, in nanoseconds since 1970, where the stream says so. */
	readonly rootTime: bigint | undefined;

	/** What the stream had and the folder has not. */
	readonly leftOut: readonly LeftOut[];
};

const kindOf = (stats: Pick<BigIntStats, 'isFile' | 'isDirectory' | 'isSymbolicLink'>): EntryKind => {
	if (stats.isFile()) {
		return 'file';
	}

	if (stats.isDirectory()) {
		return 'folder';
	}

	return stats.isSymbolicLink() ? 'link' : 'special';
};

/** What there is in a tree, for the checker. */
export const lookUpIn = (tree: ConfinedTree): LookUp => path => {
	try {
		const stats = lstatSync(bytePathToNode(tree.reach(path)), {throwIfNoEntry: false});
		return stats === undefined ? undefined : kindOf(stats);
	} catch (error) {
		if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG')) {
			return undefined;
		}

		throw error;
	}
};

/** How many commands are carried out before others have their turn. */
const turnLength = 256;

/**
@param source - One stream; it is checked as it comes.
@param into - A folder of nobody else's.
@returns When everything is on disk.
@throws CoppiceError `failed` with the place in the stream for what the checker refuses and for what can't be done; `interrupted` by the signal.
*/
export const applyStream = async (source: AsyncIterable<Uint8Array>, into: string, options: ApplyOptions = {}): Promise<Applied> => {
	const {base, signal, onProgress, skipSync = false, skipsChecksums = false, keepRoot: _1, mapOwner: _2, ...checks} = options;
	using tree = new ConfinedTree(into);
	using baseTree = base === undefined ? undefined : new ConfinedTree(base);
	const checker = new StreamChecker({...checks, ...(baseTree !== undefined && {lookUp: lookUpIn(baseTree)})});
	const applier = new Applier(tree, baseTree, await nativeCalls(), options);
	let bytes = 0;
	let count = 0;
	try {
		for await (const part of checkParts(decodeParts(source, {skipsChecksums}), checker)) {
			await applier.apply(part);
			bytes = part.offset + part.size;
			if (signal?.aborted === true) {
				throw new CoppiceError('interrupted', 'Interrupted while the stream was applied.');
			}

			if (++count % turnLength !== 0) {
				continue;
			}

			onProgress?.(bytes);
			await breathe();
		}

		await applier.finish();
	} finally {
		applier.abandon();
	}

	onProgress?.(bytes);
	if (!skipSync) {
		await runCommand(['sync', '--file-system', into]);
	}

	return {
		identity: checker.identity!, bytes, rootTime: applier.rootTime, leftOut: [...checker.leftOut, ...applier.leftOut],
	};
};

const toNanoseconds = ({seconds, nanoseconds}: StreamTime): bigint => (BigInt(seconds) * 1_000_000_000n) + BigInt(nanoseconds);

const ownerBits = 0o700;

class Applier {
	readonly #tree: ConfinedTree;
	readonly #base: ConfinedTree | undefined;
	readonly #native: NativeCalls | undefined;
	readonly #options: ApplyOptions;
	readonly #writer: FileWriter;
	readonly #leftOut = new LeftOutList();
	readonly #isRoot = isRoot();
	#identity: StreamIdentity | undefined;
	#rootTime: bigint | undefined;

	/** Modes that folders get at the end, by inode: who is not root can't write to a folder that is read-only. */
	readonly #folderModes = new Map<bigint, number>();

	constructor(tree: ConfinedTree, base: ConfinedTree | undefined, native: NativeCalls | undefined, options: ApplyOptions) {
		this.#tree = tree;
		this.#base = base;
		this.#native = native;
		this.#options = options;
		this.#writer = new FileWriter(native, (path, flags) => this.#openForWriting(path, flags));
	}

	async #carryOut(command: StreamPart['command']): Promise<void> {
		switch (command.type) {
			case 'write': {
				await this.#writer.write(command.path, command.fileOffset, command.data);
				return;
			}

			case 'truncate': {
				await this.#writer.truncate(command.path, command.size);
				return;
			}

			case 'clone': {
				await this.#writer.clone(command.path, command.fileOffset, async () => this.#openCloneSource(command));
				return;
			}

			case 'subvol':
			case 'snapshot': {
				this.#identity = {
					name: command.path, uuid: command.uuid, ctransid: command.ctransid, base: command.type === 'snapshot' ? {uuid: command.cloneUuid, ctransid: command.cloneCtransid} : undefined,
				};
				return;
			}

			case 'header': {
				return;
			}

			default: {
				await this.#writer.finish();
				if (command.type === 'utimes' && command.path === '') {
					this.#rootTime = toNanoseconds(command.mtime);
				}

				if (!(this.#options.keepRoot === true && commandPath(command) === '')) {
					this.#changeTree(command);
				}
			}
		}
	}

	#changeTree(command: Exclude<StreamCommand, {type: 'write' | 'truncate' | 'clone' | 'subvol' | 'snapshot'}>): void {
		switch (command.type) {
			case 'mkfile':
			case 'mkdir':
			case 'mkfifo':
			case 'mksock':
			case 'symlink': {
				this.#make(command);
				break;
			}

			case 'rename': {
				this.#rename(command.path, command.pathTo);
				break;
			}

			case 'link': {
				const existing = this.#pin(command.pathLink);
				try {
					const place = this.#placeToChange(command.path);
					linkSync(bytePathToNode(existing.place), bytePathToNode(place));
				} finally {
					existing.unpin();
				}

				break;
			}

			case 'unlink': {
				unlinkSync(bytePathToNode(this.#placeToChange(command.path)));
				break;
			}

			case 'rmdir': {
				this.#tree.forget(command.path);
				rmdirSync(bytePathToNode(this.#placeToChange(command.path)));
				break;
			}

			case 'set_xattr':
			case 'remove_xattr': {
				this.#changeXattr(command);
				break;
			}

			case 'chmod': {
				this.#changeMode(command.path, command.mode);
				break;
			}

			case 'chown': {
				this.#changeOwner(command.path, command);
				break;
			}

			case 'utimes': {
				this.#setTimes(command.path, toNanoseconds(command.atime), toNanoseconds(command.mtime));
				break;
			}

			case 'end': {
				break;
			}

			default: {
				throw new TypeError(`The checker lets no ${command.type} pass`);
			}
		}
	}

	#make(command: Extract<StreamCommand, {type: 'mkfile' | 'mkdir' | 'mkfifo' | 'mksock' | 'symlink'}>): void {
		const place = this.#placeToChange(command.path);
		switch (command.type) {
			case 'mkfile': {
				const descriptor = openSync(bytePathToNode(place), constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
				this.#dropInherited(place);
				this.#writer.begin(command.path, descriptor);
				break;
			}

			case 'mkdir': {
				mkdirSync(bytePathToNode(place), 0o700);
				this.#dropInherited(place);
				break;
			}

			case 'mkfifo':
			case 'mksock': {
				this.#makeSpecial(place, command);
				break;
			}

			case 'symlink': {
				symlinkSync(bytePathToNode(command.pathLink), bytePathToNode(place));
				break;
			}
		}
	}

	/** A place that stays valid while another path is reached. */
	#pin(path: BytePath): {readonly place: BytePath; unpin(): void} {
		const at = path.lastIndexOf('/');
		if (at === -1) {
			return {place: this.#tree.reach(path), unpin() {}};
		}

		const parent = this.#tree.reach(path.slice(0, at));
		const folder = openSync(bytePathToNode(parent), constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
		return {
			place: `/proc/self/fd/${folder}/${path.slice(at + 1)}`,
			unpin() {
				closeSync(folder);
			},
		};
	}

	/** A name in a folder that is about to come or go, so the folder must be writable. */
	#placeToChange(path: BytePath): BytePath {
		if (!this.#isRoot) {
			this.#openUp(path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '');
		}

		return this.#tree.reach(path);
	}

	/** Makes a folder writable until the end. */
	#openUp(folder: BytePath): void {
		const place = this.#tree.reach(folder);
		const stats = lstatSync(bytePathToNode(place), {bigint: true});
		const mode = Number(stats.mode & 0o7777n);
		if ((mode & ownerBits) === ownerBits) {
			return;
		}

		this.#folderModes.set(stats.ino, mode);
		chmodSync(bytePathToNode(place), mode | ownerBits);
	}

	#openForWriting(path: BytePath, flags: number): number {
		const place = this.#tree.reach(path);
		try {
			return openRegularFile(place, flags);
		} catch (error) {
			if (!isSystemError(error, 'EACCES')) {
				throw error;
			}

			// Its own file, which it may not write to: for the moment of opening it may.
			const mode = Number(lstatSync(bytePathToNode(place), {bigint: true}).mode & 0o7777n);
			chmodSync(bytePathToNode(place), mode | 0o600);
			try {
				return openRegularFile(place, flags);
			} finally {
				chmodSync(bytePathToNode(place), mode);
			}
		}
	}

	/** A new file has no access list but its own, whatever the folder says that new files shall have. */
	#dropInherited(place: BytePath): void {
		for (const name of this.#native?.listXattrs(place) ?? []) {
			if (name.startsWith('system.posix_acl_')) {
				this.#native?.removeXattr(place, name);
			}
		}
	}

	#makeSpecial(place: BytePath, {type, path}: {readonly type: 'mkfifo' | 'mksock'; readonly path: BytePath}): void {
		if (this.#native === undefined) {
			throw new CoppiceError('precondition', `${bytePathToText(path)} is a ${type === 'mkfifo' ? 'fifo' : 'socket'}, which can't be made without the package koffi.`, {
				hint: 'Install Coppice with its optional packages: `npm install koffi`.',
			});
		}

		this.#native.makeNode(place, (type === 'mkfifo' ? 0o01_0000 : 0o14_0000) | 0o600);
	}

	#rename(from: BytePath, to: BytePath): void {
		this.#tree.forget(from);
		if (!this.#isRoot) {
			this.#openUpToMove(from);
		}

		this.#placeToChange(from);
		const source = this.#pin(from);
		try {
			const place = this.#placeToChange(to);
			renameSync(bytePathToNode(source.place), bytePathToNode(place));
		} finally {
			source.unpin();
		}
	}

	/** To be moved, a folder has to be writable itself: its `..` is written. */
	#openUpToMove(path: BytePath): void {
		if (lstatSync(bytePathToNode(this.#tree.reach(path))).isDirectory()) {
			this.#openUp(path);
		}
	}

	#changeMode(path: BytePath, mode: number): void {
		const place = this.#tree.reach(path);
		const stats = lstatSync(bytePathToNode(place), {bigint: true});
		if (stats.isSymbolicLink()) {
			throw new Error('A symbolic link has no mode');
		}

		if (!this.#isRoot && stats.isDirectory()) {
			this.#folderModes.delete(stats.ino);
			if ((mode & ownerBits) !== ownerBits) {
				this.#folderModes.set(stats.ino, mode);
				chmodSync(bytePathToNode(place), mode | ownerBits);
				return;
			}
		}

		chmodSync(bytePathToNode(place), mode);
	}

	#changeOwner(path: BytePath, {uid, gid}: Owner): void {
		const owner = this.#options.mapOwner?.({uid, gid}) ?? {uid, gid};
		const place = this.#tree.reach(path);
		try {
			lchownSync(bytePathToNode(place), owner.uid, owner.gid);
		} catch (error) {
			if (!isSystemError(error, 'EPERM', 'EINVAL')) {
				throw error;
			}

			this.#leftOut.add('owners that can\'t be set here: only root can give files to others', path);
		}
	}

	#changeXattr(command: Extract<StreamCommand, {type: 'set_xattr' | 'remove_xattr'}>): void {
		const {path, xattrName: name} = command;
		if (this.#native === undefined) {
			this.#leftOut.add('extended attributes: they need the package koffi', path);
			return;
		}

		const place = this.#tree.reach(path);
		try {
			if (command.type === 'set_xattr') {
				this.#native.setXattr(place, name, command.xattrData);
			} else {
				this.#native.removeXattr(place, name);
			}
		} catch (error) {
			if (command.type === 'remove_xattr' && isSystemError(error, 'ENODATA')) {
				return;
			}

			if (isSystemError(error, 'EACCES') && !this.#isRoot && command.type === 'set_xattr') {
				this.#setXattrOfReadOnly(place, name, command.xattrData);
				return;
			}

			if (!isSystemError(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSPC', 'E2BIG', 'ERANGE') || isFullDisk(error, command)) {
				throw error;
			}

			this.#leftOut.add('extended attributes that can\'t be held or set here', path);
		}
	}

	#setXattrOfReadOnly(place: BytePath, name: BytePath, value: Uint8Array): void {
		const mode = Number(lstatSync(bytePathToNode(place), {bigint: true}).mode & 0o7777n);
		chmodSync(bytePathToNode(place), mode | 0o200);
		try {
			this.#native?.setXattr(place, name, value);
		} finally {
			chmodSync(bytePathToNode(place), mode);
		}
	}

	#setTimes(path: BytePath, atime: bigint, mtime: bigint, triesLeft = 3): void {
		const place = this.#tree.reach(path);
		try {
			if (this.#native === undefined) {
				// A number of JavaScript holds a time of today to a quarter of a microsecond.
				lutimesSync(bytePathToNode(place), Number(atime) / 1e9, Number(mtime) / 1e9);
			} else {
				this.#native.setTimes(place, atime, mtime);
			}
		} catch (error) {
			if (!isSystemError(error, 'EOVERFLOW', 'EINVAL', 'ERANGE')) {
				throw error;
			}

			// Zfs-fuse says so now and then of a time that it does hold.
			if (triesLeft > 0) {
				this.#setTimes(path, atime, mtime, triesLeft - 1);
				return;
			}

			this.#leftOut.add('times that the file system can\'t hold', path);
			return;
		}

		if (this.#native === undefined && mtime % 1000n !== 0n) {
			this.#leftOut.add('nanoseconds of times: they need the package koffi', path);
		}
	}

	async #openCloneSource({cloneUuid, clonePath, cloneOffset, cloneLength}: Extract<StreamCommand, {type: 'clone'}>): Promise<CloneSource> {
		const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
		const isOwn = cloneUuid === this.#identity?.uuid;
		if (!isOwn && this.#base === undefined) {
			throw new CoppiceError('precondition', 'The stream clones from its base, which was not named.', {hint: 'Name the base of the increment.'});
		}

		const tree = isOwn ? this.#tree : this.#base!;
		return {descriptor: openRegularFile(tree.reach(clonePath), flags), offset: cloneOffset, length: cloneLength};
	}

	get rootTime(): bigint | undefined {
		return this.#rootTime;
	}

	get leftOut(): readonly LeftOut[] {
		return this.#leftOut.list();
	}

	/** Carries out one command. */
	async apply(part: StreamPart): Promise<void> {
		const {command} = part;
		try {
			await this.#carryOut(command);
		} catch (error) {
			if (error instanceof CoppiceError) {
				throw error;
			}

			const about = commandPath(command);
			const path = about === undefined ? '' : ` ${JSON.stringify(bytePathToText(about))}`;
			const reason = error instanceof Error ? error.message.replace(/, \w+ '.*/v, '') : String(error);
			throw new CoppiceError('failed', `The send stream can't be applied at byte ${part.offset} (${command.type}${path}): ${reason}.`, {
				hint: isSystemError(error, 'ENOSPC', 'EDQUOT') ? 'Make room, then try again.' : 'Check that it is based on what it is applied to.',
				cause: error,
			});
		}
	}

	/** To be called after the last command. */
	async finish(): Promise<void> {
		await this.#writer.finish();
		if (this.#folderModes.size === 0) {
			return;
		}

		// Whatever the stream did with them since: the deepest first, for who closes a folder can't enter it.
		const {root} = await scanTree(this.#tree);
		const folders = [...allItems(root)].filter(({kind, ino}) => kind === 'folder' && this.#folderModes.has(ino));
		for (const item of folders.toReversed()) {
			const place = this.#tree.reach(pathOf(item));
			chmodSync(bytePathToNode(place), this.#folderModes.get(item.ino)!);
		}
	}

	abandon(): void {
		this.#writer.abandon();
	}
}

/** Ext4 says the same of a full disk and of an attribute that is too large for it: one block. */
const isFullDisk = (error: unknown, command: StreamCommand): boolean =>
	isSystemError(error, 'ENOSPC') && command.type === 'set_xattr' && command.xattrData.length < 2000;
