/**
The dataset of a pool: found by the folder it is mounted at, or made under a dataset that is there.

```
<parent>/coppice            mounted at the pool's folder: pool.json, history, stack.json… are plain files in it
<parent>/coppice/stacks     holds the datasets of all volumes; mounted nowhere
```
*/
import {
	chmod,
	readdir,
} from 'node:fs/promises';
import path from 'node:path';
import {CoppiceError, isSystemError} from '../../system/errors.ts';
import {makeFolder} from '../make-folder.ts';
import {findMount, resolvePath, type Mount} from '../mount-table.ts';
import {
	parseRows,
	tryZfs,
	zfs,
	zfsOnceIdle,
} from './zfs-command.ts';
import {datasetAt, isZfs, readMounts} from './zfs-mounts.ts';

export type ZfsImplementation = 'openzfs' | 'zfs-fuse';

/**
A mounted ZFS file system.
*/
export type ZfsPlace = {
	readonly dataset: string;
	readonly mountpoint: string;
	readonly implementation: ZfsImplementation;
};

const implementationOf = ({type}: Mount): ZfsImplementation => type === 'fuse.zfs' ? 'zfs-fuse' : 'openzfs';

/**
Finds the ZFS dataset that holds a folder, which need not be there yet. Runs no command and needs no right.

@returns Nothing when the folder is, or would be, on another file system.
*/
export const findZfsDataset = async (folder: string): Promise<ZfsPlace | undefined> => {
	const mount = await findMount(folder);
	return mount !== undefined && isZfs(mount) && !mount.source.includes('@')
		? {dataset: mount.source, mountpoint: mount.mountPoint, implementation: implementationOf(mount)}
		: undefined;
};

/**
Checks that the pool's dataset is mounted at the pool's folder, without running a command.

@throws CoppiceError `precondition` when it is not: data written there would end up beside the pool.
*/
export const checkMounted = async (dataset: string, pool: string): Promise<ZfsPlace> => {
	const mounts = await readMounts();
	const mount = mounts.findLast(({mountPoint}) => mountPoint === pool);
	if (mount === undefined || !isZfs(mount) || mount.source !== dataset) {
		throw new CoppiceError('precondition', `The ZFS dataset ${dataset} is not mounted at ${pool}.`, {
			hint: `Import its pool with \`zpool import\` if it is not there, then run \`zfs mount ${dataset}\`.`,
		});
	}

	return {dataset, mountpoint: pool, implementation: implementationOf(mount)};
};

/**
Makes sure that the pool's dataset is mounted at the pool's folder, and mounts it where it is not.

@throws CoppiceError `precondition` when there is no such dataset or it belongs elsewhere.
*/
export const mountPoolDataset = async (dataset: string, pool: string): Promise<ZfsPlace> => {
	if (datasetAt(await readMounts(), pool) !== dataset) {
		const {stdout, failure} = await tryZfs(['get', '-H', '-o', 'value', 'mountpoint', dataset], ['absent']);
		if (failure === undefined && stdout.trim() === pool) {
			await zfsOnceIdle(['mount', dataset]);
		}
	}

	return checkMounted(dataset, pool);
};

/** The dataset above those of all volumes. */
export const stacksDataset = (dataset: string): string => `${dataset}/stacks`;

/**
Makes the dataset above those of all volumes, if it is not there.

Database pages are 8 or 16 KiB and are written at random; with the usual record of 128 KiB, each page that a branch writes would
cost it a record of its own. Access times are off, for reading must not make a branch differ from its commit.
*/
export const createStacksDataset = async (dataset: string, implementation: ZfsImplementation): Promise<void> => {
	// What was written to the folder of a branch while it was not mounted must not vanish below it.
	const ofOpenZfs = implementation === 'openzfs' ? ['overlay=off'] : [];
	const options = ['mountpoint=none', 'atime=off', 'recordsize=16K', ...ofOpenZfs];
	await tryZfs(['create', ...options.flatMap(option => ['-o', option]), stacksDataset(dataset)], ['exists']);
};

const isEmptyOrAbsent = async (folder: string): Promise<boolean> => {
	try {
		const names = await readdir(folder);
		return names.length === 0;
	} catch (error) {
		if (isSystemError(error, 'ENOENT')) {
			return true;
		}

		throw error;
	}
};

/**
Makes the dataset of a pool under a dataset that is there, mounted at the pool's folder. Where one is there for this folder it is taken.
It is called `coppice`, or `coppice-2` and so on when another pool has that name.

The parent must be there; the pool's folder, an absolute path, must be empty or not there.

@returns The name of the dataset, for `pool.json`.
@throws CoppiceError `not-found` when there is no such parent, `precondition` when the folder is not empty.
*/
export const createZfsPoolDataset = async (place: {parent: string; pool: string}): Promise<string> => {
	const {parent, pool} = place;
	const folder = await resolvePath(path.resolve(pool));
	const {stdout, failure} = await tryZfs(['list', '-H', '-r', '-d', '1', '-t', 'filesystem', '-o', 'name,mountpoint', parent], ['absent']);
	if (failure !== undefined) {
		throw new CoppiceError('not-found', `There is no ZFS dataset ${parent}.`, {hint: 'List those that are there with `zfs list`.'});
	}

	const rows = parseRows(stdout);
	const existing = rows.find(([name = '', mountpoint]) => name.startsWith(`${parent}/coppice`) && mountpoint === folder)?.[0];
	let dataset = existing;
	if (dataset === undefined) {
		if (!await isEmptyOrAbsent(folder)) {
			throw new CoppiceError('precondition', `The folder ${folder} is not empty, so no ZFS dataset can be mounted there.`, {
				hint: 'Choose another folder for the pool, or move what is in it away.',
			});
		}

		const taken = new Set(rows.map(([name]) => name));
		dataset = `${parent}/coppice`;
		for (let number = 2; taken.has(dataset); number++) {
			dataset = `${parent}/coppice-${number}`;
		}

		await makeFolder(folder);
		await zfs('create', '-o', 'atime=off', '-o', `mountpoint=${folder}`, dataset);
	}

	const {implementation} = await mountPoolDataset(dataset, folder);
	if (existing === undefined) {
		if (implementation === 'openzfs') {
			// Off by default on Linux; without it the access lists of data that are restored here would be lost.
			await zfs('set', 'acltype=posixacl', dataset);
			await zfs('set', 'xattr=sa', dataset);
		}

		await chmod(folder, 0o755);
	}

	await createStacksDataset(dataset, implementation);
	return dataset;
};

/**
Destroys the dataset of a pool with everything in it. The caller has asked. Done already is no error.

@throws CoppiceError `conflict` when it is in use, or a clone of something in it is elsewhere.
*/
export const destroyZfsPoolDataset = async (dataset: string): Promise<void> => {
	await zfsOnceIdle(['unmount', dataset], ['unmounted', 'absent']);
	await zfsOnceIdle(['destroy', '-r', dataset], ['absent']);
};
