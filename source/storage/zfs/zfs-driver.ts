/**
The storage driver for ZFS: OpenZFS in the kernel, and zfs-fuse 0.7.

Every clone is a dataset `<dataset>/stacks/<stack>/<volume>/<random>`, which is never renamed. What it is, is its `mountpoint`
(`volume-datasets.ts`), so a staged clone becomes a branch, a branch gets another name, and a branch becomes the home of its snapshots
by one property each time. Folders on the way, history, `stack.json` and the link `current` are plain files in the pool's own dataset.

What was a branch becomes a snapshot without a copy: it is unmounted, so that nothing can write to it any more, then snapshotted, then
its mountpoint is set to `legacy`. Its data are those of that snapshot then, and take nothing more. A cut before the last step leaves a
branch, with a snapshot that is taken anew when the same call is run again.

A snapshot in the trash is renamed. How it is destroyed for good, though it may have clones, is told in `sweep.ts`.
`zfs rollback`, `destroy -R`, `destroy -f` and `receive -F` are never used, and `destroy -r` only to remove a whole volume.
*/
import {
	chmod,
	mkdir,
	readdir,
	rm,
} from 'node:fs/promises';
import path from 'node:path';
import {syncFolder} from '../../system/durable-file.ts';
import {CoppiceError} from '../../system/errors.ts';
import {isMarkAlive} from '../../system/process-table.ts';
import {runCommand} from '../../system/run-command.ts';
import {
	areTreesDifferent,
	compareTrees,
	summarizeChanges,
	type TreeRule,
} from '../compare-trees.ts';
import type {
	ChangeSummary,
	DataReference,
	Difference,
	DriverTraits,
	OpenPair,
	OpenSnapshot,
	Room,
	SnapshotPair,
	SnapshotRequest,
	StorageDriver,
	Survey,
	Usage,
	VolumeContents,
} from '../driver.ts';
import {
	branchesFolder,
	branchFolder,
	incomingFolder,
	stagedFolder,
	volumeFolder,
	type VolumeAddress,
} from '../layout.ts';
import {makeFolder} from '../make-folder.ts';
import {isAbandoned, isReceivingName} from '../receiving-name.ts';
import {
	cloneSnapshot,
	destroyDataset,
	mountDataset,
	placeDataset,
	unmountDataset,
} from './dataset-actions.ts';
import {rangesOf, readChanges} from './changed-ranges.ts';
import {
	isThere,
	removeMountpoint,
	withFiles,
} from './mountpoints.ts';
import {
	closeDead,
	deadOpenings,
	openByClone,
	openByMount,
} from './open-snapshot.ts';
import {sweepVolume} from './run-sweep.ts';
import {
	findBranch,
	findSnapshot,
	findStaged,
	newDataset,
	readVolume,
	stackDataset,
	volumeDataset,
	type VolumeDataset,
	type VolumeSnapshot,
	type VolumeState,
} from './volume-datasets.ts';
import {
	commonAncestor,
	lineage,
	readNumbers,
	readSendIndex,
	readUsage,
} from './volume-usage.ts';
import {tryZfs, zfs, zfsOnceIdle} from './zfs-command.ts';
import {datasetAt, readMounts} from './zfs-mounts.ts';
import {
	checkMounted,
	createStacksDataset,
	mountPoolDataset,
	stacksDataset,
	type ZfsImplementation,
	type ZfsPlace,
} from './zfs-dataset.ts';

/**
Seconds by which ZFS may date a snapshot too late: it notes the time when it writes the transaction, not when it closes it.
*/
const commitSeconds = 5;

/** Properties of snapshots that were received: the id, and milliseconds since 1970 from when on nothing was written to what was snapshotted. */
const snapshotProperty = 'coppice:snapshot';
const settledProperty = 'coppice:settled';

const describeAddress = ({stack, volume}: VolumeAddress): string => `the volume ${volume} of the stack ${stack}`;

