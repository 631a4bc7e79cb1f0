/**
What is mounted where, from `/proc/self/mountinfo` (proc_pid_mountinfo(5)).
*/
import {realpathSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import path from 'node:path';
import {isSystemError} from '../system/errors.ts';

export type Mount = {
	readonly mountPoint: string;

	/** `btrfs`, `ext4`, `fuse`, … */
	readonly type: string;

	/** A device, or the name of a dataset. */
	readonly source: string;

	/** Options of the file system, not of this mount point. */
	readonly options: readonly string[];
};

// Space, tab, newline and backslash are written as three octal digits.
const unescape = (text: string): string => text.replaceAll(/\\(?<octal>[0-7]{3})/gv, (_, octal: string) => String.fromCodePoint(Number.parseInt(octal, 8)));

/** Reads the lines of a mount table, in the order in which things were mounted. */
export const parseMounts = (text: string): Mount[] => text.split('\n').flatMap(line => {
	const [before = '', after] = line.split(' - ', 2);
	if (after === undefined) {
		return [];
	}

	const mountPoint = before.split(' ', 5)[4] ?? '';
	const [type = '', source = '', options = ''] = after.split(' ', 3);
	return [{
		mountPoint: unescape(mountPoint), type, source: unescape(source), options: options.split(','),
	}];
});

/** The path without symbolic links, as far as it exists. */
export const resolvePath = async (file: string): Promise<string> => {
	try {
		return realpathSync.native(file);
	} catch (error) {
		const parent = path.dirname(file);
		if (parent === file || !isSystemError(error, 'ENOENT')) {
			throw error;
		}

		return path.join(await resolvePath(parent), path.basename(file));
	}
};

/** The mount that a path is on, also where the path does not exist yet. */
export const findMount = async (file: string): Promise<Mount | undefined> => {
	const mounts = parseMounts(await readFile('/proc/self/mountinfo', 'utf8'));
	const resolved = await resolvePath(path.resolve(file));
	const isOn = ({mountPoint}: Mount) => `${resolved}/`.startsWith(mountPoint === '/' ? '/' : `${mountPoint}/`);

	// The deepest, and of several at one place the last: it hides the others.
	return mounts.filter(mount => isOn(mount)).toSorted((one, two) => one.mountPoint.length - two.mountPoint.length).at(-1);
};

/** What is mounted at exactly this place, last on top; nothing where it is a plain folder. */
export const mountsAt = async (folder: string): Promise<Mount[]> => {
	const mounts = parseMounts(await readFile('/proc/self/mountinfo', 'utf8'));
	const resolved = await resolvePath(path.resolve(folder));
	return mounts.filter(({mountPoint}) => mountPoint === resolved);
};
