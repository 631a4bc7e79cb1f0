/**
What the btrfs and the directory driver have in common: a branch, a staged clone or a snapshot is a folder that holds `data/`,
and it becomes another of these by being renamed. How a folder is made, cloned, sealed and destroyed is the engine's.

What a name in the volume's folders says:
- `branches/NAME`, `branches/.staged-NAME`, `snapshots/ID`, `snapshots/.trash-ID`: whole.
- `.making-…`: being made; `.doomed-…`: being destroyed. Nobody needs these after a crash.

The time of modification of such a folder (not of `data/`) is a stamp: when the snapshot was taken, or the clone was made. See
`compare-trees.ts` for what it is good for.
*/
import {
	existsSync, statfsSync, statSync, utimesSync,
} from 'node:fs';
import {
	chmod, mkdir, rename, rm, statfs,
} from 'node:fs/promises';
import path from 'node:path';
import {randomBytes} from 'node:crypto';
import {listIfThere, syncFolder} from '../system/durable-file.ts';
import {CoppiceError} from '../system/errors.ts';
import {failpoint} from '../system/failpoint.ts';
import {componentToName, isSnapshotId} from '../system/names.ts';
import {areTreesDifferent, compareTrees, measureTree, summarizeChanges, type TreeRule, type TreeUsage} from './compare-trees.ts';
import type {
	DataReference, DriverName, DriverTraits, FileChange, Room, SnapshotRequest, StorageDriver, Usage, VolumeContents,
} from './driver.ts';
import {
	branchesFolder, branchFolder, snapshotFolder, snapshotsFolder, stagedFolder, trashedFolder, volumeFolder, type VolumeAddress,
} from './layout.ts';
import {makeFolder} from './make-folder.ts';
import {branchExists, branchNotFound, explainNoSpace, snapshotNotFound} from './storage-errors.ts';

/**
How folders are made and unmade. Every path given is absolute; parents are there.
*/
export type FolderEngine = {
	readonly name: DriverName;
	readonly traits: DriverTraits;

	/** What a clone keeps of its files. */
	readonly clones: TreeRule['clones'];

	/** Makes an empty writable folder. */
	create(folder: string): Promise<void>;

	/** Makes `to` a read-only copy of the live folder `from`, stamped with the time it was taken: whole, lasting, or not there. */
	takeSnapshot(from: string, to: string): Promise<void>;

	/** Makes `to` a writable copy of the snapshot `from`: whole, lasting, or not there. */
	makeClone(from: string, to: string): Promise<void>;

	/** Makes a folder read-only, and makes that and its name last. */
	seal(folder: string): Promise<void>;
	isSealed(folder: string): boolean;

	/** Removes folders with all they hold, sealed or not. */
	destroy(folders: readonly string[]): Promise<void>;

	/** Called after data were destroyed by `emptyTrash` or `removeVolume`, to give space back. */
	giveBack?(): Promise<void>;

	/** Done before writers are frozen, for what `takeSnapshot` will be asked. */
	prepareSnapshots?(pairs: ReadonlyArray<readonly [from: string, to: string]>): Promise<void>;

	/** Space of the pool; that of the file system unless told. */
	room?(): Promise<Room>;

	/** Makes room after a failure for want of it. Says whether it is worth trying again. */
	makeRoom?(): Promise<boolean>;

	/** A quick way to tell what differs between two snapshots; `undefined` where there is none. Paths are of the folders. */
	compareSnapshots?(from: string, to: string): Promise<FileChange[] | undefined>;

	/** Of files that differ from the base, the bytes of disk that no other clone shares. Unless told, counted by comparing content. */
	exclusiveBytes?(files: TreeUsage['differing']): Promise<number>;
};

const makingPrefix = '.making-';
const doomedPrefix = '.doomed-';
const stagedPrefix = '.staged-';
const trashPrefix = '.trash-';

const dataOf = (folder: string): string => path.join(folder, 'data');

/** Stamps a folder with the time now, or a little before it. */
export const stampFolder = (folder: string): void => {
	const now = new Date();
	utimesSync(folder, now, now);
};

const stampOf = (folder: string): number => statSync(folder).mtimeMs;

/** A name beside `folder` for what is being made or destroyed. */
const besides = (folder: string, prefix: string): string =>
	path.join(path.dirname(folder), `${prefix}${path.basename(folder).replace(/^\.(?:staged|trash|making)-/v, '')}-${randomBytes(4).toString('hex')}`);

/** The name under which an engine makes `folder` before it is whole. */
export const makingName = (folder: string): string => besides(folder, makingPrefix);