const noSnapshot = (address: VolumeAddress, snapshot: string): CoppiceError => new CoppiceError('not-found', `There is no snapshot ${snapshot} of ${describeAddress(address)}.`, {
	...address, hint: 'List the commits that are there with `coppice log`.',
});

const noBranch = (address: VolumeAddress, branch: string): CoppiceError => new CoppiceError('not-found', `There is no live data of the branch ${branch} in ${describeAddress(address)}.`, {
	...address, hint: 'List the branches that are there with `coppice branch`.',
});

const traitsOf = (implementation: ZfsImplementation): DriverTraits => ({
	sharesBlocks: true,
	cloneMethod: 'zfs clone',
	limits: [
		'Branches are mounted and unmounted by root only, as everywhere with ZFS on Linux.',
		'The space of a deleted commit from which several branches were made comes free when the last but one of them is deleted.',
		...implementation === 'zfs-fuse'
			? [
				'zfs-fuse takes the snapshots of several volumes one after another, not as one; the services are frozen meanwhile.',
				'On a zfs-fuse pool that is full to the last block even deleting a commit needs room: keep some free.',
				'zfs-fuse keeps extended attributes only when its daemon is started with --enable-xattr.',
			]
			: [],
	],
});

/** Datasets in an order in which each is free of clones when those before it are gone. */
const clonesFirst = (datasets: readonly VolumeDataset[]): VolumeDataset[] => {
	const left = new Set(datasets);
	const order: VolumeDataset[] = [];
	const visit = (dataset: VolumeDataset) => {
		if (!left.delete(dataset)) {
			return;
		}

		for (const other of datasets) {
			if (other.origin?.startsWith(`${dataset.name}@`) === true) {
				visit(other);
			}
		}

		order.push(dataset);
	};

	for (const dataset of datasets) {
		visit(dataset);
	}

	return order;
};

class ZfsDriver implements StorageDriver {
	readonly #dataset: string;
	readonly #implementation: ZfsImplementation;
	readonly pool: string;
	readonly traits: DriverTraits;

	constructor({dataset, mountpoint, implementation}: ZfsPlace) {
		this.pool = mountpoint;
		this.traits = traitsOf(implementation);
		this.#dataset = dataset;
		this.#implementation = implementation;
	}

