/**
Subvolumes by the `btrfs` program (btrfs-subvolume(8), btrfs-property(8)).

Making a snapshot is one transaction of the file system: it is there whole or not at all, also after a power cut.
*/
import {accessSync, constants, existsSync} from 'node:fs';
import {rmdir} from 'node:fs/promises';
import {CoppiceError, isSystemError} from '../../system/errors.ts';
import {isRoot, runCommand, tryCommand} from '../../system/run-command.ts';
import {emptyFolder} from '../empty-folder.ts';

const hint = 'Run `coppice doctor`: it says what the pool lacks.';

export const createSubvolume = async (folder: string): Promise<void> => {
	await runCommand(['btrfs', 'subvolume', 'create', folder], {hint});
};

/** A read-only snapshot. `to` must not be there: `btrfs` would make the snapshot inside it. */
export const takeReadOnlySnapshot = async (from: string, to: string): Promise<void> => {
	await runCommand(['btrfs', 'subvolume', 'snapshot', '-r', from, to], {hint});
};

/** A writable snapshot. `to` must not be there. */
export const takeWritableSnapshot = async (from: string, to: string): Promise<void> => {
	await runCommand(['btrfs', 'subvolume', 'snapshot', from, to], {hint});
};

/** Makes a subvolume read-only; the file system commits a transaction with it. */
export const makeReadOnly = async (folder: string): Promise<void> => {
	await runCommand(['btrfs', 'property', 'set', folder, 'ro', 'true'], {hint});
};

/** Whether a subvolume is read-only. Root too gets EROFS from access(2) there. */
export const isReadOnly = (folder: string): boolean => {
	try {
		accessSync(folder, constants.W_OK);
		return false;
	} catch (error) {
		if (isSystemError(error, 'EROFS')) {
			return true;
		}

		// Another user's, say: not for us to tell, and no reason to seal it.
		if (isSystemError(error, 'EACCES', 'EPERM')) {
			return false;
		}

		throw error;
	}
};

/**
Milliseconds since 1970, whole seconds, when a subvolume was made; its inode has the times of what it is a snapshot of. Needs root.
*/
export const readCreation = async (folder: string): Promise<number> => {
	const {stdout} = await runCommand(['btrfs', 'subvolume', 'show', folder], {hint});
	const {date, time, zone} = /Creation time:[\t ]*(?<date>[\d\-]{10}) (?<time>[\d:]{8}) (?<zone>[+\-]\d{4})/v.exec(stdout)?.groups ?? {};
	const milliseconds = Date.parse(`${date}T${time}${zone}`);
	if (Number.isNaN(milliseconds)) {
		throw new CoppiceError('failed', `btrfs does not tell when ${folder} was made.`, {hint, file: folder});
	}

	return milliseconds;
};

/**
Deletes subvolumes, read-only or not.

A plain user may delete one where the file system is mounted with `user_subvol_rm_allowed`, after making it writable; elsewhere
only an empty one, by rmdir(2) (Linux 4.18), so it is emptied first.
*/
export const deleteSubvolumes = async (folders: readonly string[]): Promise<void> => {
	if (folders.length === 0) {
		return;
	}

	if (isRoot()) {
		const {exitCode} = await tryCommand(['btrfs', 'subvolume', 'delete', ...folders]);
		if (exitCode === 0) {
			return;
		}
	}

	// Some may be gone by now: the program goes on after one that it can't delete.
	for (const folder of folders) {
		if (existsSync(folder)) {
			await deleteSubvolume(folder);
		}
	}
};

const deleteSubvolume = async (folder: string): Promise<void> => {
	if (isReadOnly(folder)) {
		await runCommand(['btrfs', 'property', 'set', '-f', folder, 'ro', 'false'], {hint});
	}

	const {exitCode} = await tryCommand(['btrfs', 'subvolume', 'delete', folder]);
	if (exitCode === 0) {
		return;
	}

	// Not allowed here, or another subvolume was made inside.
	await emptyFolder(folder);
	try {
		await rmdir(folder);
	} catch (error) {
		if (!isSystemError(error, 'ENOENT')) {
			throw new CoppiceError('permission', `The subvolume ${folder} can't be deleted.`, {
				hint: 'Run the command as root, or mount the file system with user_subvol_rm_allowed.', file: folder, cause: error,
			});
		}
	}
};
