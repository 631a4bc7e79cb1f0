/**
Streams that were received in part: the folders `incoming/<snapshot id>` of a volume. The next try goes on from them, so neither a crash nor `clean`
removes them; who lists them decides by their age.
*/
import {rm, stat} from 'node:fs/promises';
import path from 'node:path';
import {listIfThere, syncFolder} from '../system/durable-file.ts';
import {isSystemError} from '../system/errors.ts';
import {isSnapshotId} from '../system/names.ts';
import {incomingFolder, type VolumeAddress} from './layout.ts';

export type Spool = {
	/** The id of the snapshot that is received. */
	readonly snapshot: string;
	readonly folder: string;

	/** Milliseconds since 1970 when something was written to it last. */
	readonly changedAt: number;

	/** Bytes of disk that it takes. */
	readonly diskBytes: number;
};

/** Where a stream is kept while it comes in. */
export const spoolFolder = (pool: string, address: VolumeAddress, snapshot: string): string => path.join(incomingFolder(pool, address), snapshot);

/**
@param pool - The pool's folder.
@returns The oldest first.
*/
export const listSpools = async (pool: string, address: VolumeAddress): Promise<Spool[]> => {
	const names = await listIfThere(incomingFolder(pool, address));
	const ids = names.filter(name => isSnapshotId(name));
	const spools = await Promise.all(ids.map(async snapshot => measureSpool(snapshot, spoolFolder(pool, address, snapshot))));
	return spools.filter(spool => spool !== undefined).toSorted((one, two) => one.changedAt - two.changedAt);
};

const measureSpool = async (snapshot: string, folder: string): Promise<Spool | undefined> => {
	const names = await listIfThere(folder);
	const all = await Promise.all([folder, ...names.map(name => path.join(folder, name))].map(async file => statIfThere(file)));
	const [own, ...files] = all;
	if (own === undefined) {
		return undefined;
	}

	return {
		snapshot,
		folder,
		changedAt: Math.max(own.mtimeMs, ...files.map(stats => stats?.mtimeMs ?? 0)),
		diskBytes: files.reduce((sum, stats) => sum + ((stats?.blocks ?? 0) * 512), 0),
	};
};

/** It may be done and removed while it is looked at. */
const statIfThere = async (file: string) => {
	try {
		return await stat(file);
	} catch (error) {
		if (isSystemError(error, 'ENOENT')) {
			return undefined;
		}

		throw error;
	}
};

/** Removes a spool: its next try starts from the beginning. One that is not there is no error. */
export const removeSpool = async (pool: string, address: VolumeAddress, snapshot: string): Promise<void> => {
	const folder = spoolFolder(pool, address, snapshot);
	await rm(folder, {recursive: true, force: true});
	if (await statIfThere(path.dirname(folder)) !== undefined) {
		await syncFolder(path.dirname(folder));
	}
};