	/** Reads the volume, sure that the pool is there: an answer of ZFS that a volume is not there means that, then. */
	async #read(address: VolumeAddress, what: 'datasets' | 'all' = 'datasets'): Promise<VolumeState & {exists: boolean}> {
		await checkMounted(this.#dataset, this.pool);
		return readVolume(this.pool, this.#dataset, address, what);
	}

	async #createTop(address: VolumeAddress): Promise<void> {
		const stacks = await tryZfs(['list', '-H', '-o', 'name', stacksDataset(this.#dataset)], ['absent']);
		if (stacks.failure === 'absent') {
			await createStacksDataset(this.#dataset, this.#implementation);
		}

		await zfs('create', '-p', volumeDataset(this.#dataset, address));
	}

	/** Makes an empty dataset that is mounted at a folder among the branches, unless it is there. */
	async #makeEmpty(address: VolumeAddress, folder: string, find: (datasets: readonly VolumeDataset[]) => VolumeDataset | undefined): Promise<void> {
		const {exists, datasets} = await this.#read(address);
		const existing = find(datasets);
		if (existing !== undefined) {
			await mountDataset(existing);
			return;
		}

		await withFiles(async () => makeFolder(branchesFolder(this.pool, address)));
		if (!exists) {
			await this.#createTop(address);
		}

		await zfs('create', '-o', `mountpoint=${folder}`, newDataset(this.#dataset, address));
	}

	/** The dataset of a branch that is not mounted, mounted now. */
	async #branchDataset(address: VolumeAddress, branch: string): Promise<string> {
		const {datasets} = await this.#read(address);
		const live = findBranch(datasets, branch);
		if (live === undefined) {
			throw noBranch(address, branch);
		}

		await mountDataset(live);
		return live.name;
	}

	async #find(address: VolumeAddress, datasets: readonly VolumeDataset[], snapshot: string): Promise<VolumeSnapshot> {
		const found = await findSnapshot(datasets, snapshot);
		if (found === undefined) {
			throw noSnapshot(address, snapshot);
		}

		return found;
	}

	/** The dataset of a branch, mounted, or the full name of a snapshot. */
	async #nameOf(address: VolumeAddress, {datasets, snapshots}: VolumeState, data: DataReference): Promise<string> {
		if ('snapshot' in data) {
			const found = snapshots.find(({state, id}) => state === 'whole' && id === data.snapshot);
			if (found === undefined) {
				throw noSnapshot(address, data.snapshot);
			}

			return found.name;
		}

		const live = findBranch(datasets, data.branch);
		if (live === undefined) {
			throw noBranch(address, data.branch);
		}

		await mountDataset(live);
		return live.name;
	}

	/** Does something with two states of a volume, as folders to be read. */
	async #withTrees<T>(
		address: VolumeAddress,
		from: DataReference,
		to: DataReference,
		action: (...trees: [fromRoot: string, toRoot: string, rule: TreeRule]) => Promise<T>,
	): Promise<T> {
		const state = await this.#read(address, 'all');
		const [fromName, toName] = [await this.#nameOf(address, state, from), await this.#nameOf(address, state, to)];
		const parted = commonAncestor(state, fromName, toName);
		const partedAt = parted === undefined ? -Infinity : await this.#takenAt(parted);
		const opened: OpenSnapshot[] = [];
		const open = async (data: DataReference, name: string): Promise<string> => {
			if ('branch' in data) {
				return this.branchData(address, data.branch);
			}

			const snapshot = await this.#open(address, name);
			opened.push(snapshot);
			return snapshot.path;
		};

		try {
			const [fromRoot, toRoot] = [await open(from, fromName), await open(to, toName)];
			return await action(fromRoot, toRoot, {clones: 'inode', partedAt});
		} finally {
			for (const {close} of opened) {
				await close();
			}
		}
	}

	/** Milliseconds since 1970 when a snapshot was taken, or a little before: nothing was written to it since. */
	async #takenAt(snapshot: string): Promise<number> {
		const stdout = await zfs('get', '-H', '-p', '-o', 'value', `creation,${settledProperty}`, snapshot);
		const [creation, settled] = stdout.split('\n').map(Number);
		const took = (creation! - commitSeconds) * 1000;
		return Number.isFinite(settled) ? Math.max(settled!, took) : took;
	}

	async #open(address: VolumeAddress, snapshot: string): Promise<OpenSnapshot> {
		return this.#implementation === 'openzfs'
			? openByMount(this.pool, address, snapshot)
			: openByClone(this.pool, address, snapshot, newDataset(this.#dataset, address));
	}

	/** Takes all snapshots in one transaction, or none. */
	async #snapshotAtOnce(names: readonly string[]): Promise<void> {
		let wanted = [...new Set(names)];
		if (wanted.length === 0) {
			return;
		}

		const {failure} = await tryZfs(['snapshot', ...wanted], ['exists']);
		if (failure === undefined) {
			return;
		}

		const {stdout} = await tryZfs(['list', '-H', '-t', 'snapshot', '-o', 'name', ...wanted], ['absent']);
		const there = new Set(stdout.split('\n'));
		wanted = wanted.filter(name => !there.has(name));
		if (wanted.length > 0) {
			await zfs('snapshot', ...wanted);
		}
	}

	/** Takes all snapshots side by side, as zfs-fuse can't take several in one command. Where one fails, those just taken go again. */
	async #snapshotEach(names: readonly string[]): Promise<void> {
		const results = await Promise.allSettled([...new Set(names)].map(async name => {
			const {failure} = await tryZfs(['snapshot', name], ['exists']);
			return failure === undefined ? [name] : [];
		}));
		const failed = results.find(result => result.status === 'rejected');
		if (failed === undefined) {
			return;
		}

		for (const name of results.flatMap(result => result.status === 'fulfilled' ? result.value : [])) {
			await zfsOnceIdle(['destroy', name], ['absent']);
		}

		throw failed.reason as Error;
	}

	/** Makes a live clone the home of the snapshot `keepAs` of what it is now. */
	async #putAway(address: VolumeAddress, datasets: readonly VolumeDataset[], live: VolumeDataset, keepAs: string): Promise<void> {
		const existing = await findSnapshot(datasets, keepAs, ['whole', 'trash']);
		if (existing !== undefined && existing.name !== `${live.name}@${keepAs}`) {
			throw new CoppiceError('conflict', `There is a snapshot ${keepAs} of ${describeAddress(address)} already.`, {...address, hint: 'Run the command again: it takes another id.'});
		}

		await unmountDataset(live.name);
		try {
			if (existing !== undefined && !await this.#isUnchangedSince(live, existing.name)) {
				// Taken before a cut, and the branch was written to since: it is what it is NOW that must be kept.
				await zfsOnceIdle(['destroy', existing.name]);
			}

			await tryZfs(['snapshot', `${live.name}@${keepAs}`], ['exists']);
		} catch (error) {
			await mountDataset({...live, mounted: false});
			throw error;
		}

		await zfsOnceIdle(['set', 'mountpoint=legacy', live.name]);
	}

	async #isUnchangedSince({name}: VolumeDataset, snapshot: string): Promise<boolean> {
		if (this.#implementation === 'zfs-fuse') {
			return false;
		}

		const [written] = await readNumbers(name, [`written@${snapshot}`]);
		return written === 0;
	}

