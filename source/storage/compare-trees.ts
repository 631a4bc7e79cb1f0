/**
What differs between two folders of which one began as a clone of the other: found by walking both, reading only files that
their inodes can't vouch for.

A file is taken as the same without reading it where every change would have shown:
- `inode` (clones that keep inodes: a btrfs snapshot, a ZFS clone): inode number, size and both times are equal. No program can
  set the time of an inode's change (ctime), so a write shows there.
- `copy` (clones that are new files): size, time of modification, mode and owner are equal, and the live file's inode was not
  changed since the clone was made.

Times have a granularity: a write just after the clone may carry the same time as one just before it. So files whose inode
changed at the moment of parting or later are compared by content. `isChanged` in the drivers relies on this file to be quick;
everything that does no reading is synchronous, which is several times faster for thousands of small calls.
*/
import {
	lstatSync,
	readdirSync,
	readlinkSync,
	type Stats,
} from 'node:fs';
import {isSystemError} from '../system/errors.ts';
import {
	type BytePath,
	bytePathToNode,
	bytePathToText,
	textToBytePath,
} from '../stream/byte-path.ts';
import {areFilesDifferent, differingBytes} from './compare-files.ts';
import type {ChangeSummary, Difference, FileChange} from './driver.ts';

export type TreeRule = {
	/** What a clone keeps of a file. */
	readonly clones: 'inode' | 'copy';

	/** Milliseconds since 1970 when the two parted, or a little before; `-Infinity` where that is not known: more is read then. */
	readonly partedAt: number;

	/** For `copy`: whether `to` (or `from`) is live, so that its inodes tell what changed since; two clones have no such side. */
	readonly live?: 'from' | 'to';
};

/** The kernel stamps files with a clock that ticks every 1 to 10 ms; the rest is for reading our own clock. */
const granularity = 25;

/** Ext3 and the like keep whole seconds only; two for FAT. */
const coarseGranularity = 2000;

/**
How sure the inodes are: certainly the same; only to be told by reading; certainly not the same.
*/
type Verdict = 'same' | 'read' | 'different';

const granularityOf = (time: number): number => time % 1000 === 0 ? coarseGranularity : granularity;

const typeOf = (stats: Stats): number => Math.trunc(stats.mode / 0o1_0000);

const sharesMetadata = (from: Stats, to: Stats): boolean => from.mode === to.mode && from.uid === to.uid && from.gid === to.gid;

const judgeFile = (from: Stats, to: Stats, rule: TreeRule): Verdict => {
	if (!sharesMetadata(from, to) || from.size !== to.size || from.mtimeMs !== to.mtimeMs) {
		return 'different';
	}

	if (rule.clones === 'inode') {
		if (from.ino !== to.ino || from.ctimeMs !== to.ctimeMs) {
			return 'different';
		}

		return to.ctimeMs < rule.partedAt - granularityOf(to.ctimeMs) ? 'same' : 'read';
	}

	if (rule.live === undefined) {
		return to.mtimeMs < rule.partedAt - granularityOf(to.mtimeMs) ? 'same' : 'read';
	}

	const {ctimeMs} = rule.live === 'to' ? to : from;
	if (ctimeMs < rule.partedAt - granularityOf(ctimeMs)) {
		return 'same';
	}

	return Number.isFinite(rule.partedAt) && ctimeMs > rule.partedAt + granularityOf(ctimeMs) ? 'different' : 'read';
};

/** Whether the folder's own inode says that no name in it came or went. */
const haveSameNames = (from: Stats, to: Stats, rule: TreeRule): boolean => judgeFile(from, to, rule) === 'same';

/** Whether something was done to the folder itself, beside names that came and went. */
const isFolderChanged = (from: Stats, to: Stats, rule: TreeRule): boolean =>
	!sharesMetadata(from, to) || (rule.clones === 'inode' && from.mtimeMs === to.mtimeMs && from.ctimeMs !== to.ctimeMs);

const statOf = (path: BytePath): Stats | undefined => lstatSync(bytePathToNode(path), {throwIfNoEntry: false});

