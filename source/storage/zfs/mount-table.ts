/**
The kernel's table of mounts, read from `/proc/self/mountinfo` (proc(5)): which ZFS dataset is mounted where.

Reading it takes microseconds where asking `zfs` takes a process, so it is what is looked at while writers stand still.
*/
import {readFile} from 'node:fs/promises';

export type Mount = {
	/** What is mounted: a dataset's name for ZFS. */
	readonly source: string;
	readonly mountpoint: string;

	/** `zfs` for OpenZFS in the kernel, `fuse.zfs` for zfs-fuse. */
	readonly type: string;
};

/** Blanks and backslashes are written as three octal digits. */
const unescape = (text: string): string => text.replaceAll(/\\\d{3}/gv, escape => String.fromCodePoint(Number.parseInt(escape.slice(1), 8)));

/**
Parses the text of a mountinfo file, in its order: a later mount at the same folder hides an earlier one.
*/
export const parseMounts = (text: string): Mount[] => {
	const mounts: Mount[] = [];
	for (const line of text.split('\n')) {
		const fields = line.split(' ');
		const separator = fields.indexOf('-', 6);
		const [mountpoint, type, source] = [fields[4], fields[separator + 1], fields[separator + 2]];
		if (separator !== -1 && mountpoint !== undefined && type !== undefined && source !== undefined) {
			mounts.push({source: unescape(source), mountpoint: unescape(mountpoint), type});
		}
	}

	return mounts;
};

export const readMounts = async (): Promise<Mount[]> => parseMounts(await readFile('/proc/self/mountinfo', 'utf8'));

/**
What is visible at exactly this folder, if it is a mountpoint.
*/
export const mountAt = (mounts: readonly Mount[], folder: string): Mount | undefined => mounts.findLast(mount => mount.mountpoint === folder);

/**
The mount that holds a folder, given by its real path.
*/
export const mountHolding = (mounts: readonly Mount[], folder: string): Mount | undefined => {
	let best: Mount | undefined;
	for (const mount of mounts) {
		const prefix = mount.mountpoint === '/' ? '/' : `${mount.mountpoint}/`;
		if ((mount.mountpoint === folder || folder.startsWith(prefix)) && mount.mountpoint.length >= (best?.mountpoint.length ?? 0)) {
			best = mount;
		}
	}

	return best;
};

export const isZfs = ({type}: Mount): boolean => type === 'zfs' || type === 'fuse.zfs';
