/**
Pools: the copy-on-write storage of a host. Opened with the driver that `pool.json` names; found or made by `find-pool.ts`.

Drivers are imported when they are needed: a command that only looks must start quickly.
*/
import path from 'node:path';
import {CoppiceError} from '../system/errors.ts';
import type {StorageDriver, DriverName} from './driver.ts';
import {resolvePath} from './mount-table.ts';
import {
	besidePoolFile,
	type PoolDescription,
	readBesidePoolFile,
	readPoolFile,
	writePoolFile,
} from './pool-file.ts';

export type {PoolDescription} from './pool-file.ts';

/**
An open pool.
*/
export type Pool = {
	/** The pool's folder, without symbolic links. */
	readonly path: string;
	readonly description: PoolDescription;
	readonly driver: StorageDriver;
};

/** `why` says in one sentence how the pool was chosen, for the user. */
export type FoundPool = Pool & {
	readonly made: boolean;
	readonly why: string;
};

export type PoolWish = {
	/** Where the pool is or should be. */
	readonly path: string;

	/** Only this driver; else the best that works here. */
	readonly driver?: DriverName;

	/** An existing ZFS dataset to make the pool in. */
	readonly dataset?: string;
};

const loadDriver = async (pool: string, description: PoolDescription): Promise<StorageDriver> => {
	switch (description.driver) {
		case 'btrfs': {
			const {createBtrfsDriver} = await import('./btrfs/btrfs-driver.ts');
			if (description.image === undefined) {
				return createBtrfsDriver({pool});
			}

			const {imageSpace} = await import('./loop-space.ts');
			return createBtrfsDriver({pool, ...imageSpace(pool, description.image)});
		}

		case 'zfs': {
			const {createZfsDriver} = await import('./zfs/zfs-driver.ts');
			return createZfsDriver({pool, dataset: description.dataset ?? ''});
		}

		case 'directory': {
			const {createDirectoryDriver} = await import('./directory/directory-driver.ts');
			return createDirectoryDriver({pool});
		}
	}
};

/**
Whether there is a pool in a folder, be it mounted or not. Opens and mounts nothing.
*/
export const isPoolKnown = async (folder: string): Promise<boolean> => {
	const pool = await resolvePath(path.resolve(folder));
	return await readPoolFile(pool) !== undefined || await readBesidePoolFile(pool) !== undefined;
};

/**
Opens the pool in a folder. One that has to be mounted and is not (after a reboot, say) is mounted again where this user may.

@throws CoppiceError `precondition` when there is no pool, it is not mounted and can't be, or it is of a newer version or of an
unknown driver; `failed` when its description is damaged.
*/
export const openPool = async (folder: string): Promise<Pool> => {
	const pool = await resolvePath(path.resolve(folder));
	const description = await readPoolFile(pool) ?? await mountKnown(pool);
	if (description === undefined) {
		throw new CoppiceError('precondition', `There is no pool in ${pool}.`, {
			hint: 'If it is on a disk of its own, mount that. Else run `coppice init`, which makes one.',
		});
	}

	return {path: pool, description, driver: await loadDriver(pool, description)};
};

/** Mounts a pool that is known by its description beside the folder. */
const mountKnown = async (pool: string): Promise<PoolDescription | undefined> => {
	const description = await readBesidePoolFile(pool);
	if (description === undefined) {
		return undefined;
	}

	if (description.image !== undefined) {
		const {mountImage} = await import('./loop-image.ts');
		await mountImage(pool, description.image);
	} else if (description.driver === 'zfs') {
		// The driver mounts its dataset.
		await loadDriver(pool, description);
	}

	const mounted = await readPoolFile(pool);
	if (mounted === undefined) {
		// It was cut off while it was being made: this is the last step.
		await writePoolFile(pool, description);
	} else if (mounted.id !== description.id) {
		throw new CoppiceError('conflict', `Another pool is mounted at ${pool} than the one described in ${besidePoolFile(pool)}.`, {
			hint: 'Unmount the one that does not belong there.',
		});
	}

	return description;
};
