/**
What can be done to a single dataset: mounted, unmounted, given another place, cloned, destroyed. Each may be done again.
*/
import {CoppiceError} from '../../system/errors.ts';
import type {VolumeDataset} from './volume-datasets.ts';
import {zfs, zfsOnceIdle} from './zfs-command.ts';
import {datasetAt, readMounts} from './zfs-mounts.ts';

/**
Makes sure that a dataset is mounted where it should be, if anywhere.
*/
export const mountDataset = async ({
	name, property, mountpoint, mounted,
}: Pick<VolumeDataset, 'name' | 'property' | 'mountpoint' | 'mounted'>): Promise<void> => {
	if (mounted || mountpoint === undefined) {
		return;
	}

	if (property !== mountpoint) {
		await zfsOnceIdle(['set', `mountpoint=${mountpoint}`, name]);
	}

	const isMounted = async () => datasetAt(await readMounts(), mountpoint) === name;
	if (await isMounted()) {
		return;
	}

	await zfsOnceIdle(['mount', name], ['mounted']);
	if (!await isMounted()) {
		throw new CoppiceError('failed', `The dataset ${name} could not be mounted at ${mountpoint}.`, {
			hint: `Look at it with \`zfs get canmount,mounted,mountpoint ${name}\`.`,
		});
	}
};

/**
@throws CoppiceError `conflict` when it is in use; it is left mounted then.
*/
export const unmountDataset = async (name: string): Promise<void> => {
	await zfsOnceIdle(['unmount', name], ['unmounted']);
};

/**
Mounts a dataset at another folder from now on: it is something else then.

@throws CoppiceError `conflict` when it is in use; nothing is changed then.
*/
export const placeDataset = async ({name}: VolumeDataset, folder: string): Promise<void> => {
	await zfsOnceIdle(['set', `mountpoint=${folder}`, name]);
	await mountDataset({
		name, property: folder, mountpoint: folder, mounted: false,
	});
};

/**
Makes a dataset of this name, a clone of a snapshot, and mounts it at a folder. Whole or not there.
*/
export const cloneSnapshot = async (snapshot: string, name: string, folder: string, options: readonly string[] = []): Promise<void> => {
	await zfs('clone', ...options, '-o', `mountpoint=${folder}`, snapshot, name);
	await mountDataset({
		name, property: folder, mountpoint: folder, mounted: false,
	});
};

/**
Unmounts and destroys a dataset. ZFS refuses where a snapshot of it is left.
*/
export const destroyDataset = async (name: string): Promise<void> => {
	await zfsOnceIdle(['unmount', name], ['unmounted', 'absent']);
	await zfsOnceIdle(['destroy', name], ['absent']);
};
