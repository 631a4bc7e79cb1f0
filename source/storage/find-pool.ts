/**
Finds the pool in a folder, else makes the best one that works there: btrfs or ZFS where the folder is on one, with root a
loop-mounted btrfs image, else a plain folder. It always says which, and why.
*/
import {randomUUID} from 'node:crypto';
import {existsSync} from 'node:fs';
import {readdir, statfs} from 'node:fs/promises';
import path from 'node:path';
import {CoppiceError, isSystemError} from '../system/errors.ts';
import {makeFolder} from './make-folder.ts';
import {findMount, resolvePath} from './mount-table.ts';
import {
	type PoolDescription,
	readBesidePoolFile,
	readPoolFile,
	writeBesidePoolFile,
	writePoolFile,
} from './pool-file.ts';
import {withPoolLock} from './pool-lock.ts';
import {type FoundPool, openPool, type PoolWish} from './pool.ts';

export {forgetPool} from './forget-pool.ts';

/**
How a pool will be made. What it is to be in (an image, a dataset) is there already.
*/
type Plan = {
	readonly description: Omit<PoolDescription, 'version' | 'id'>;
	readonly why: string;

	/** Whether something is mounted at the folder, so that a description beside it is needed. */
	readonly isMounted: boolean;

	/** The pool that turned out to be in the image already. */
	readonly existing?: PoolDescription;
};

/** Statfs(2), `BTRFS_SUPER_MAGIC`. */
const btrfsMagic = 0x91_23_68_3E;

/**
Finds or makes the pool that is wished for.

@throws CoppiceError `precondition` when the wish can't be fulfilled here, with the reason; `conflict` when there is a pool of another
driver than the one wished for.
*/
export const findOrMakePool = async (wish: PoolWish): Promise<FoundPool> => {
	const pool = await resolvePath(path.resolve(wish.path));
	const found = await findPool(pool, wish);
	if (found !== undefined) {
		return found;
	}

	return withPoolLock(pool, 'make', async () => {
		// Another process may have made it while this one waited.
		const meanwhile = await findPool(pool, wish);
		return meanwhile ?? makePool(pool, wish);
	});
};

const findPool = async (pool: string, wish: PoolWish): Promise<FoundPool | undefined> => {
	const description = await readPoolFile(pool) ?? await readBesidePoolFile(pool);
	if (description === undefined) {
		return undefined;
	}

	if (wish.driver !== undefined && wish.driver !== description.driver) {
		throw new CoppiceError('conflict', `The pool in ${pool} has the driver ${description.driver}, not ${wish.driver}.`, {
			hint: 'Choose another folder for a new pool, or leave the driver out.',
		});
	}

	return {...await openPool(pool), made: false, why: `${description.driver}, because the pool in ${pool} is one already`};
};

const makePool = async (pool: string, wish: PoolWish): Promise<FoundPool> => {
	await checkEmpty(pool);
	const {
		description: part, why, isMounted, existing,
	} = await choose(pool, wish);
	const description: PoolDescription = existing ?? {version: 1, id: randomUUID(), ...part};
	if (isMounted) {
		// From here on a crash leaves a pool that `openPool` finishes.
		await writeBesidePoolFile(pool, description);
	} else {
		await makeFolder(pool);
		await writePoolFile(pool, description);
	}

	return {...await openPool(pool), made: existing === undefined, why};
};

const checkEmpty = async (pool: string): Promise<void> => {
	try {
		const names = await readdir(pool);
		if (names.some(name => name !== 'lost+found')) {
			throw new CoppiceError('precondition', `The folder ${pool} is not empty and is no pool.`, {
				hint: 'Choose another folder for the pool, or move what is in it away.',
			});
		}
	} catch (error) {
		if (isSystemError(error, 'ENOTDIR')) {
			throw new CoppiceError('precondition', `${pool} is not a folder, so no pool can be made there.`, {hint: 'Choose another place for the pool.', cause: error});
		}

		if (!isSystemError(error, 'ENOENT')) {
			throw error;
		}
	}
};

const choose = async (pool: string, wish: PoolWish): Promise<Plan> => {
	switch (wish.driver ?? (wish.dataset === undefined ? undefined : 'zfs')) {
		case 'directory': {
			return {description: {driver: 'directory'}, why: 'directory, because that was asked for', isMounted: false};
		}

		case 'zfs': {
			return planZfs(pool, wish.dataset, 'because that was asked for');
		}

		case 'btrfs': {
			const plan = await planBtrfs(pool);
			if (typeof plan === 'string') {
				throw new CoppiceError('precondition', `No btrfs pool can be made in ${pool}: ${plan}.`, {
					hint: 'Run as root with btrfs-progs installed, choose a folder on btrfs, or leave the driver out.',
				});
			}

			return plan;
		}

		case undefined: {
			return chooseBest(pool);
		}
	}
};

