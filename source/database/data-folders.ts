/**
Finds where below a folder an engine keeps its data, and removes what belongs to a process that no longer runs.

A volume may hold the data in a folder of its own (`PGDATA=/var/lib/postgresql/data/pgdata`), so folders below are looked into. A folder
that this user may not read is passed over: it is a container's, written under another user id, whose process ids mean nothing outside.
*/
import type {Dirent} from 'node:fs';
import {lstat, readdir, rm} from 'node:fs/promises';
import path from 'node:path';
import {isSystemError} from '../system/errors.ts';

const list = async (folder: string): Promise<Dirent[]> => {
	try {
		return await readdir(folder, {withFileTypes: true});
	} catch (error) {
		if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'EACCES')) {
			return [];
		}

		throw error;
	}
};

/**
What tells that a folder holds an engine's data: the names of one of these sets, all of them.
*/
export type DataMarks = ReadonlyArray<readonly string[]>;

/** Whether the names in a folder are those of an engine's data. */
export const hasMarks = (marks: DataMarks, names: ReadonlySet<string>): boolean => marks.some(mark => mark.every(name => names.has(name)));

/**
Whether there is something at a path that this user can see.
*/
export const isThere = async (file: string): Promise<boolean> => {
	try {
		await lstat(file);
		return true;
	} catch (error) {
		if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'EACCES')) {
			return false;
		}

		throw error;
	}
};

/**
Whether a folder itself holds an engine's data. It is not listed, however much it holds: a few names are looked up.
*/
export const isMarkedFolder = async (folder: string, marks: DataMarks): Promise<boolean> => {
	for (const mark of marks) {
		const found = await Promise.all(mark.map(async name => isThere(path.join(folder, name))));
		if (found.every(Boolean)) {
			return true;
		}
	}

	return false;
};

/**
The folders at or below a folder that hold what marks an engine's data; none below one that does.

At most two levels down, as deep as any official image goes.
*/
export const findDataFolders = async (folder: string, marks: DataMarks, depth = 2): Promise<string[]> => {
	const entries = await list(folder);
	if (hasMarks(marks, new Set(entries.map(({name}) => name)))) {
		return [folder];
	}

	const below = depth === 0 ? [] : entries.filter(entry => entry.isDirectory());
	const found = await Promise.all(below.map(async ({name}) => findDataFolders(path.join(folder, name), marks, depth - 1)));
	return found.flat();
};

/**
Removes files and sockets straight in a folder whose names are left by a process. Folders and links are kept.
*/
export const removeLeftovers = async (folder: string, isLeftover: (name: string) => boolean): Promise<void> => {
	for (const entry of await list(folder)) {
		if ((entry.isFile() || entry.isSocket()) && isLeftover(entry.name)) {
			await rm(path.join(folder, entry.name), {force: true});
		}
	}
};
