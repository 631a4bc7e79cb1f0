/**
One call of the ZFS driver in a process of its own, so that the tests can kill it in the middle.

Run with one argument, JSON: `{"pool", "dataset", "method", "arguments"}`.
*/
import process from 'node:process';
import {createZfsDriver} from '../../source/storage/zfs/zfs-driver.ts';

export type ZfsOperation = {
	readonly pool: string;
	readonly dataset: string;
	readonly method: 'createBranch' | 'snapshot' | 'stage' | 'swap' | 'retire' | 'renameBranch' | 'unstage' | 'remove' | 'restore'
		| 'emptyTrash' | 'clean' | 'openSnapshot' | 'removeVolume' | 'usage';
	readonly arguments: readonly unknown[];
};

const operation = JSON.parse(process.argv[2]!) as ZfsOperation;
const driver = await createZfsDriver(operation);
const method = driver[operation.method] as (...arguments_: readonly unknown[]) => Promise<unknown>;
await method.apply(driver, [...operation.arguments]);