const namesIn = (folder: BytePath): BytePath[] => {
	try {
		return readdirSync(bytePathToNode(folder), 'latin1');
	} catch (error) {
		// Live data: it went while we walked.
		if (isSystemError(error, 'ENOENT', 'ENOTDIR')) {
			return [];
		}

		throw error;
	}
};

const readLink = (path: BytePath): string | undefined => {
	try {
		return readlinkSync(bytePathToNode(path), 'latin1');
	} catch (error) {
		if (isSystemError(error, 'ENOENT', 'EINVAL')) {
			return undefined;
		}

		throw error;
	}
};

const hasSameSpecial = (from: Stats, to: Stats, fromPath: BytePath, toPath: BytePath): boolean =>
	to.isSymbolicLink() ? readLink(fromPath) === readLink(toPath) : from.rdev === to.rdev;

/** Paths within a tree begin with `/`, or are empty for its root. */
const nameOf = (path: BytePath): string => path === '' ? '.' : bytePathToText(path.slice(1));

const parentOf = (path: BytePath): BytePath => path.slice(0, path.lastIndexOf('/'));

/**
When a file or folder was changed last. Where it is gone, the folder that it was in tells: of that the names changed.
*/
const changedAt = (root: BytePath, relative: BytePath): number => {
	const stats = statOf(root + relative);
	if (stats !== undefined) {
		return stats.ctimeMs;
	}

	return relative === '' ? Infinity : changedAt(root, parentOf(relative));
};

/**
Whether two folders differ at all. Stops at the first difference that `ignore` does not pass over, and reads files only after every
inode was seen.
*/
export const areTreesDifferent = (
	fromRoot: string,
	toRoot: string,
	rule: TreeRule,
	{ignore}: {readonly ignore?: (difference: Difference) => boolean} = {},
): boolean => {
	const toRead: BytePath[] = [];
	const [from, to] = [textToBytePath(fromRoot), textToBytePath(toRoot)];

	/** Whether a difference counts. */
	const counts = (relative: BytePath): boolean =>
		!ignore?.({path: nameOf(relative), changedAt: changedAt(to, relative)});

	const doesAddedCount = (relative: BytePath, stats: Stats): boolean =>
		counts(relative) || (stats.isDirectory() && namesIn(to + relative).some(name => differ(`${relative}/${name}`)));

	const doesFolderDiffer = (relative: BytePath, fromStats: Stats, toStats: Stats): boolean => {
		if (isFolderChanged(fromStats, toStats, rule) && counts(relative)) {
			return true;
		}

		const names = namesIn(to + relative);
		if (!haveSameNames(fromStats, toStats, rule)) {
			const there = new Set(names);
			if (namesIn(from + relative).some(name => !there.has(name) && counts(`${relative}/${name}`))) {
				return true;
			}
		}

		return names.some(name => differ(`${relative}/${name}`));
	};

	const differ = (relative: BytePath): boolean => {
		const [fromPath, toPath] = [from + relative, to + relative];
		const fromStats = statOf(fromPath);
		const toStats = statOf(toPath);
		if (toStats === undefined) {
			return fromStats !== undefined && counts(relative);
		}

		if (fromStats === undefined) {
			return doesAddedCount(relative, toStats);
		}

		if (typeOf(fromStats) !== typeOf(toStats)) {
			return doesAddedCount(relative, toStats);
		}

		if (toStats.isDirectory()) {
			return doesFolderDiffer(relative, fromStats, toStats);
		}

		if (!toStats.isFile()) {
			return !(sharesMetadata(fromStats, toStats) && hasSameSpecial(fromStats, toStats, fromPath, toPath)) && counts(relative);
		}

		const verdict = judgeFile(fromStats, toStats, rule);
		if (verdict === 'read') {
			toRead.push(relative);
		}

		return verdict === 'different' && counts(relative);
	};

	return differ('') || toRead.some(relative => areFilesDifferentIfThere(from + relative, to + relative) && counts(relative));
};

/** A file that went meanwhile makes a difference too. */
const areFilesDifferentIfThere = (from: BytePath, to: BytePath): boolean => {
	try {
		return areFilesDifferent(from, to);
	} catch (error) {
		if (isSystemError(error, 'ENOENT')) {
			return true;
		}

		throw error;
	}
};