/** Prefers what is there to what has to be made. */
const chooseBest = async (pool: string): Promise<Plan> => {
	const mount = await findMount(pool);
	const type = mount?.type ?? 'this file system';
	if (type === 'zfs' || type === 'fuse.zfs') {
		try {
			return await planZfs(pool, mount?.source, 'because the folder is on ZFS');
		} catch (error) {
			// Not delegated to this user, say: the next best works without.
			const reason = error instanceof CoppiceError ? error.message : String(error);
			return planDirectory(type, `no dataset can be made here (${reason})`);
		}
	}

	const plan = await planBtrfs(pool);
	return typeof plan === 'string' ? planDirectory(type, plan) : plan;
};

const planDirectory = (type: string, reason: string): Plan => ({
	description: {driver: 'directory'}, why: `directory, because the folder is on ${type} and ${reason}`, isMounted: false,
});

/**
@returns What is in the way where no btrfs pool can be made.
*/
const planBtrfs = async (pool: string): Promise<Plan | string> => {
	const {makeImage, imageObstacle} = await import('./loop-image.ts');
	const above = await nearestFolder(pool);
	if (await isOnBtrfs(above)) {
		const obstacle = await subvolumeObstacle(pool);
		return obstacle ?? {description: {driver: 'btrfs'}, why: 'btrfs, because the folder is on btrfs', isMounted: false};
	}

	const obstacle = await imageObstacle(pool);
	if (obstacle !== undefined) {
		return obstacle;
	}

	const mount = await findMount(above);
	try {
		const image = await makeImage(pool);
		const {enableMountUnit} = await import('./mount-unit.ts');
		const {mountImage, mountOptions, unmountImage} = await import('./loop-image.ts');
		// Tried before anything relies on it: a container may have loop devices and yet not be allowed to mount.
		await mountImage(pool, image);
		const existing = await readPoolFile(pool);
		await unmountImage(pool);
		await enableMountUnit(pool, image, mountOptions);
		return {
			description: {driver: 'btrfs', image}, isMounted: true, ...(existing !== undefined && {existing: {...existing, image}}),
			why: `btrfs in a loop-mounted image, because ${mount?.type ?? 'the file system'} can't share blocks between clones`,
		};
	} catch (error) {
		return `no btrfs image can be mounted (${error instanceof CoppiceError ? error.message : String(error)})`;
	}
};

const planZfs = async (pool: string, parent: string | undefined, because: string): Promise<Plan> => {
	const dataset = parent ?? await zfsDatasetOf(pool);
	if (dataset === undefined) {
		throw new CoppiceError('precondition', `No ZFS pool can be made in ${pool}: the folder is not on ZFS.`, {
			hint: 'Name an existing dataset to make the pool in (`--dataset`), or choose a folder on ZFS.',
		});
	}

	const {createZfsPoolDataset} = await import('./zfs/zfs-dataset.ts');
	return {
		description: {driver: 'zfs', dataset: await createZfsPoolDataset({parent: dataset, pool})}, why: `zfs, ${because}`, isMounted: true,
	};
};

const zfsDatasetOf = async (pool: string): Promise<string | undefined> => {
	const mount = await findMount(pool);
	return mount?.type === 'zfs' || mount?.type === 'fuse.zfs' ? mount.source : undefined;
};

/** The folder itself, or the nearest above it that is there. */
const nearestFolder = async (folder: string): Promise<string> => existsSync(folder) ? folder : nearestFolder(path.dirname(folder));

const isOnBtrfs = async (folder: string): Promise<boolean> => {
	const {type} = await statfs(folder);
	return type === btrfsMagic;
};

/** Tries it: a subvolume made and deleted. */
const subvolumeObstacle = async (pool: string): Promise<string | undefined> => {
	const {createSubvolume, deleteSubvolumes} = await import('./btrfs/subvolumes.ts');
	const probe = path.join(pool, `.probe-${randomUUID()}`);
	try {
		await makeFolder(pool);
		await createSubvolume(probe);
		await deleteSubvolumes([probe]);
		return undefined;
	} catch (error) {
		return `no subvolume can be made here (${error instanceof Error ? error.message : String(error)})`;
	}
};
