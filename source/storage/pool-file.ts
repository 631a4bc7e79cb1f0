/**
`pool.json`: what a pool is. A pool that has to be mounted has a copy beside its folder, so that it is known while it is not.
*/
import {readIfThere, writeDurably} from '../system/durable-file.ts';
import {CoppiceError} from '../system/errors.ts';
import type {DriverName} from './driver.ts';
import {poolFile} from './layout.ts';

/**
What `pool.json` holds.
*/
export type PoolDescription = {
	readonly version: 1;
	readonly id: string;
	readonly driver: DriverName;

	/** The ZFS dataset that is mounted at the pool's folder. */
	readonly dataset?: string;

	/** The btrfs image that is loop-mounted at the pool's folder. */
	readonly image?: string;
};

const driverNames: ReadonlySet<unknown> = new Set<DriverName>(['btrfs', 'zfs', 'directory']);

/** The copy beside the pool's folder. */
export const besidePoolFile = (pool: string): string => `${pool}.json`;

/**
Reads a description.

@returns `undefined` where there is no such file.
@throws CoppiceError `failed` where it is cut or not a description; `precondition` where this version can't use the pool.
*/
const readDescription = async (file: string): Promise<PoolDescription | undefined> => {
	const text = await readIfThere(file);
	return text === undefined ? undefined : parseDescription(text, file);
};

/**
Checks the text of a `pool.json`.
*/
export const parseDescription = (text: string, file: string): PoolDescription => {
	const damaged = (cause?: unknown) => new CoppiceError('failed', `The description of the pool in ${file} is damaged.`, {
		hint: 'Put it back from a backup; the data in the pool are not touched by this.', file, cause,
	});
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch (error) {
		throw damaged(error);
	}

	if (typeof value !== 'object' || value === null) {
		throw damaged();
	}

	const {
		version, id, driver, dataset, image,
	} = value as Record<string, unknown>;
	if (typeof version === 'number' && version > 1) {
		throw new CoppiceError('precondition', `The pool described in ${file} was made by a newer Coppice (version ${version} of the layout).`, {
			hint: 'Update Coppice on this host.', file,
		});
	}

	if (version !== 1 || typeof id !== 'string' || typeof driver !== 'string') {
		throw damaged();
	}

	if (!driverNames.has(driver)) {
		throw new CoppiceError('precondition', `The pool described in ${file} needs the storage driver ${JSON.stringify(driver)}, which this Coppice does not have.`, {
			hint: `The drivers are ${[...driverNames].join(', ')}. Update Coppice if the pool is of a newer one.`, file,
		});
	}

	return {
		version,
		id,
		driver: driver as DriverName,
		...(typeof dataset === 'string' && {dataset}),
		...(typeof image === 'string' && {image}),
	};
};

/** The description in the pool's folder: there only while the pool is mounted. */
export const readPoolFile = async (pool: string): Promise<PoolDescription | undefined> => readDescription(poolFile(pool));

/** The copy beside the pool's folder, for pools that have to be mounted. */
export const readBesidePoolFile = async (pool: string): Promise<PoolDescription | undefined> => readDescription(besidePoolFile(pool));

export const writePoolFile = async (pool: string, description: PoolDescription): Promise<void> => {
	await writeDurably(poolFile(pool), `${JSON.stringify(description, undefined, '\t')}\n`);
};

export const writeBesidePoolFile = async (pool: string, description: PoolDescription): Promise<void> => {
	await writeDurably(besidePoolFile(pool), `${JSON.stringify(description, undefined, '\t')}\n`);
};