/** Infinite where one of them went meanwhile. */
const differingBytesIfThere = async (from: BytePath, to: BytePath): Promise<number> => {
	try {
		return await differingBytes(from, to);
	} catch (error) {
		if (isSystemError(error, 'ENOENT')) {
			return Infinity;
		}

		throw error;
	}
};

/** Everything below a folder, by path relative to it; the folder itself is `''`. */
type Tree = Map<BytePath, Stats>;

const walk = (root: BytePath): Tree => {
	const tree: Tree = new Map();
	const visit = (relative: BytePath) => {
		const stats = statOf(root + relative);
		if (stats === undefined) {
			return;
		}

		tree.set(relative, stats);
		if (stats.isDirectory()) {
			for (const name of namesIn(root + relative)) {
				visit(`${relative}/${name}`);
			}
		}
	};

	visit('');
	return tree;
};

/**
The bytes of disk that a tree takes; a file with several names counts once.
*/
const diskBytes = (tree: Tree): number => {
	const seen = new Set<number>();
	let total = 0;
	for (const stats of tree.values()) {
		if (stats.nlink > 1 && !stats.isDirectory()) {
			if (seen.has(stats.ino)) {
				continue;
			}

			seen.add(stats.ino);
		}

		total += stats.blocks * 512;
	}

	return total;
};

/** A file or folder of one tree and what it is in the other. Paths begin with `/`, or are `''`. */
type Pair = {
	readonly fromPath: BytePath;
	readonly toPath: BytePath;
	readonly from: Stats;
	readonly to: Stats;
};

type Matched = {
	readonly pairs: readonly Pair[];
	readonly added: ReadonlyArray<readonly [BytePath, Stats]>;
	readonly removed: readonly BytePath[];
};

/**
Whether two inodes with one number are the same one: ZFS gives numbers again. Where the file system keeps no time of birth, Node
gives that of the last change instead, which says nothing.
*/
const isSameInode = (from: Stats, to: Stats): boolean => from.ino === to.ino
	&& (from.birthtimeMs === to.birthtimeMs || (from.birthtimeMs === from.ctimeMs && to.birthtimeMs === to.ctimeMs));

/**
Pairs what is in both trees: what is the same inode, where clones keep these, whatever its path; then what has the same path.
*/
const matchTrees = (fromTree: Tree, toTree: Tree, rule: TreeRule): Matched => {
	const pairs: Pair[] = [];
	const keepsInodes = rule.clones === 'inode';
	const isSame = (from: Stats | undefined, to: Stats): from is Stats =>
		from !== undefined && typeOf(from) === typeOf(to) && (!keepsInodes || isSameInode(from, to));
	const left: Array<readonly [BytePath, Stats]> = [];
	for (const [path, to] of toTree) {
		const from = fromTree.get(path);
		if (isSame(from, to)) {
			pairs.push({
				fromPath: path, toPath: path, from, to,
			});
		} else {
			left.push([path, to]);
		}
	}

	const gone = new Map<BytePath, Stats>();
	const goneByInode = new Map<number, BytePath>();
	for (const [path, from] of fromTree) {
		const to = toTree.get(path);
		if (to !== undefined && isSame(from, to)) {
			continue;
		}

		gone.set(path, from);
		goneByInode.set(from.ino, path);
	}

	const pairWith = (fromPath: BytePath | undefined, toPath: BytePath, to: Stats, isFit: (from: Stats) => boolean): boolean => {
		const from = fromPath === undefined ? undefined : gone.get(fromPath);
		if (fromPath === undefined || from === undefined || typeOf(from) !== typeOf(to) || !isFit(from)) {
			return false;
		}

		gone.delete(fromPath);
		pairs.push({
			fromPath, toPath, from, to,
		});
		return true;
	};

	const unmoved = left.filter(([path, to]) => !(keepsInodes && pairWith(goneByInode.get(to.ino), path, to, from => isSameInode(from, to))));
	const added = unmoved.filter(([path, to]) => !pairWith(path, path, to, () => true));
	return {pairs, added, removed: Array.from(gone, ([path]) => path)};
};