	/** Datasets that a crash left: opened by a process that is gone, or a new branch without its `data`. Mounts what should be mounted. */
	async #halfMade({datasets, snapshots}: VolumeState, address: VolumeAddress): Promise<VolumeDataset[]> {
		const found: VolumeDataset[] = [];
		for (const dataset of datasets) {
			const {role, name} = dataset;
			if (role.type === 'opened') {
				if (!isMarkAlive(role.by)) {
					found.push(dataset);
				}
			} else if (role.type === 'staged' && isReceivingName(role.staged)) {
				// Whose snapshot is taken is a home but for its last step.
				if (isAbandoned(role.staged) && snapshots.every(snapshot => snapshot.dataset !== name)) {
					found.push(dataset);
				}
			} else if (role.type === 'branch' || role.type === 'staged') {
				await mountDataset(dataset);
				if (role.type === 'branch' && snapshots.every(snapshot => snapshot.dataset !== name) && !await isThere(this.branchData(address, role.branch))) {
					const names = await readdir(branchFolder(this.pool, address, role.branch));
					if (names.length === 0) {
						found.push(dataset);
					}
				}
			}
		}

		return found;
	}

	async #sweep(address: VolumeAddress, isDoomed: (id: string) => boolean): Promise<void> {
		await sweepVolume({read: async () => this.#read(address, 'all'), newName: () => newDataset(this.#dataset, address)}, isDoomed);
	}

	/** Makes ZFS count what was written: it does so with each transaction, every few seconds. */
	async #settle(address: VolumeAddress): Promise<void> {
		await (this.#implementation === 'openzfs'
			? this.#syncPool()
			: zfs('set', 'coppice:counted=yes', volumeDataset(this.#dataset, address)));
	}

	async #syncPool(): Promise<void> {
		await runCommand(['zpool', 'sync', this.#dataset.split('/', 1)[0]!]);
	}

	/** Removes the empty folders of datasets that were unmounted just before a crash. */
	async #removeStrayFolders(address: VolumeAddress): Promise<void> {
		const mounts = await readMounts();
		const {datasets} = await this.#read(address);
		for (const parent of [branchesFolder(this.pool, address), incomingFolder(this.pool, address)]) {
			const names = await isThere(parent) ? await readdir(parent) : [];
			for (const name of names) {
				const folder = path.join(parent, name);
				if (mounts.every(({mountPoint}) => mountPoint !== folder) && datasets.every(({mountpoint}) => mountpoint !== folder)) {
					await removeMountpoint(folder);
				}
			}
		}
	}

	async #removeVolumeFolder(address: VolumeAddress): Promise<void> {
		const folder = volumeFolder(this.pool, address);
		const mounts = await readMounts();
		const still = mounts.find(({mountPoint}) => mountPoint.startsWith(`${folder}/`));
		if (still !== undefined) {
			throw new CoppiceError('conflict', `${still.source} is still mounted at ${still.mountPoint}.`, {...address, hint: 'Unmount it and run the command again.'});
		}

		await rm(folder, {recursive: true, force: true});
	}

	get name(): 'zfs' {
		return 'zfs';
	}

	async createBranch(address: VolumeAddress, branch: string): Promise<void> {
		const folder = branchFolder(this.pool, address, branch);
		await this.#makeEmpty(address, folder, datasets => findBranch(datasets, branch));

		const data = this.branchData(address, branch);
		if (!await isThere(data)) {
			await withFiles(async () => {
				await chmod(folder, 0o755);
				await mkdir(data);
				await chmod(data, 0o755);
				await syncFolder(folder);
			});
		}
	}

	async prepareSnapshot(requests: readonly SnapshotRequest[]): Promise<void> {
		if (requests.length === 0) {
			return;
		}

		// Pages of files that are mapped into memory are written by nothing else.
		await runCommand(['sync', '--file-system', ...requests.map(({address, branch}) => branchFolder(this.pool, address, branch))]);
		if (this.#implementation === 'openzfs') {
			await this.#syncPool();
		}
	}

	async snapshot(requests: readonly SnapshotRequest[]): Promise<void> {
		const mounts = await readMounts();
		const names: string[] = [];
		for (const {address, branch, snapshot} of requests) {
			const mounted = datasetAt(mounts, branchFolder(this.pool, address, branch));
			const isOurs = mounted?.startsWith(`${volumeDataset(this.#dataset, address)}/`) === true;
			const dataset = isOurs ? mounted : await this.#branchDataset(address, branch);
			names.push(`${dataset}@${snapshot}`);
		}

		await (this.#implementation === 'openzfs' ? this.#snapshotAtOnce(names) : this.#snapshotEach(names));
	}

	async stage(address: VolumeAddress, snapshot: string, staged: string): Promise<string> {
		const {datasets} = await this.#read(address);
		const folder = stagedFolder(this.pool, address, staged);
		const existing = findStaged(datasets, staged);
		if (existing === undefined) {
			const found = await this.#find(address, datasets, snapshot);
			await withFiles(async () => makeFolder(branchesFolder(this.pool, address)));
			await cloneSnapshot(found.name, newDataset(this.#dataset, address), folder);
		} else {
			await mountDataset(existing);
		}

		return path.join(folder, 'data');
	}

	async swap(address: VolumeAddress, branch: string, staged: string, keepAs?: string): Promise<void> {
		const {datasets} = await this.#read(address);
		const live = findBranch(datasets, branch);
		const next = findStaged(datasets, staged);
		if (next === undefined) {
			if (live === undefined) {
				throw new CoppiceError('not-found', `Nothing is staged as ${staged} for the branch ${branch} of ${describeAddress(address)}.`, {
					...address, hint: 'Run the command again: it makes the clone anew.',
				});
			}

			await mountDataset(live);
			return;
		}

		if (live !== undefined) {
			if (keepAs === undefined) {
				throw new CoppiceError('conflict', `The branch ${branch} has live data in ${describeAddress(address)} already.`, {
					...address, hint: 'Choose another name, or delete the branch first.',
				});
			}

			await this.#putAway(address, datasets, live, keepAs);
		}

		await placeDataset(next, branchFolder(this.pool, address, branch));
		await removeMountpoint(stagedFolder(this.pool, address, staged));
	}

	async retire(address: VolumeAddress, branch: string, keepAs: string): Promise<void> {
		const {datasets} = await this.#read(address);
		const live = findBranch(datasets, branch);
		if (live !== undefined) {
			await this.#putAway(address, datasets, live, keepAs);
		}

		await removeMountpoint(branchFolder(this.pool, address, branch));
	}

	async renameBranch(address: VolumeAddress, from: string, to: string): Promise<void> {
		const {datasets} = await this.#read(address);
		const [source, target] = [findBranch(datasets, from), findBranch(datasets, to)];
		if (source === undefined) {
			if (target === undefined) {
				throw noBranch(address, from);
			}

			await mountDataset(target);
		} else if (target === undefined) {
			await placeDataset(source, branchFolder(this.pool, address, to));
		} else {
			throw new CoppiceError('conflict', `There is a branch ${to} in ${describeAddress(address)} already.`, {...address, hint: 'Choose another name.'});
		}

		await removeMountpoint(branchFolder(this.pool, address, from));
	}

	async stageEmpty(address: VolumeAddress, staged: string): Promise<string> {
		const folder = stagedFolder(this.pool, address, staged);
		await this.#makeEmpty(address, folder, datasets => findStaged(datasets, staged));

		return folder;
	}

	async keepStaged(address: VolumeAddress, staged: string, snapshot: string): Promise<void> {
		const {datasets} = await this.#read(address);
		const clone = findStaged(datasets, staged);
		const existing = await findSnapshot(datasets, snapshot, ['whole', 'trash']);
		if (clone === undefined) {
			if (existing === undefined) {
				throw noSnapshot(address, snapshot);
			}
		} else if (existing === undefined || existing.dataset === clone.name) {
			const settledAt = Date.now();
			await unmountDataset(clone.name);
			// Names what it is on its way to other pools, and since when nothing was written to it.
			await tryZfs(['snapshot', '-o', `${snapshotProperty}=${snapshot}`, '-o', `${settledProperty}=${settledAt}`, `${clone.name}@${snapshot}`], ['exists']);
			await zfsOnceIdle(['set', 'mountpoint=legacy', clone.name]);
		} else {
			// Somebody else was quicker.
			await destroyDataset(clone.name);
		}

		await removeMountpoint(stagedFolder(this.pool, address, staged));
	}

	async unstage(address: VolumeAddress, staged: string): Promise<void> {
		const {datasets} = await this.#read(address);
		const dataset = findStaged(datasets, staged);
		if (dataset !== undefined) {
			await destroyDataset(dataset.name);
		}

		await removeMountpoint(stagedFolder(this.pool, address, staged));
	}

	async remove(address: VolumeAddress, snapshot: string): Promise<void> {
		const {datasets} = await this.#read(address);
		const found = await findSnapshot(datasets, snapshot);
		if (found !== undefined) {
			await zfs('rename', found.name, `${found.dataset}@trash-${snapshot}`);
		}
	}

	async restore(address: VolumeAddress, snapshot: string): Promise<void> {
		const {datasets} = await this.#read(address);
		const found = await findSnapshot(datasets, snapshot, ['whole', 'trash']);
		if (found === undefined) {
			throw noSnapshot(address, snapshot);
		}

		if (found.state === 'trash') {
			await zfs('rename', found.name, `${found.dataset}@${snapshot}`);
		}
	}

	async emptyTrash(address: VolumeAddress, snapshots?: readonly string[]): Promise<void> {
		const wanted = snapshots === undefined ? undefined : new Set(snapshots);
		await this.#sweep(address, id => wanted?.has(id) ?? true);
	}

	async clean(address: VolumeAddress): Promise<void> {
		const state = await this.#read(address, 'all');
		if (!state.exists) {
			return;
		}

		await closeDead(this.pool, address);
		for (const dataset of await this.#halfMade(state, address)) {
			await destroyDataset(dataset.name);
		}

		for (const {name} of deadProbes(state)) {
			await zfsOnceIdle(['destroy', name], ['absent']);
		}

		for (const {name} of unfinishedHomes(state)) {
			await unmountDataset(name);
			await zfsOnceIdle(['set', 'mountpoint=legacy', name]);
		}

		await this.#sweep(address, () => false);
		await this.#removeStrayFolders(address);
	}

	async contents(address: VolumeAddress): Promise<VolumeContents> {
		const state = await this.#read(address, 'all');
		const halfMade = await this.#halfMade(state, address);
		const datasets = state.datasets.filter(dataset => !halfMade.includes(dataset));
		const ids = (wanted: 'whole' | 'trash') => [...new Set(state.snapshots.filter(snapshot => snapshot.state === wanted).map(({id}) => id))].toSorted();
		const homes = datasets.filter(({role, name}) => role.type === 'home' && state.snapshots.every(({dataset}) => dataset !== name));
		const opened = await deadOpenings(this.pool, address);
		const origins = new Set(datasets.map(({origin}) => origin));
		const gone = state.snapshots.filter(snapshot => snapshot.state === 'gone' && !origins.has(snapshot.name));
		return {
			branches: datasets.flatMap(({role}) => role.type === 'branch' ? [role.branch] : []).toSorted(),
			snapshots: ids('whole'),
			staged: datasets.flatMap(({role}) => role.type === 'staged' && !isReceivingName(role.staged) ? [role.staged] : []).toSorted(),
			trash: ids('trash'),
			leftovers: [
				...[...halfMade, ...homes, ...deadProbes(state), ...gone, ...unfinishedHomes(state)].map(({name}) => name),
				...opened.map(({mountPoint}) => mountPoint),
			].toSorted(),
		};
	}

	async arrivedAt(address: VolumeAddress, snapshot: string): Promise<number> {
		const {datasets} = await this.#read(address);
		const {name} = await this.#find(address, datasets, snapshot);
		const [seconds = 0] = await readNumbers(name, ['creation']);
		return seconds * 1000;
	}

	branchData(address: VolumeAddress, branch: string): string {
		return path.join(branchFolder(this.pool, address, branch), 'data');
	}

	async openSnapshot(address: VolumeAddress, snapshot: string): Promise<OpenSnapshot> {
		const {datasets} = await this.#read(address);
		const {name} = await this.#find(address, datasets, snapshot);
		return this.#open(address, name);
	}

	async openPair(address: VolumeAddress, {snapshot, base}: SnapshotPair, {signal}: {signal?: AbortSignal | undefined} = {}): Promise<OpenPair> {
		const state = await this.#read(address, 'all');
		const name = await this.#nameOf(address, state, {snapshot});
		const baseName = base === undefined ? undefined : await this.#nameOf(address, state, {snapshot: base});
		const parted = baseName === undefined ? undefined : commonAncestor(state, baseName, name);
		const changes = baseName === undefined || parted === undefined
			? undefined
			: await readChanges(this.#implementation, state, {base: baseName, snapshot: name, parted}, signal);
		const opened = await this.#open(address, name);
		try {
			const openedBase = baseName === undefined ? undefined : await this.#open(address, baseName);
			try {
				const root = path.dirname(opened.path);
				const baseRoot = openedBase === undefined ? undefined : path.dirname(openedBase.path);
				return {
					root,
					baseRoot,
					takenAt: await this.#takenAt(name),
					rule: {
						...(parted === undefined ? {clones: 'copy'} : {clones: 'inode', partedAt: BigInt(await this.#takenAt(parted)) * 1_000_000n}),
						...(changes !== undefined && {changedRanges: rangesOf(changes, baseRoot!, root)}),
					},
					async close() {
						await openedBase?.close();
						await opened.close();
					},
				};
			} catch (error) {
				await openedBase?.close();
				throw error;
			}
		} catch (error) {
			await opened.close();
			throw error;
		}
	}

	async estimateDifference(address: VolumeAddress, {snapshot, base}: Required<SnapshotPair>): Promise<number | undefined> {
		const state = await this.#read(address, 'all');
		const name = await this.#nameOf(address, state, {snapshot});
		const line = lineage(state, name);
		const at = base === undefined ? -1 : line.indexOf(await this.#nameOf(address, state, {snapshot: base}));
		if (at === -1) {
			return undefined;
		}

		const {bytes} = await readSendIndex(line.slice(0, at + 1).toReversed());
		return bytes;
	}

	async changes(address: VolumeAddress, from: DataReference, to: DataReference, options: {limit?: number} = {}): Promise<ChangeSummary> {
		return this.#withTrees(address, from, to, async (...trees) => summarizeChanges(await compareTrees(...trees), options.limit));
	}

	async isChanged(
		address: VolumeAddress,
		branch: string,
		snapshot: string,
		options: {ignore?: (difference: Difference) => boolean} = {},
	): Promise<boolean> {
		return this.#withTrees(address, {snapshot}, {branch}, async (...trees) => areTreesDifferent(...trees, options));
	}

	async survey(
		address: VolumeAddress,
		branch: string,
		snapshot: string,
		options: {ignore?: (difference: Difference) => boolean} = {},
	): Promise<Survey> {
		const [changed, usage] = await Promise.all([this.isChanged(address, branch, snapshot, options), this.usage(address, {branch}, snapshot)]);
		return {...usage, changed};
	}

	async usage(address: VolumeAddress, data: DataReference, base?: string): Promise<Usage> {
		const state = await this.#read(address, 'all');
		const name = await this.#nameOf(address, state, data);
		const baseName = base === undefined ? undefined : await this.#nameOf(address, state, {snapshot: base});
		if ('branch' in data) {
			await this.#settle(address);
		}

		return readUsage(this.#implementation, state, name, baseName);
	}

	async room(): Promise<Room> {
		await checkMounted(this.#dataset, this.pool);
		const [used = 0, available = 0] = await readNumbers(this.#dataset, ['used', 'available']);
		return {totalBytes: used + available, freeBytes: available};
	}

	async removeVolume(address: VolumeAddress): Promise<void> {
		const {exists, datasets} = await this.#read(address);
		await closeDead(this.pool, address);
		for (const {name, mounted} of datasets) {
			if (mounted) {
				await unmountDataset(name);
			}
		}

		// `-r` takes a dataset's own snapshots, and refuses where a clone is left.
		for (const {name} of clonesFirst(datasets)) {
			await zfsOnceIdle(['destroy', '-r', name], ['absent']);
		}

		if (exists) {
			await zfsOnceIdle(['destroy', '-r', volumeDataset(this.#dataset, address)], ['absent']);
			// Another volume of the stack may be there.
			await tryZfs(['destroy', stackDataset(this.#dataset, address.stack)], ['absent', 'clones']);
		}

		await this.#removeVolumeFolder(address);
	}
}

/** Received, with its snapshot, by a process that was killed before its last step. */
const unfinishedHomes = ({datasets, snapshots}: VolumeState): VolumeDataset[] => datasets.filter(({role, name}) =>
	role.type === 'staged' && isAbandoned(role.staged) && snapshots.some(({dataset}) => dataset === name));

const deadProbes = ({snapshots}: VolumeState): VolumeSnapshot[] => snapshots.filter(({state, id}) => state === 'probe' && !isMarkAlive(id));

/**
Opens a pool on ZFS, and mounts its dataset where it is not mounted.

The pool's folder is an absolute real path; the dataset mounted there is what `createZfsPoolDataset` returned.

@throws CoppiceError `precondition` when ZFS is not running or the dataset is not there.
*/
export const createZfsDriver = async (place: {pool: string; dataset: string}): Promise<StorageDriver> =>
	new ZfsDriver(await mountPoolDataset(place.dataset, place.pool));
