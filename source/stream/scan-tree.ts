/**
Reads the names and inodes of a whole tree into memory: about 500 bytes for each file. No content is read.
*/
import {
	lstatSync,
	readdirSync,
	readlinkSync,
	type BigIntStats,
} from 'node:fs';
import {setImmediate as breathe} from 'node:timers/promises';
import {CoppiceError} from '../system/errors.ts';
import {type BytePath, bytePathToNode} from './byte-path.ts';
import {type ConfinedTree} from './confined-tree.ts';

export type ItemKind = 'file' | 'folder' | 'link' | 'fifo' | 'socket' | 'device';

/** A name in a folder. */
export type Name = {
	readonly folder: Item;
	readonly name: string;
};

/** One inode of a tree, with all its names. */
export type Item = {
	readonly kind: ItemKind;
	readonly ino: bigint;
	readonly birthNs: bigint;
	readonly mode: number;
	readonly uid: number;
	readonly gid: number;
	readonly size: number;

	/** Bytes that it takes on disk, as far as the file system knows. */
	readonly diskBytes: number;
	readonly atimeNs: bigint;
	readonly mtimeNs: bigint;
	readonly ctimeNs: bigint;

	/** What a symbolic link holds. */
	readonly target: BytePath | undefined;

	/** Empty for the root. */
	readonly names: Name[];

	/** What is in a folder, in the order of the names' bytes. */
	readonly entries: ReadonlyMap<string, Item> | undefined;
};

export type ScannedTree = {
	readonly root: Item;

	/** The latest change of any inode, in nanoseconds since 1970. */
	readonly newestChange: bigint;
	readonly count: number;
};

export type ScanOptions = {
	readonly signal?: AbortSignal;

	/** Told of what can't be in a stream. */
	readonly onLeftOut?: (what: string, path: BytePath) => void;
};

/** How many entries are looked at before others have their turn. */
const turnLength = 256;

const kindOf = (stats: BigIntStats): ItemKind => {
	if (stats.isFile()) {
		return 'file';
	}

	if (stats.isDirectory()) {
		return 'folder';
	}

	if (stats.isSymbolicLink()) {
		return 'link';
	}

	if (stats.isFIFO()) {
		return 'fifo';
	}

	return stats.isSocket() ? 'socket' : 'device';
};

export const joinPath = (folder: BytePath, name: string): BytePath => folder === '' ? name : `${folder}/${name}`;

/** A path of an item: that of its first name. */
export const pathOf = (item: Item): BytePath => {
	const parts: string[] = [];
	for (let name = item.names[0]; name !== undefined; name = name.folder.names[0]) {
		parts.push(name.name);
	}

	return parts.toReversed().join('/');
};

export const pathOfName = ({folder, name}: Name): BytePath => joinPath(pathOf(folder), name);

/**
@throws CoppiceError `interrupted` by the signal; the failure of the system call where something can't be read.
*/
export const scanTree = async (tree: ConfinedTree, {signal, onLeftOut}: ScanOptions = {}): Promise<ScannedTree> => {
	const shared = new Map<string, Item>();
	let newestChange = 0n;
	let count = 0;
	const look = (path: BytePath): BigIntStats => lstatSync(bytePathToNode(tree.reach(path)), {bigint: true});
	const describe = (path: BytePath, stats: BigIntStats): Item => {
		const kind = kindOf(stats);
		if (stats.ctimeNs > newestChange) {
			newestChange = stats.ctimeNs;
		}

		return {
			kind,
			ino: stats.ino,
			birthNs: stats.birthtimeNs,
			mode: Number(stats.mode & 0o7777n),
			uid: Number(stats.uid),
			gid: Number(stats.gid),
			size: Number(stats.size),
			diskBytes: Number(stats.blocks) * 512,
			atimeNs: stats.atimeNs,
			mtimeNs: stats.mtimeNs,
			ctimeNs: stats.ctimeNs,
			target: kind === 'link' ? readlinkSync(bytePathToNode(tree.reach(path)), 'latin1') : undefined,
			names: [],
			entries: kind === 'folder' ? new Map<string, Item>() : undefined,
		};
	};

	const rootStats = look('');
	const root = describe('', rootStats);
	const waiting: Array<readonly [BytePath, Item]> = [['', root]];
	const enter = (path: BytePath, folder: Item, name: string): void => {
		const full = joinPath(path, name);
		const stats = look(full);
		// Only of folders: overlayfs has files of one tree on several devices.
		if (stats.isDirectory() && stats.dev !== rootStats.dev) {
			onLeftOut?.('other file systems', full);
			return;
		}

		const identity = `${stats.dev}:${stats.ino}`;
		let item = stats.nlink > 1n && !stats.isDirectory() ? shared.get(identity) : undefined;
		if (item === undefined) {
			item = describe(full, stats);
			if (item.kind === 'device') {
				onLeftOut?.('device nodes', full);
				return;
			}

			if (stats.nlink > 1n && item.kind !== 'folder') {
				shared.set(identity, item);
			}
		}

		item.names.push({folder, name});
		(folder.entries as Map<string, Item>).set(name, item);
		if (item.kind === 'folder') {
			waiting.push([full, item]);
		}
	};

	while (waiting.length > 0) {
		const [path, folder] = waiting.pop()!;
		const names = readdirSync(bytePathToNode(path === '' ? tree.reach('') : tree.reach(`${path}/.`)), 'latin1').toSorted();
		for (const name of names) {
			enter(path, folder, name);
			if (++count % turnLength !== 0) {
				continue;
			}

			if (signal?.aborted === true) {
				throw new CoppiceError('interrupted', 'Interrupted while the tree was read.');
			}

			await breathe();
		}
	}

	return {root, newestChange, count};
};