/** Whether it has its name still, and only the folder that it is in moved. */
const isMovedWithFolder = ({fromPath, toPath}: Pair, movedTo: ReadonlyMap<BytePath, BytePath>): boolean => {
	const [fromFolder, toFolder] = [parentOf(fromPath), parentOf(toPath)];
	return movedTo.get(toFolder) === fromFolder && toPath.slice(toFolder.length) === fromPath.slice(fromFolder.length);
};

const compareByPath = (one: FileChange, two: FileChange): number => one.path < two.path ? -1 : Number(one.path > two.path);

/**
Makes a summary of changes, with the files in order of their paths and at most `limit` of them listed.
*/
export const summarizeChanges = (changes: readonly FileChange[], limit = Infinity): ChangeSummary => ({
	files: changes.toSorted(compareByPath).slice(0, limit),
	bytes: changes.reduce((sum, change) => sum + change.bytes, 0),
	fileCount: changes.length,
});

/**
Everything that differs from one folder to the other. Folders count where they came, went, moved or changed owner or mode.
*/
export const compareTrees = async (fromRoot: string, toRoot: string, rule: TreeRule): Promise<FileChange[]> => {
	const [from, to] = [textToBytePath(fromRoot), textToBytePath(toRoot)];
	const {pairs, added, removed} = matchTrees(walk(from), walk(to), rule);
	const changes: FileChange[] = [
		...added.map(([path, stats]): FileChange => ({path: nameOf(path), kind: 'added', bytes: stats.isFile() ? stats.size : 0})),
		...removed.map((path): FileChange => ({path: nameOf(path), kind: 'removed', bytes: 0})),
	];
	const movedTo = new Map(pairs.filter(pair => pair.fromPath !== pair.toPath).map(pair => [pair.toPath, pair.fromPath]));
	for (const pair of pairs) {
		const change = await comparePair(pair, from, to, rule);
		const {fromPath, toPath} = pair;
		if (fromPath !== toPath && !isMovedWithFolder(pair, movedTo)) {
			changes.push({
				path: nameOf(toPath), kind: 'renamed', from: nameOf(fromPath), bytes: change?.bytes ?? 0,
			});
		} else if (change !== undefined) {
			changes.push({path: nameOf(toPath), ...change});
		}
	}

	return changes;
};

/** What changed of a file or folder beside its path. */
const comparePair = async ({
	fromPath, toPath, from, to,
}: Pair, fromRoot: BytePath, toRoot: BytePath, rule: TreeRule): Promise<Pick<FileChange, 'kind' | 'bytes'> | undefined> => {
	const metadata = {kind: 'metadata', bytes: 0} as const;
	if (to.isDirectory()) {
		return isFolderChanged(from, to, rule) ? metadata : undefined;
	}

	if (!to.isFile()) {
		if (!hasSameSpecial(from, to, fromRoot + fromPath, toRoot + toPath)) {
			return {kind: 'modified', bytes: 0};
		}

		return sharesMetadata(from, to) ? undefined : metadata;
	}

	const verdict = judgeFile(from, to, rule);
	if (verdict === 'same') {
		return undefined;
	}

	const bytes = await differingBytesIfThere(fromRoot + fromPath, toRoot + toPath);
	if (bytes > 0 || from.size !== to.size) {
		return {kind: 'modified', bytes: Number.isFinite(bytes) ? bytes : to.size};
	}

	return verdict === 'read' ? undefined : metadata;
};

/** About a millisecond's work. */
const visitsInTurn = 128;

export type TreeSurvey = TreeUsage & {
	/** Whether anything differs that `ignore` does not pass over. */
	readonly changed: boolean;
};

