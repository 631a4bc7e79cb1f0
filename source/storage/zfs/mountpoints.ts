/**
Folders that datasets are mounted at. They are plain folders of the pool's own dataset.
*/
import {lstat, rmdir} from 'node:fs/promises';
import {CoppiceError, isSystemError} from '../../system/errors.ts';

/** What to do about a full pool. */
export const roomHint = 'Make room: delete commits that are not needed with `coppice prune`, or give the pool another disk with `zpool add`.';

/**
Does something with files of the pool, and says a full pool in our words.
*/
export const withFiles = async <T>(action: () => Promise<T>): Promise<T> => {
	try {
		return await action();
	} catch (error) {
		throw isSystemError(error, 'ENOSPC', 'EDQUOT') ? new CoppiceError('failed', 'The ZFS pool is full.', {cause: error, hint: roomHint}) : error;
	}
};

/**
Removes a folder that a dataset was mounted at, if nothing is in it or on it.
*/
export const removeMountpoint = async (folder: string): Promise<void> => {
	try {
		await rmdir(folder);
	} catch (error) {
		if (!isSystemError(error, 'ENOENT', 'ENOTEMPTY', 'EEXIST', 'EBUSY', 'ENOTDIR')) {
			throw error;
		}
	}
};

export const isThere = async (file: string): Promise<boolean> => {
	try {
		await lstat(file);
		return true;
	} catch (error) {
		if (isSystemError(error, 'ENOENT', 'ENOTDIR')) {
			return false;
		}

		throw error;
	}
};
