/**
One hash of everything in a folder that a copy must keep: names, kinds, modes, owners, times of modification to the nanosecond, targets
of links, which names are one file, and content. Two trees with one hash are the same to any program that runs on them.

Left out: what a copy can't keep or need not (inode numbers, times of access and of the inode's change, sizes of folders, how many
blocks a file has).
*/
import {Buffer} from 'node:buffer';
import {createHash, type Hash} from 'node:crypto';
import {
	closeSync,
	lstatSync,
	openSync,
	readdirSync,
	readlinkSync,
	readSync,
	type BigIntStats,
} from 'node:fs';
import {open} from 'node:fs/promises';
import {setImmediate as breathe} from 'node:timers/promises';
import {CoppiceError} from '../system/errors.ts';
import {
	type BytePath,
	bytePathToNode,
	bytePathToText,
	textToBytePath,
} from '../stream/byte-path.ts';

export type TreeHash = {
	/** SHA-256 of what a copy keeps. */
	readonly hash: string;

	/**
	SHA-256 of the inodes: changes with every write to the tree, even one that puts back what was there, for no program can set the
	time of an inode's change. Says nothing of another tree.
	*/
	readonly fingerprint: string;

	/** Sizes of all files. */
	readonly bytes: number;
	readonly entries: number;
};

export type TreeHashOptions = {
	readonly signal?: AbortSignal | undefined;

	/** Called for each entry with what goes into the hash. */
	readonly onEntry?: (path: BytePath, line: string) => void;

	/** Called with the bytes read since the last call. */
	readonly onRead?: (bytes: number) => void;
};

/** Up to this size reading at once is quicker than asking for it; more is read without holding everything else up. */
const smallFile = 256 * 1024;
const chunkSize = 2 ** 20;

/** How many small entries are looked at before others get their turn. */
const turnLength = 64;

const kindOf = (stats: BigIntStats): string => {
	if (stats.isFile()) {
		return 'file';
	}

	if (stats.isDirectory()) {
		return 'folder';
	}

	return stats.isSymbolicLink() ? 'link' : `special ${stats.mode / 0o1_0000n} ${stats.rdev}`;
};

const readSmall = (file: BytePath): Buffer => {
	const descriptor = openSync(bytePathToNode(file), 'r');
	try {
		const parts: Buffer[] = [];
		for (;;) {
			const part = Buffer.allocUnsafe(smallFile);
			const length = readSync(descriptor, part);
			if (length === 0) {
				return Buffer.concat(parts);
			}

			parts.push(part.subarray(0, length));
		}
	} finally {
		closeSync(descriptor);
	}
};

const hashLarge = async (file: BytePath, hash: Hash, {signal, onRead}: TreeHashOptions): Promise<void> => {
	const handle = await open(bytePathToNode(file), 'r');
	try {
		const chunk = Buffer.allocUnsafe(chunkSize);
		for (;;) {
			checkSignal(signal);
			const {bytesRead} = await handle.read(chunk, 0, chunkSize);
			if (bytesRead === 0) {
				return;
			}

			hash.update(chunk.subarray(0, bytesRead));
			onRead?.(bytesRead);
		}
	} finally {
		await handle.close();
	}
};

const checkSignal = (signal: AbortSignal | undefined): void => {
	if (signal?.aborted === true) {
		throw new CoppiceError('interrupted', 'Interrupted while the data were read.');
	}
};

const hashContent = async (file: BytePath, stats: BigIntStats, options: TreeHashOptions): Promise<string> => {
	const hash = createHash('sha256');
	if (stats.size <= smallFile) {
		hash.update(readSmall(file));
		options.onRead?.(Number(stats.size));
	} else {
		await hashLarge(file, hash, options);
	}

	return hash.digest('hex');
};

/** Names in the order of their bytes, the same on every host. */
const namesIn = (folder: BytePath): BytePath[] =>
	readdirSync(bytePathToNode(folder), {encoding: 'buffer'}).map(name => name.toString('latin1')).toSorted();

