/**
Snapshots opened for reading, at a folder `incoming/open-<process>-<random>` of the volume.

OpenZFS mounts a snapshot anywhere by itself, wherever its dataset is mounted or not. zfs-fuse can't: a read-only clone is made and
mounted. What a process left that was killed while it read is told by its mark, and closed by `closeDead`.
*/
import {mkdir} from 'node:fs/promises';
import path from 'node:path';
import {failpoint} from '../../system/failpoint.ts';
import {isMarkAlive} from '../../system/process-table.ts';
import {runCommand, tryCommand} from '../../system/run-command.ts';
import type {OpenSnapshot} from '../driver.ts';
import {incomingFolder, volumeFolder, type VolumeAddress} from '../layout.ts';
import {makeFolder} from '../make-folder.ts';
import type {Mount} from '../mount-table.ts';
import {cloneSnapshot, destroyDataset} from './dataset-actions.ts';
import {removeMountpoint, withFiles} from './mountpoints.ts';
import {newOpening, openedBy} from './volume-datasets.ts';
import {isZfs, readMounts} from './zfs-mounts.ts';

const once = (folder: string, close: () => Promise<void>): OpenSnapshot => {
	let closing: Promise<void> | undefined;
	const closeWhole = async () => {
		await close();
		await removeMountpoint(folder);
	};

	return {
		path: path.join(folder, 'data'),
		async close() {
			closing ??= closeWhole();
			await closing;
		},
	};
};

const newFolder = async (pool: string, address: VolumeAddress): Promise<string> => {
	const incoming = incomingFolder(pool, address);
	await withFiles(async () => {
		await makeFolder(volumeFolder(pool, address));
		await mkdir(incoming, {recursive: true, mode: 0o700});
	});
	return path.join(incoming, newOpening());
};

/**
Opens a snapshot, by its full name, through a mount of its own.
*/
export const openByMount = async (pool: string, address: VolumeAddress, snapshot: string): Promise<OpenSnapshot> => {
	const folder = await newFolder(pool, address);
	await withFiles(async () => mkdir(folder));
	try {
		await runCommand(['mount', '-t', 'zfs', '-o', 'ro', snapshot, folder]);
		failpoint('zfs-mount-snapshot');
	} catch (error) {
		await removeMountpoint(folder);
		throw error;
	}

	return once(folder, async () => {
		await runCommand(['umount', folder], {hint: 'Stop what reads there, and run the command again.'});
	});
};

/**
Opens a snapshot, by its full name, through a clone of the name given.
*/
export const openByClone = async (pool: string, address: VolumeAddress, snapshot: string, clone: string): Promise<OpenSnapshot> => {
	const folder = await newFolder(pool, address);
	await cloneSnapshot(snapshot, clone, folder, ['-o', 'readonly=on']);
	return once(folder, async () => destroyDataset(clone));
};

/** Mounts of snapshots of a volume by processes that are gone. */
export const deadOpenings = async (pool: string, address: VolumeAddress): Promise<Mount[]> => {
	const prefix = `${incomingFolder(pool, address)}/`;
	const mounts = await readMounts();
	return mounts.filter(mount => {
		const mark = openedBy(mount.mountPoint);
		return isZfs(mount) && mount.source.includes('@') && mount.mountPoint.startsWith(prefix) && mark !== undefined && !isMarkAlive(mark);
	});
};

/** Unmounts what processes that are gone had opened. */
export const closeDead = async (pool: string, address: VolumeAddress): Promise<void> => {
	for (const {mountPoint} of await deadOpenings(pool, address)) {
		await tryCommand(['umount', mountPoint]);
		await removeMountpoint(mountPoint);
	}
};
