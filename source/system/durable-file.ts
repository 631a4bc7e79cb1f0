/**
Files written whole or not at all: temporary name, fsync, rename, fsync of the folder.

After a power cut a reader finds the old content or the new, never a part. See rename(2) and fsync(2).
*/
import {
	mkdir,
	open,
	rename,
	rm,
} from 'node:fs/promises';
import {readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import {randomBytes} from 'node:crypto';
import {isSystemError} from './errors.ts';

/**
Makes the names in a folder last: fsync of the folder itself.
*/
export const syncFolder = async (folder: string): Promise<void> => {
	const handle = await open(folder, 'r');
	try {
		await handle.sync();
	} finally {
		await handle.close();
	}
};

/**
Writes a file whole or not at all, and makes it last. Missing folders are made.
*/
export const writeDurably = async (file: string, content: string | Uint8Array, options: {mode?: number} = {}): Promise<void> => {
	const folder = path.dirname(file);
	await mkdir(folder, {recursive: true});
	const temporary = path.join(folder, `.${path.basename(file)}.${randomBytes(6).toString('hex')}.tmp`);
	try {
		const handle = await open(temporary, 'wx', options.mode ?? 0o644);
		try {
			await handle.writeFile(content);
			await handle.sync();
		} finally {
			await handle.close();
		}

		await rename(temporary, file);
	} catch (error) {
		await rm(temporary, {force: true});
		throw error;
	}

	await syncFolder(folder);
};

/**
Renames within one file system, and makes both folders last.
*/
export const renameDurably = async (from: string, to: string): Promise<void> => {
	await rename(from, to);
	await syncFolder(path.dirname(to));
	if (path.dirname(from) !== path.dirname(to)) {
		await syncFolder(path.dirname(from));
	}
};

/**
Removes a file if it is there, and makes that last.
*/
export const removeDurably = async (file: string): Promise<void> => {
	try {
		await rm(file);
	} catch (error) {
		if (isSystemError(error, 'ENOENT')) {
			return;
		}

		throw error;
	}

	await syncFolder(path.dirname(file));
};

/**
The content of a small text file, or `undefined` where there is none.
*/
export const readIfThereSync = (file: string): string | undefined => {
	try {
		return readFileSync(file, 'utf8');
	} catch (error) {
		if (isSystemError(error, 'ENOENT', 'ENOTDIR')) {
			return undefined;
		}

		throw error;
	}
};

/**
The same as a promise that never waits. Read in step with the caller: every verb reads a dozen of these, and waking the threads that work for
promises takes longer than the reading.
*/
export const readIfThere = async (file: string): Promise<string | undefined> => readIfThereSync(file);

/**
The names in a folder in order, or none where there is no folder. Temporary files of writers are left out. In step with the caller, too.
*/
export const listIfThere = async (folder: string): Promise<string[]> => {
	try {
		const names = readdirSync(folder);
		return names.filter(name => !(name.startsWith('.') && name.endsWith('.tmp'))).toSorted();
	} catch (error) {
		if (isSystemError(error, 'ENOENT', 'ENOTDIR')) {
			return [];
		}

		throw error;
	}
};
