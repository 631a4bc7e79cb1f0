/**
One process at a time makes, mounts or grows a pool: two loop devices over one image would ruin the file system in it.
*/
import path from 'node:path';
import {CoppiceError, isSystemError} from '../system/errors.ts';
import {makeFolder} from './make-folder.ts';

/** `make` is taken before `mount` where both are needed. */
export type PoolLockPurpose = 'make' | 'mount';

/**
Runs an action while no other process runs one of the same purpose on the same pool. Waits up to 30 s for another; a lock whose holder died is
broken after 10 s.
*/
export const withPoolLock = async <T>(pool: string, purpose: PoolLockPurpose, action: () => Promise<T>): Promise<T> => {
	// A CommonJS module: bundled, its parts are on the default export alone.
	const {default: {lock}} = await import('proper-lockfile');
	await makeFolder(path.dirname(pool));
	let release: () => Promise<void>;
	try {
		release = await lock(`${pool}.${purpose}`, {
			realpath: false,
			stale: 10_000,
			retries: {
				retries: 150, factor: 1, minTimeout: 200, maxTimeout: 200,
			},
		});
	} catch (error) {
		if (isSystemError(error, 'ELOCKED')) {
			throw new CoppiceError('conflict', `Another command is making or mounting the pool ${pool}.`, {hint: 'Try again when it is done.', cause: error});
		}

		throw error;
	}

	try {
		return await action();
	} finally {
		await release();
	}
};
