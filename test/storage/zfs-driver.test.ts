/**
The ZFS driver keeps the contract of storage drivers, for real on zfs-fuse.
*/
import path from 'node:path';
import {randomBytes} from 'node:crypto';
import test from 'ava';
import {createZfsDriver} from '../../source/storage/zfs/zfs-driver.ts';
import {createZfsPoolDataset} from '../../source/storage/zfs/zfs-dataset.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';
import {makeZfsPool, zfsMissing, type ZfsPool} from '../fixtures/zfs-fuse.ts';
import {driverContract} from './driver-contract.ts';

const missing = await zfsMissing();

if (missing === undefined) {
	let zpool: ZfsPool;
	const datasets = new Map<string, string>();

	test.before('make a zpool', async () => {
		zpool = await makeZfsPool();
	});

	test.after.always('destroy the zpool', async () => {
		await zpool?.dispose();
	});

	driverContract('zfs', async () => {
		const pool = path.join(zpool.folder, randomBytes(4).toString('hex'));
		const dataset = await createZfsPoolDataset({parent: zpool.name, pool});
		datasets.set(pool, dataset);
		return {
			driver: await createZfsDriver({pool, dataset}),
			// It all goes with the zpool.
			async dispose() {
				datasets.delete(pool);
			},
		};
	}, {
		propertyRuns: 8,
		reopen: async ({pool}) => createZfsDriver({pool, dataset: datasets.get(pool)!}),
	});
} else {
	skipAloud('the contract of storage drivers on ZFS', missing);
}