/**
What `areTreesDifferent` and `measureTree` tell, from one walk of the live tree alone. Looks into the base only for what was changed
since the two parted by the clock: if that was set back meanwhile, changes are missed. So it is for showing, not for deciding.

Others have their turn now and then: a database that was asked something answers meanwhile.
*/
export const surveyTrees = async (
	fromRoot: string,
	toRoot: string,
	rule: TreeRule,
	{ignore}: {readonly ignore?: (difference: Difference) => boolean} = {},
): Promise<TreeSurvey> => {
	const [from, to] = [textToBytePath(fromRoot), textToBytePath(toRoot)];
	const tree: Tree = new Map();
	const differing: BytePath[] = [];
	let changed = false;
	const note = (relative: BytePath): void => {
		changed ||= !ignore?.({path: nameOf(relative), changedAt: changedAt(to, relative)});
	};

	const isSettled = (stats: Stats): boolean => rule.clones === 'inode' && stats.ctimeMs < rule.partedAt - granularityOf(stats.ctimeMs);

	const waiting: BytePath[] = [''];
	const visit = (relative: BytePath): void => {
		const stats = statOf(to + relative);
		if (stats === undefined) {
			return;
		}

		tree.set(relative, stats);
		const names = stats.isDirectory() ? namesIn(to + relative) : [];
		for (const name of names) {
			waiting.push(`${relative}/${name}`);
		}

		if (isSettled(stats)) {
			return;
		}

		const base = statOf(from + relative);
		if (base === undefined || typeOf(base) !== typeOf(stats)) {
			note(relative);
			differing.push(relative);
			return;
		}

		if (stats.isDirectory()) {
			const there = new Set(names);
			const gone = namesIn(from + relative).filter(name => !there.has(name));
			for (const name of gone) {
				note(`${relative}/${name}`);
			}
		}

		const pair = {
			fromPath: relative, toPath: relative, from: base, to: stats,
		};
		if (!isPairDifferent(pair, from, to, rule)) {
			return;
		}

		differing.push(relative);
		note(relative);
	};

	for (let count = 1; waiting.length > 0; count++) {
		visit(waiting.pop()!);
		if (count % visitsInTurn === 0) {
			await new Promise(resolve => {
				setImmediate(resolve);
			});
		}
	}

	const files = differing.map(path => ({path, stats: tree.get(path)!})).filter(({stats}) => stats.isFile());
	return {
		changed,
		totalBytes: diskBytes(tree),
		differing: files.map(({path, stats}) => ({
			path: to + path, diskBytes: stats.blocks * 512, mtimeMs: stats.mtimeMs, isNew: false,
		})),
	};
};

const isPairDifferent = ({
	fromPath, toPath, from, to,
}: Pair, fromRoot: BytePath, toRoot: BytePath, rule: TreeRule): boolean => {
	if (to.isDirectory()) {
		return isFolderChanged(from, to, rule);
	}

	if (!to.isFile()) {
		return !(sharesMetadata(from, to) && hasSameSpecial(from, to, fromRoot + fromPath, toRoot + toPath));
	}

	const verdict = judgeFile(from, to, rule);
	return verdict === 'read' ? areFilesDifferentIfThere(fromRoot + fromPath, toRoot + toPath) : verdict === 'different';
};

/**
Files that may hold blocks which the base does not.
*/
const differingFiles = ({pairs, added}: Matched, root: BytePath, rule: TreeRule): TreeUsage['differing'] => {
	const changed = pairs.filter(({from, to}) => to.isFile() && judgeFile(from, to, rule) !== 'same');
	const all = [
		...added.filter(([, stats]) => stats.isFile()).map(([path, stats]) => ({path, stats, isNew: true})),
		...changed.map(({toPath, to}) => ({path: toPath, stats: to, isNew: false})),
	];
	return all.map(({path, stats, isNew}) => ({
		path: root + path, diskBytes: stats.blocks * 512, mtimeMs: stats.mtimeMs, isNew,
	}));
};

export type TreeUsage = {
	/** Bytes of disk that the tree takes. */
	readonly totalBytes: number;

	/** Files that may hold blocks which the base does not: full paths, with the bytes of disk that each takes. */
	readonly differing: ReadonlyArray<{readonly path: BytePath; readonly diskBytes: number; readonly mtimeMs: number; readonly isNew: boolean}>;
};

/**
The disk space of a tree, and which of its files differ from a base. Reads nothing.
*/
export const measureTree = (root: string, base?: {readonly root: string; readonly rule: TreeRule}): TreeUsage => {
	const rootPath = textToBytePath(root);
	const tree = walk(rootPath);
	const totalBytes = diskBytes(tree);
	if (base === undefined) {
		return {totalBytes, differing: []};
	}

	const matched = matchTrees(walk(textToBytePath(base.root)), tree, base.rule);
	return {totalBytes, differing: differingFiles(matched, rootPath, base.rule)};
};
