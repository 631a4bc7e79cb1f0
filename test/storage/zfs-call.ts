/**
A call of the ZFS driver as a plain value, which can be handed to another process.
*/
import type {StorageDriver} from '../../source/storage/driver.ts';

export type ZfsOperation = {
	readonly pool: string;
	readonly dataset: string;
	readonly method: 'createBranch' | 'snapshot' | 'stage' | 'swap' | 'retire' | 'renameBranch' | 'unstage' | 'remove' | 'restore'
		| 'emptyTrash' | 'clean' | 'openSnapshot' | 'removeVolume' | 'usage';
	readonly arguments: readonly unknown[];
};

/**
Makes the call.
*/
export const callDriver = async (driver: StorageDriver, {method, arguments: arguments_}: Pick<ZfsOperation, 'method' | 'arguments'>): Promise<unknown> => {
	const call = driver[method] as (...values: readonly unknown[]) => Promise<unknown>;
	return call.apply(driver, [...arguments_]);
};
