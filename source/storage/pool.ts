/**
Pools: the copy-on-write storage of a host. Found, else made; opened with the driver that `pool.json` names.
*/
import type {StorageDriver, DriverName} from './driver.ts';

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

/**
An open pool. `why` says in one sentence how it was chosen, for the user.
*/
export type Pool = {
	readonly path: string;
	readonly description: PoolDescription;
	readonly driver: StorageDriver;
};

export type FoundPool = Pool & {
	readonly made: boolean;
	readonly why: string;
};

export type PoolWish = {
	/** Where the pool is or should be. */
	readonly path: string;

	/** Only this driver; else the best that works here. */
	readonly driver?: DriverName;

	/** An existing ZFS dataset to make the pool in. */
	readonly dataset?: string;
};