const inode = (stats: BigIntStats): string => `${stats.ino} ${stats.size} ${stats.mode} ${stats.mtimeNs} ${stats.ctimeNs}`;

/**
Walks a tree in the order of its names, folders before what is in them.

@yields Each entry, the root among them (with an empty path).
*/
export const walkTree = async function * (root: BytePath): AsyncGenerator<{path: BytePath; full: BytePath; stats: BigIntStats}> {
	const left: BytePath[] = [''];
	let turn = 0;
	while (left.length > 0) {
		const path = left.pop()!;
		const full = path === '' ? root : `${root}/${path}`;
		const stats = lstatSync(bytePathToNode(full), {bigint: true});
		yield {path, full, stats};
		if (stats.isDirectory()) {
			left.push(...namesIn(full).toReversed().map(name => path === '' ? name : `${path}/${name}`));
		}

		if (++turn % turnLength === 0) {
			await breathe();
		}
	}
};

/**
Hashes a tree with its content.

@throws CoppiceError `interrupted` by the signal; the failure of the system call where something can't be read.
*/
export const hashTree = async (root: string, options: TreeHashOptions = {}): Promise<TreeHash> => {
	const hash = createHash('sha256');
	const inodes = createHash('sha256');
	const firstNames = new Map<string, BytePath>();
	let bytes = 0;
	let entries = 0;
	for await (const {path, full, stats} of walkTree(textToBytePath(root))) {
		checkSignal(options.signal);
		entries++;
		const parts = [kindOf(stats), (stats.mode % 0o1_0000n).toString(8), `${stats.uid}:${stats.gid}`, String(stats.mtimeNs)];
		const key = `${stats.dev}:${stats.ino}`;
		const firstName = stats.isDirectory() || stats.nlink === 1n ? undefined : firstNames.get(key);
		if (firstName !== undefined) {
			parts.push(`same as ${JSON.stringify(firstName)}`);
		} else if (stats.isFile()) {
			firstNames.set(key, path);
			bytes += Number(stats.size);
			parts.push(String(stats.size), await hashContent(full, stats, options));
		} else if (stats.isSymbolicLink()) {
			firstNames.set(key, path);
			const target = readlinkSync(bytePathToNode(full), {encoding: 'buffer'});
			parts.push(JSON.stringify(target.toString('latin1')));
		}

		const line = parts.join(' ');
		hash.update(`${JSON.stringify(path)} ${line}\n`);
		inodes.update(`${JSON.stringify(path)} ${inode(stats)}\n`);
		options.onEntry?.(path, line);
	}

	return {
		hash: hash.digest('hex'), fingerprint: inodes.digest('hex'), bytes, entries,
	};
};

/**
The fingerprint alone: reads no content, so it is quick.
*/
export const fingerprintTree = async (root: string): Promise<string> => {
	const inodes = createHash('sha256');
	for await (const {path, stats} of walkTree(textToBytePath(root))) {
		inodes.update(`${JSON.stringify(path)} ${inode(stats)}\n`);
	}

	return inodes.digest('hex');
};

/**
The first path at which two trees differ, for people, or `undefined` where they don't. Slow and hungry: only to explain a hash that is not
what it should be.
*/
export const firstDifference = async (left: string, right: string): Promise<string | undefined> => {
	const lines = new Map<BytePath, string>();
	await hashTree(left, {
		onEntry(path, line) {
			lines.set(path, line);
		},
	});
	let found: BytePath | undefined;
	await hashTree(right, {
		onEntry(path, line) {
			if (lines.get(path) !== line) {
				found ??= path;
			}

			lines.delete(path);
		},
	});
	const path = found ?? lines.keys().next().value;
	return path === undefined ? undefined : (path === '' ? '.' : bytePathToText(path));
};
