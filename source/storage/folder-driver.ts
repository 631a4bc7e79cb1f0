/**
What the btrfs and the directory driver have in common: a branch, a staged clone or a snapshot is a folder that holds `data/`,
and it becomes another of these by being renamed. How a folder is made, cloned, sealed and destroyed is the engine's.

What a name in the volume's folders says:
- `branches/NAME`, `branches/.staged-NAME`, `snapshots/ID`, `snapshots/.trash-ID`: whole.
- `.making-…`: being made; `.doomed-…`: being destroyed; `snapshots/.receiving-…` and `branches/.staged-receiving-…`: being received by the process
  that the name tells. Nobody needs these after a crash.

The time of modification of such a folder (not of `data/`) is a stamp: when the snapshot was taken, or the clone was made. See
`compare-trees.ts` for what it is good for.
*/
import {
	existsSync,
	statfsSync,
	statSync,
	utimesSync,
} from 'node:fs';
import {
	chmod,
	mkdir,
	rename,
	rm,
} from 'node:fs/promises';
import path from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {randomBytes} from 'node:crypto';
import {listIfThere, syncFolder} from '../system/durable-file.ts';
import {CoppiceError} from '../system/errors.ts';
import {failpoint} from '../system/failpoint.ts';
import {componentToName, isSnapshotId} from '../system/names.ts';
import type {
	DataReference,
	NativeReceive,
	SnapshotRequest,
	StorageDriver,
	VolumeContents,
} from './driver.ts';
import {createFolderComparison} from './folder-comparison.ts';
import type {FolderEngine} from './folder-engine.ts';
import {
	branchesFolder,
	branchFolder,
	snapshotFolder,
	snapshotsFolder,
	stagedFolder,
	trashedFolder,
	volumeFolder,
	type VolumeAddress,
} from './layout.ts';
import {makeFolder} from './make-folder.ts';
import {checkReceived} from './received-tree.ts';
import {isAbandoned, isReceivingName, newReceivingName} from './receiving-name.ts';
import {
	branchExists,
	branchNotFound,
	explainNoSpace,
	isNoSpace,
	snapshotNotFound,
} from './storage-errors.ts';

const makingPrefix = '.making-';
const doomedPrefix = '.doomed-';
const stagedPrefix = '.staged-';
const trashPrefix = '.trash-';

/** Hides what is being received by the file system's own program, beside the snapshots. */
const hidden = '.';

/** Milliseconds; longer than a tick of the clock that stamps files. */
const tick = 30;

const dataOf = (folder: string): string => path.join(folder, 'data');

/** Stamps a folder with the time now, or a little before it. */
export const stampFolder = (folder: string): void => {
	const now = new Date();
	utimesSync(folder, now, now);
};

