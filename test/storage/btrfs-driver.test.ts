/**
The btrfs driver keeps the contract of storage drivers, on a loop-mounted file system of its own.
*/
import {mkdtemp} from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import {createBtrfsDriver} from '../../source/storage/btrfs/btrfs-driver.ts';
import {loopBtrfs, loopBtrfsMissing} from '../fixtures/loop-btrfs.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';
import {driverContract} from './driver-contract.ts';

const missing = await loopBtrfsMissing();

if (missing === undefined) {
	const disk = await loopBtrfs();

	test.after.always('unmount', async () => {
		await disk.dispose();
	});

	driverContract('btrfs', async () => ({
		driver: await createBtrfsDriver({pool: await mkdtemp(path.join(disk.path, 'pool-'))}),
		async dispose() {
			// It all goes with the file system.
		},
	}), {propertyRuns: 30, reopen: async ({pool}) => createBtrfsDriver({pool})});
} else {
	skipAloud('the contract on btrfs', missing);
}
