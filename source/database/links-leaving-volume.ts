/**
Links in a database's data that lead out of its volume: a tablespace, a `pg_wal` elsewhere. What they lead to is in no snapshot, and
a clone would write to it.
*/
import {readdir, readlink} from 'node:fs/promises';
import path from 'node:path';
import {CoppiceError, isSystemError} from '../system/errors.ts';

export type LeavingLink = {
	/** Relative to the data folder. */
	readonly path: string;
	readonly target: string;
};

/** Deep enough for `pg_tblspc/16384` in `18/docker/`, and for the folder of a database. */
const deepest = 4;

/**
Finds links that lead out of a volume.

`mountedAt` is where the service mounts the volume: an absolute link to below it stays inside.

@throws CoppiceError `permission` where a folder may not be read.
*/
export const linksLeavingVolume = async (dataFolder: string, options: {readonly mountedAt?: string} = {}): Promise<readonly LeavingLink[]> => {
	const {mountedAt} = options;
	const found: LeavingLink[] = [];
	const isInside = (target: string, link: string): boolean => {
		const base = path.isAbsolute(target) ? mountedAt : dataFolder;
		if (base === undefined) {
			return false;
		}

		const relative = path.relative(base, path.isAbsolute(target) ? target : path.resolve(path.dirname(link), target));
		return relative !== '..' && !relative.startsWith('../');
	};

	const walk = async (folder: string, depth: number): Promise<void> => {
		let entries;
		try {
			entries = await readdir(folder, {withFileTypes: true});
		} catch (error) {
			// A server that runs removes folders meanwhile.
			if (isSystemError(error, 'ENOENT', 'ENOTDIR')) {
				return;
			}

			if (isSystemError(error, 'EACCES', 'EPERM')) {
				throw new CoppiceError('permission', `${folder} may not be read, so links that leave the volume can't be told`, {
					file: folder, hint: 'Run the command as the user that the data belong to, or as root.', cause: error,
				});
			}

			throw error;
		}

		for (const entry of entries) {
			const full = path.join(folder, entry.name);
			if (entry.isSymbolicLink()) {
				const target = await readlink(full);
				if (!isInside(target, full)) {
					found.push({path: path.relative(dataFolder, full), target});
				}
			} else if (depth < deepest && entry.isDirectory()) {
				await walk(full, depth + 1);
			}
		}
	};

	await walk(dataFolder, 1);
	return found;
};
