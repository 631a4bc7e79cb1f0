/**
Storage in any folder: every branch, staged clone and snapshot is a copy of its own. Blocks are shared where the file system
can (`reflink`); elsewhere a clone takes the time and the space of a full copy, and says so.
*/
import {statSync} from 'node:fs';
import {
	chmod,
	mkdir,
	rename,
	rm,
	utimes,
} from 'node:fs/promises';
import path from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {syncFolder} from '../../system/durable-file.ts';
import type {DriverTraits, StorageDriver} from '../driver.ts';
import {emptyFolder} from '../empty-folder.ts';
import {createFolderDriver, makingName, stampFolder} from '../folder-driver.ts';
import type {FolderEngine} from '../folder-engine.ts';
import {canReflink, copyFolder} from './copy-folder.ts';

/** Longer than a tick of the clock that stamps files. */
const tick = 30;

/** A snapshot's folder: nothing is to be put beside `data`, whose own modes stay as they are. */
const sealedMode = 0o555;
const openMode = 0o755;

const traitsOf = async (pool: string): Promise<DriverTraits> => {
	const sharesBlocks = await canReflink(pool);
	return {
		sharesBlocks,
		cloneMethod: sharesBlocks ? 'reflink copy' : 'full copy',
		limits: [
			...(sharesBlocks ? [] : ['Every commit and every branch takes the time and the space of a full copy, because this file system can\'t share blocks.']),
			'Commits are read-only by agreement: the user whose files they are, and root, could write to them.',
			'Between two commits, a file whose size, owner, mode and time of modification are the same is taken as unchanged.',
		],
	};
};

/** Whether a folder's mode lets nobody write. */
const isSealed = (folder: string): boolean => {
	const {mode} = statSync(folder);
	return Math.trunc(mode / 0o200) % 2 === 0;
};

/**
Copies `data` under a name that says that it is not whole, and renames when it is.

@param finish - What makes the copy a snapshot or a clone.
*/
const copyWhole = async (from: string, to: string, finish: (making: string) => Promise<void>): Promise<void> => {
	const making = makingName(to);
	try {
		await mkdir(making, openMode);
		await copyFolder(path.join(from, 'data'), path.join(making, 'data'));
		await chmod(making, openMode);
		await finish(making);
		await syncFolder(making);
		await rename(making, to);
		await syncFolder(path.dirname(to));
	} catch (error) {
		await removeFolders([making]);
		throw error;
	}
};

const removeFolders = async (folders: readonly string[]): Promise<void> => {
	for (const folder of folders) {
		await chmod(folder, openMode);
		await emptyFolder(folder);
		// A copy whose command was killed may still be writing: it is waited out.
		await rm(folder, {
			recursive: true, force: true, maxRetries: 10, retryDelay: 50,
		});
	}
};

export const createDirectoryDriver = async (options: {readonly pool: string}): Promise<StorageDriver> => {
	const {pool} = options;
	const engine: FolderEngine = {
		name: 'directory',
		traits: await traitsOf(pool),
		clones: 'copy',

		async create(folder) {
			await mkdir(folder);
		},

		async takeSnapshot(from, to) {
			const takenAt = new Date();
			await copyWhole(from, to, async making => {
				await utimes(making, takenAt, takenAt);
				await chmod(making, sealedMode);
			});
		},

		async makeClone(from, to) {
			await copyWhole(from, to, async making => {
				// From the stamp on, no file of the clone has a time of change that the copying gave it.
				await delay(tick);
				stampFolder(making);
			});
		},

		async seal(folder) {
			await chmod(folder, sealedMode);
			await syncFolder(folder);
			await syncFolder(path.dirname(folder));
		},

		isSealed,
		destroysAtOnce: false,
		destroy: removeFolders,
	};
	return createFolderDriver(pool, engine);
};