/**
@param pool - The pool's folder, on the file system that it is to stay on.
*/
export const createFolderDriver = (pool: string, engine: FolderEngine): StorageDriver => {
	const fileSystem = statfsSync(pool).type;
	const isThere = (folder: string): boolean => existsSync(folder);

	/** An unmounted pool leaves an empty folder behind, which must not be taken for a pool with nothing in it. */
	const checkPool = (): void => {
		if (!isThere(pool) || statfsSync(pool).type !== fileSystem) {
			throw new CoppiceError('precondition', `The pool ${pool} is no longer mounted.`, {
				hint: 'Mount it again: any `coppice` command run as root does that, if Coppice made the pool. Nothing was changed.',
			});
		}
	};

	const liveOf = (address: VolumeAddress, branch: string) => branchFolder(pool, address, branch);
	const snapshotOf = (address: VolumeAddress, snapshot: string) => snapshotFolder(pool, address, snapshot);

	/** The snapshot's folder, which must be there. */
	const wholeSnapshot = (address: VolumeAddress, snapshot: string): string => {
		const folder = snapshotOf(address, snapshot);
		if (!isThere(folder)) {
			checkPool();
			throw snapshotNotFound(address, snapshot);
		}

		return folder;
	};

	const wholeLive = (address: VolumeAddress, branch: string): string => {
		const folder = liveOf(address, branch);
		if (!isThere(folder)) {
			checkPool();
			throw branchNotFound(address, branch);
		}

		return folder;
	};

	const resolve = (address: VolumeAddress, reference: DataReference): string =>
		'snapshot' in reference ? wholeSnapshot(address, reference.snapshot) : wholeLive(address, reference.branch);

	/** Renames out of sight first: what a crash leaves must never look whole. */
	const destroy = async (folders: readonly string[]): Promise<void> => {
		const doomed: string[] = [];
		for (const folder of folders) {
			const name = besides(folder, doomedPrefix);
			await rename(folder, name);
			doomed.push(name);
		}

		if (doomed.length > 0) {
			await engine.destroy(doomed);
		}
	};

	/** Runs something that takes space; where that is wanting, makes room once and says clearly when it can't. */
	const withRoom = async (action: () => Promise<void>): Promise<void> => {
		try {
			await action();
		} catch (error) {
			const explained = await explainNoSpace(error, pool);
			if (explained === error || !(await engine.makeRoom?.() ?? false)) {
				throw explained;
			}

			try {
				await action();
			} catch (again) {
				throw await explainNoSpace(again, pool);
			}
		}
	};

	const moveToSnapshot = async (live: string, kept: string) => {
		stampFolder(live);
		await rename(live, kept);
	};

	const sealIfNeeded = async (folder: string) => {
		if (isThere(folder) && !engine.isSealed(folder)) {
			await engine.seal(folder);
		}
	};

	/** From and to of the snapshots that are not there yet. */
	const pairsOf = async (requests: readonly SnapshotRequest[]): Promise<Array<readonly [string, string]>> => {
		const pending = requests.filter(({address, snapshot}) => !isThere(snapshotOf(address, snapshot)));
		for (const {address} of pending) {
			await makeFolder(snapshotsFolder(pool, address));
		}

		return pending.map(({address, branch, snapshot}) => [wholeLive(address, branch), snapshotOf(address, snapshot)] as const);
	};

	const takeAll = async (requests: readonly SnapshotRequest[]): Promise<void> => {
		const pairs = await pairsOf(requests);
		const results = await Promise.allSettled(pairs.map(async ([from, to]) => engine.takeSnapshot(from, to)));
		const failed = results.find(result => result.status === 'rejected');
		if (failed === undefined) {
			return;
		}

		// All or none: a commit with a volume missing is no use.
		await destroy(pairs.map(([, to]) => to).filter(to => isThere(to)));
		throw failed.reason;
	};

	/** How the two parted, for the walk. */
	const ruleOf = (from: DataReference, to: DataReference, fromFolder: string, toFolder: string): TreeRule => {
		const {clones} = engine;
		const live = 'branch' in to ? 'to' : ('branch' in from ? 'from' : undefined);
		const stamps = [fromFolder, toFolder].map(folder => stampOf(folder));
		if (live === undefined) {
			return {clones, partedAt: Math.min(...stamps)};
		}

		if ('branch' in from && 'branch' in to) {
			return {clones, live, partedAt: Number.NEGATIVE_INFINITY};
		}

		// A copy was new when it was made; so what it was made from, or what was made from it, differs by what changed since
		// the later of the two. A clone that keeps inodes shows any change after its snapshot was taken.
		const snapshotStamp = live === 'to' ? stamps[0]! : stamps[1]!;
		return {clones, live, partedAt: clones === 'copy' ? Math.max(...stamps) : snapshotStamp};
	};

	const compare = async (fromFolder: string, toFolder: string, rule: TreeRule): Promise<FileChange[]> => {
		const quick = rule.live === undefined ? await engine.compareSnapshots?.(fromFolder, toFolder) : undefined;
		return quick ?? compareTrees(dataOf(fromFolder), dataOf(toFolder), rule);
	};

	const contents = async (address: VolumeAddress): Promise<VolumeContents> => {
		checkPool();
		const inBranches = await listIfThere(branchesFolder(pool, address));
		const inSnapshots = await listIfThere(snapshotsFolder(pool, address));
		const withPrefix = (names: readonly string[], prefix: string) => names.filter(name => name.startsWith(prefix)).map(name => name.slice(prefix.length));
		const isLeftover = (name: string) => name.startsWith(makingPrefix) || name.startsWith(doomedPrefix);
		return {
			branches: inBranches.filter(name => !name.startsWith('.')).map(name => componentToName(name)).toSorted(),
			staged: withPrefix(inBranches, stagedPrefix),
			snapshots: inSnapshots.filter(name => isSnapshotId(name)),
			trash: withPrefix(inSnapshots, trashPrefix),
			leftovers: [
				...inBranches.filter(name => isLeftover(name)).map(name => path.join(branchesFolder(pool, address), name)),
				...inSnapshots.filter(name => isLeftover(name)).map(name => path.join(snapshotsFolder(pool, address), name)),
			],
		};
	};

	return {
		name: engine.name,
		pool,
		traits: engine.traits,

		async createBranch(address, branch) {
			const folder = liveOf(address, branch);
			if (isThere(folder)) {
				return;
			}

			checkPool();
			await makeFolder(path.dirname(folder));
			await makeFolder(snapshotsFolder(pool, address));
			await withRoom(async () => {
				const making = makingName(folder);
				try {
					await engine.create(making);
					await mkdir(dataOf(making));
					await chmod(making, 0o755);
					await chmod(dataOf(making), 0o755);
					await syncFolder(making);
					await rename(making, folder);
				} catch (error) {
					if (isThere(making)) {
						await engine.destroy([making]);
					}

					throw error;
				}
			});
			await syncFolder(path.dirname(folder));
		},

		async prepareSnapshot(requests) {
			await engine.prepareSnapshots?.(await pairsOf(requests));
		},

		async snapshot(requests) {
			await withRoom(async () => takeAll(requests));
		},

		async stage(address, snapshot, staged) {
			const folder = stagedFolder(pool, address, staged);
			if (!isThere(folder)) {
				const from = wholeSnapshot(address, snapshot);
				await makeFolder(path.dirname(folder));
				await withRoom(async () => engine.makeClone(from, folder));
			}

			return dataOf(folder);
		},

		async swap(address, branch, staged, keepAs) {
			const next = stagedFolder(pool, address, staged);
			const live = liveOf(address, branch);
			const kept = keepAs === undefined ? undefined : snapshotOf(address, keepAs);
			if (isThere(next)) {
				if (isThere(live)) {
					if (kept === undefined || isThere(kept)) {
						throw branchExists(address, branch);
					}

					await moveToSnapshot(live, kept);
					failpoint('storage-swap-kept');
				}

				await rename(next, live);
				failpoint('storage-swapped');
			} else {
				wholeLive(address, branch);
			}

			if (kept !== undefined) {
				await sealIfNeeded(kept);
			}

			await syncFolder(path.dirname(live));
		},

		async retire(address, branch, keepAs) {
			const live = liveOf(address, branch);
			const kept = snapshotOf(address, keepAs);
			if (isThere(live)) {
				if (isThere(kept)) {
					throw new CoppiceError('conflict', `Volume ${address.volume} of ${address.stack} already has a snapshot ${keepAs}.`, {...address});
				}

				await moveToSnapshot(live, kept);
				failpoint('storage-retired');
				await syncFolder(path.dirname(live));
			}

			await sealIfNeeded(kept);
		},

		async renameBranch(address, from, to) {
			const [before, after] = [liveOf(address, from), liveOf(address, to)];
			if (!isThere(before)) {
				if (isThere(after)) {
					return;
				}

				throw branchNotFound(address, from);
			}

			if (isThere(after)) {
				throw branchExists(address, to);
			}

			await rename(before, after);
			await syncFolder(path.dirname(after));
		},

		async unstage(address, staged) {
			const folder = stagedFolder(pool, address, staged);
			if (isThere(folder)) {
				await destroy([folder]);
			}
		},

		async remove(address, snapshot) {
			const folder = snapshotOf(address, snapshot);
			if (isThere(folder)) {
				await rename(folder, trashedFolder(pool, address, snapshot));
				await syncFolder(path.dirname(folder));
			}
		},

		async restore(address, snapshot) {
			const folder = snapshotOf(address, snapshot);
			if (isThere(folder)) {
				return;
			}

			const trashed = trashedFolder(pool, address, snapshot);
			if (!isThere(trashed)) {
				checkPool();
				throw snapshotNotFound(address, snapshot);
			}

			await rename(trashed, folder);
			await syncFolder(path.dirname(folder));
		},

		async emptyTrash(address, snapshots) {
			const {trash} = await contents(address);
			const chosen = snapshots === undefined ? trash : trash.filter(snapshot => snapshots.includes(snapshot));
			if (chosen.length > 0) {
				await destroy(chosen.map(snapshot => trashedFolder(pool, address, snapshot)));
				await engine.giveBack?.();
			}
		},

		async clean(address) {
			const {leftovers, snapshots} = await contents(address);
			if (leftovers.length > 0) {
				await engine.destroy(leftovers);
			}

			// A crash between the rename and the seal: nothing is missing but the seal.
			for (const snapshot of snapshots) {
				await sealIfNeeded(snapshotOf(address, snapshot));
			}
		},

		contents,

		branchData: (address, branch) => dataOf(liveOf(address, branch)),

		async openSnapshot(address, snapshot) {
			return {path: dataOf(wholeSnapshot(address, snapshot)), async close() {}};
		},

		async changes(address, from, to, options) {
			const [fromFolder, toFolder] = [resolve(address, from), resolve(address, to)];
			return summarizeChanges(await compare(fromFolder, toFolder, ruleOf(from, to, fromFolder, toFolder)), options?.limit);
		},

		async isChanged(address, branch, snapshot) {
			const [from, to] = [{snapshot}, {branch}];
			const [fromFolder, toFolder] = [resolve(address, from), resolve(address, to)];
			return areTreesDifferent(dataOf(fromFolder), dataOf(toFolder), ruleOf(from, to, fromFolder, toFolder));
		},

		async usage(address, data, base): Promise<Usage> {
			const folder = resolve(address, data);
			if (base === undefined) {
				const {totalBytes} = measureTree(dataOf(folder));
				return {totalBytes, sharedBytes: 0, ownBytes: totalBytes};
			}

			const from = {snapshot: base};
			const baseFolder = resolve(address, from);
			const rule = ruleOf(from, data, baseFolder, folder);
			const {totalBytes, differing} = measureTree(dataOf(folder), {root: dataOf(baseFolder), rule});
			const ownBytes = await countOwnBytes(data, totalBytes, differing, async () => compare(baseFolder, folder, rule));
			return {totalBytes, sharedBytes: totalBytes - ownBytes, ownBytes};
		},

		async room() {
			if (engine.room !== undefined) {
				return engine.room();
			}

			const {bsize, blocks, bavail} = await statfs(pool);
			return {totalBytes: blocks * bsize, freeBytes: bavail * bsize};
		},

		async removeVolume(address) {
			const folders = [branchesFolder(pool, address), snapshotsFolder(pool, address)];
			const names = await Promise.all(folders.map(async folder => (await listIfThere(folder)).map(name => path.join(folder, name))));
			await destroy(names.flat().filter(folder => statSync(folder).isDirectory()));
			await rm(volumeFolder(pool, address), {recursive: true, force: true});
			if (names.flat().length > 0) {
				await engine.giveBack?.();
			}
		},
	};

	async function countOwnBytes(data: DataReference, totalBytes: number, differing: TreeUsage['differing'], changes: () => Promise<FileChange[]>): Promise<number> {
		if (!engine.traits.sharesBlocks) {
			return totalBytes;
		}

		if (differing.length === 0) {
			return 0;
		}

		// A snapshot shares what it added with the live clone that it was taken of, so what no other clone shares says little.
		if (engine.exclusiveBytes !== undefined && 'branch' in data) {
			return Math.min(totalBytes, await engine.exclusiveBytes(differing));
		}

		const changed = await changes();
		return Math.min(totalBytes, changed.reduce((sum, {bytes}) => sum + bytes, 0));
	}
};