const stampOf = (folder: string): number => Math.floor(statSync(folder).mtimeMs);

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

	/**
	Renames out of sight first: what a crash leaves must never look whole. On a pool so full that not even that is possible, what can be
	destroyed in one step is.
	*/
	const destroy = async (folders: readonly string[]): Promise<void> => {
		const doomed: string[] = [];
		for (const folder of folders) {
			const name = besides(folder, doomedPrefix);
			try {
				await rename(folder, name);
				doomed.push(name);
			} catch (error) {
				if (!engine.destroysAtOnce || !isNoSpace(error)) {
					throw await explainNoSpace(error, pool);
				}

				doomed.push(folder);
			}
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
			} catch (error_) {
				throw await explainNoSpace(error_, pool);
			}
		}
	};

	const moveToSnapshot = async (live: string, kept: string) => {
		await withRoom(async () => {
			stampFolder(live);
			await rename(live, kept);
		});
	};

	const sealIfNeeded = async (folder: string) => {
		if (isThere(folder) && !engine.isSealed(folder)) {
			await withRoom(async () => engine.seal(folder));
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
		throw failed.reason as Error;
	};

	/** Makes an empty folder whole, with what `fill` puts in it. */
	const createWhole = async (folder: string, fill?: (making: string) => Promise<void>): Promise<void> => {
		await withRoom(async () => {
			const making = makingName(folder);
			try {
				await engine.create(making);
				await chmod(making, 0o755);
				await fill?.(making);
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
	};

	/** Stamps what was received: a clone that keeps inodes shows what changes from now on, a copy only what changed by the files' own times. */
	const stampReceived = async (folder: string, takenAt: number): Promise<void> => {
		if (engine.clones === 'inode') {
			await delay(tick);
			stampFolder(folder);
			return;
		}

		const time = Math.min(takenAt, Date.now()) / 1000;
		utimesSync(folder, time, time);
	};

	/** Has the engine make a snapshot of a stream, out of sight until it is whole. */
	const receiveWhole = async (address: VolumeAddress, {snapshot, base, open, signal}: NativeReceive): Promise<boolean> => {
		const kept = snapshotOf(address, snapshot);
		const baseFolder = base === undefined ? undefined : wholeSnapshot(address, base);
		await makeFolder(path.dirname(kept));
		const folder = path.join(path.dirname(kept), `${hidden}${newReceivingName()}`);
		try {
			const isMade = await engine.receive?.({
				folder, uuid: snapshot, base: baseFolder, parts: open(), signal,
			}) ?? false;
			if (!isMade) {
				return false;
			}

			await checkReceived(folder);
			failpoint('storage-received-natively');
			// Somebody else may have been quicker.
			if (!isThere(kept)) {
				await rename(folder, kept);
				await syncFolder(path.dirname(kept));
			}

			return true;
		} finally {
			if (isThere(folder)) {
				await destroy([folder]);
			}
		}
	};

	const comparison = createFolderComparison(engine, pool, resolve);

	const contents = async (address: VolumeAddress): Promise<VolumeContents> => {
		checkPool();
		const inBranches = await listIfThere(branchesFolder(pool, address));
		const inSnapshots = await listIfThere(snapshotsFolder(pool, address));
		const withPrefix = (names: readonly string[], prefix: string) => names.filter(name => name.startsWith(prefix)).map(name => name.slice(prefix.length));
		// What is being received is not under the stack's lock: it is left over only when the process is gone.
		const isLeftover = (name: string) => {
			const prefix = [makingPrefix, doomedPrefix, stagedPrefix, hidden].find(each => name.startsWith(each));
			const rest = name.slice(prefix?.length);
			return prefix !== undefined && (isReceivingName(rest) ? isAbandoned(rest) : prefix === makingPrefix || prefix === doomedPrefix);
		};

		return {
			branches: inBranches.filter(name => !name.startsWith('.')).map(name => componentToName(name)).toSorted(),
			staged: withPrefix(inBranches, stagedPrefix).filter(name => !isReceivingName(name)),
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
			await createWhole(folder, async making => {
				await mkdir(dataOf(making));
				await chmod(dataOf(making), 0o755);
			});
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

				await withRoom(async () => rename(next, live));
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

			await withRoom(async () => rename(before, after));
			await syncFolder(path.dirname(after));
		},

		async stageEmpty(address, staged) {
			const folder = stagedFolder(pool, address, staged);
			if (!isThere(folder)) {
				checkPool();
				await makeFolder(path.dirname(folder));
				await createWhole(folder);
			}

			return folder;
		},

		async keepStaged(address, staged, snapshot, takenAt) {
			const folder = stagedFolder(pool, address, staged);
			const kept = snapshotOf(address, snapshot);
			if (isThere(folder)) {
				if (isThere(kept)) {
					await destroy([folder]);
				} else {
					await makeFolder(path.dirname(kept));
					await withRoom(async () => {
						await chmod(folder, 0o755);
						await stampReceived(folder, takenAt);
						await rename(folder, kept);
					});
					failpoint('storage-staged-kept');
					await syncFolder(path.dirname(folder));
				}
			} else {
				wholeSnapshot(address, snapshot);
			}

			await sealIfNeeded(kept);
		},

		async unstage(address, staged) {
			const folder = stagedFolder(pool, address, staged);
			if (isThere(folder)) {
				await destroy([folder]);
			}
		},

		async remove(address, snapshot) {
			const folder = snapshotOf(address, snapshot);
			if (!isThere(folder)) {
				return;
			}

			await withRoom(async () => rename(folder, trashedFolder(pool, address, snapshot)));
			await syncFolder(path.dirname(folder));
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

			await withRoom(async () => rename(trashed, folder));
			await syncFolder(path.dirname(folder));
		},

		async emptyTrash(address, snapshots) {
			const {trash} = await contents(address);
			const chosen = snapshots === undefined ? trash : trash.filter(snapshot => snapshots.includes(snapshot));
			if (chosen.length === 0) {
				return;
			}

			await destroy(chosen.map(snapshot => trashedFolder(pool, address, snapshot)));
			await engine.giveBack?.();
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

		async arrivedAt(address, snapshot) {
			const folder = wholeSnapshot(address, snapshot);
			// No program can set the time of an inode's last change, and a rename is one.
			return Math.max(statSync(folder).ctimeMs, await engine.madeAt?.(folder) ?? 0);
		},

		branchData: (address, branch) => dataOf(liveOf(address, branch)),

		async openSnapshot(address, snapshot) {
			return {
				path: dataOf(wholeSnapshot(address, snapshot)),
				async close() {
					// A folder needs no closing.
				},
			};
		},

		async openPair(address, {snapshot, base}) {
			const root = wholeSnapshot(address, snapshot);
			const baseRoot = base === undefined ? undefined : wholeSnapshot(address, base);
			const takenAt = stampOf(root);
			return {
				root,
				baseRoot,
				takenAt,
				// Whether two snapshots keep inodes is seen from their roots, where clones do.
				rule: baseRoot !== undefined && engine.clones === 'copy'
					? {clones: 'copy', trustTimesBefore: BigInt(Math.min(takenAt, stampOf(baseRoot))) * 1_000_000n}
					: {},
				async close() {
					// A folder needs no closing.
				},
			};
		},

		async sendNatively(address, {snapshot, base}, options = {}) {
			return engine.send?.(base === undefined ? undefined : wholeSnapshot(address, base), wholeSnapshot(address, snapshot), options);
		},

		...(engine.receive !== undefined && {
			async receiveNatively(address: VolumeAddress, request: NativeReceive) {
				let isReceived = false;
				await withRoom(async () => {
					isReceived = await receiveWhole(address, request);
				});
				return isReceived;
			},
		}),

		async estimateDifference(address, {snapshot, base}) {
			return base === undefined ? undefined : engine.estimate?.(wholeSnapshot(address, base), wholeSnapshot(address, snapshot));
		},

		changes: comparison.changes,
		isChanged: comparison.isChanged,
		survey: comparison.survey,
		usage: comparison.usage,

		async room(wantedBytes) {
			if (engine.room !== undefined) {
				return engine.room(wantedBytes);
			}

			const {bsize, blocks, bavail} = statfsSync(pool);
			return {totalBytes: blocks * bsize, freeBytes: bavail * bsize};
		},

		async removeVolume(address) {
			const found: string[] = [];
			for (const folder of [branchesFolder(pool, address), snapshotsFolder(pool, address)]) {
				const names = await listIfThere(folder);
				found.push(...names.map(name => path.join(folder, name)));
			}

			await destroy(found.filter(folder => statSync(folder).isDirectory()));
			await rm(volumeFolder(pool, address), {recursive: true, force: true});
			if (found.length > 0) {
				await engine.giveBack?.();
			}
		},
	};
};
