/**
Removing what services left behind, whatever its modes.
*/
import {chmod, readdir, rm} from 'node:fs/promises';
import path from 'node:path';
import {CoppiceError, isSystemError} from '../system/errors.ts';

/**
Removes everything in a folder, also where its owner has no right to write.

@throws CoppiceError `permission` naming the folder where files of other users are in the way.
*/
export const emptyFolder = async (folder: string): Promise<void> => {
	try {
		const names = await readdir(folder);
		for (const name of names) {
			await removeTree(path.join(folder, name));
		}
	} catch (error) {
		if (isSystemError(error, 'EACCES', 'EPERM')) {
			throw new CoppiceError('permission', `The files in ${folder} belong to another user and can't be removed.`, {
				hint: 'Run the command as root.', file: folder, cause: error,
			});
		}

		throw error;
	}
};

const removeTree = async (folder: string): Promise<void> => {
	try {
		await rm(folder, {recursive: true, force: true});
	} catch (error) {
		if (!isSystemError(error, 'EACCES')) {
			throw error;
		}

		// A folder of our own without the right to write.
		await makeFoldersWritable(folder);
		await rm(folder, {recursive: true, force: true});
	}
};

const makeFoldersWritable = async (folder: string): Promise<void> => {
	await chmod(folder, 0o700);
	const entries = await readdir(folder, {withFileTypes: true});
	for (const entry of entries) {
		if (entry.isDirectory()) {
			await makeFoldersWritable(path.join(folder, entry.name));
		}
	}
};
