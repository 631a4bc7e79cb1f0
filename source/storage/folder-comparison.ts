/**
What differs between the live data and the snapshots of a volume, and what space each takes, where both are folders.
*/
import {statSync} from 'node:fs';
import path from 'node:path';
import {
	areTreesDifferent,
	compareTrees,
	measureTree,
	summarizeChanges,
	surveyTrees,
	type TreeRule,
	type TreeUsage,
} from './compare-trees.ts';
import type {DataReference, FileChange, StorageDriver} from './driver.ts';
import {countOnce} from './own-bytes-cache.ts';
import type {FolderEngine} from './folder-engine.ts';
import {ownBytesFile, type VolumeAddress} from './layout.ts';

const dataOf = (folder: string): string => path.join(folder, 'data');

/** When a snapshot was taken or a clone made: see `folder-driver.ts`. */
const stampOf = (folder: string): number => statSync(folder).mtimeMs;

/**
How two folders parted, for the walk.
*/
const ruleOf = (clones: TreeRule['clones'], from: DataReference, to: DataReference, folders: readonly [from: string, to: string]): TreeRule => {
	const [fromStamp, toStamp] = [stampOf(folders[0]), stampOf(folders[1])];
	if ('snapshot' in from && 'snapshot' in to) {
		return {clones, partedAt: Math.min(fromStamp, toStamp)};
	}

	const live = 'branch' in to ? 'to' : 'from';
	if ('branch' in from && 'branch' in to) {
		return {clones, live, partedAt: -Infinity};
	}

	// A copy was new when it was made; so what it was made from, or what was made from it, differs by what changed since the later
	// of the two. A clone that keeps inodes shows any change after its snapshot was taken.
	const snapshotStamp = live === 'to' ? fromStamp : toStamp;
	return {clones, live, partedAt: clones === 'copy' ? Math.max(fromStamp, toStamp) : snapshotStamp};
};

/**
@param resolve - The folder of live data or of a snapshot, which must be there.
*/
export const createFolderComparison = (
	engine: FolderEngine,
	pool: string,
	resolve: (address: VolumeAddress, reference: DataReference) => string,
): Pick<StorageDriver, 'changes' | 'isChanged' | 'survey' | 'usage'> => {
	const compare = async (from: string, to: string, rule: TreeRule): Promise<FileChange[]> => {
		const quick = rule.live === undefined ? await engine.compareSnapshots?.(from, to) : undefined;
		return quick ?? compareTrees(dataOf(from), dataOf(to), rule);
	};

	const countOwnBytes = async (
		data: DataReference,
		totalBytes: number,
		differing: TreeUsage['differing'],
		changes: () => Promise<FileChange[]>,
		{isQuick = false}: {readonly isQuick?: boolean} = {},
	): Promise<number> => {
		if (!engine.traits.sharesBlocks) {
			return totalBytes;
		}

		if (differing.length === 0) {
			return 0;
		}

		// A snapshot shares what it added with the live clone that it was taken of, so what no other clone shares says little.
		if (engine.exclusiveBytes !== undefined && 'branch' in data) {
			return Math.min(totalBytes, await engine.exclusiveBytes(differing, {isQuick}));
		}

		if (isQuick) {
			return Math.min(totalBytes, differing.reduce((sum, file) => sum + file.diskBytes, 0));
		}

		const changed = await changes();
		return Math.min(totalBytes, changed.reduce((sum, {bytes}) => sum + bytes, 0));
	};

	return {
		async changes(address, from, to, options) {
			const folders = [resolve(address, from), resolve(address, to)] as const;
			return summarizeChanges(await compare(...folders, ruleOf(engine.clones, from, to, folders)), options?.limit);
		},

		async isChanged(address, branch, snapshot, options) {
			const [from, to] = [{snapshot}, {branch}];
			const folders = [resolve(address, from), resolve(address, to)] as const;
			return areTreesDifferent(dataOf(folders[0]), dataOf(folders[1]), ruleOf(engine.clones, from, to, folders), options);
		},

		async survey(address, branch, snapshot, options) {
			const [from, to] = [{snapshot}, {branch}];
			const folders = [resolve(address, from), resolve(address, to)] as const;
			const rule = ruleOf(engine.clones, from, to, folders);
			const {changed, totalBytes, differing} = await surveyTrees(dataOf(folders[0]), dataOf(folders[1]), rule, options);
			const count = async (): Promise<number> => countOwnBytes(to, totalBytes, differing, async () => compare(...folders, rule), {isQuick: true});
			const ownBytes = differing.length === 0 ? await count() : await countOnce(ownBytesFile(pool, address), differing, count);
			return {
				changed, totalBytes, ownBytes, sharedBytes: totalBytes - ownBytes,
			};
		},

		async usage(address, data, base) {
			const folder = resolve(address, data);
			if (base === undefined) {
				const {totalBytes} = measureTree(dataOf(folder));
				return {totalBytes, sharedBytes: 0, ownBytes: totalBytes};
			}

			const from = {snapshot: base};
			const baseFolder = resolve(address, from);
			const rule = ruleOf(engine.clones, from, data, [baseFolder, folder]);
			const {totalBytes, differing} = measureTree(dataOf(folder), {root: dataOf(baseFolder), rule});
			const ownBytes = await countOwnBytes(data, totalBytes, differing, async () => compare(baseFolder, folder, rule));
			return {totalBytes, sharedBytes: totalBytes - ownBytes, ownBytes};
		},
	};
};
