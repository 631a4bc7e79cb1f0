/**
Which ZFS dataset is mounted where, as the kernel tells: reading that takes microseconds where asking `zfs` takes a process, so it is what is
looked at while writers stand still.
*/
import {readFile} from 'node:fs/promises';
import {parseMounts, type Mount} from '../mount-table.ts';

export const readMounts = async (): Promise<Mount[]> => parseMounts(await readFile('/proc/self/mountinfo', 'utf8'));

/** `zfs` for OpenZFS in the kernel, `fuse.zfs` for zfs-fuse. */
export const isZfs = ({type}: Mount): boolean => type === 'zfs' || type === 'fuse.zfs';

/**
The dataset that is visible at exactly this folder, given by its real path.
*/
export const datasetAt = (mounts: readonly Mount[], folder: string): string | undefined => {
	const mount = mounts.findLast(({mountPoint}) => mountPoint === folder);
	return mount !== undefined && isZfs(mount) ? mount.source : undefined;
};
