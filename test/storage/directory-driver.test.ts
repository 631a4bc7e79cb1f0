/**
The directory driver keeps the contract of storage drivers: by full copies in the system's temporary folder, and by sharing blocks
in a folder on btrfs.
*/
import {mkdtemp} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import {createDirectoryDriver} from '../../source/storage/directory/directory-driver.ts';
import {loopBtrfs, loopBtrfsMissing} from '../fixtures/loop-btrfs.ts';
import {removeTree} from '../fixtures/remove-tree.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';
import {driverContract} from './driver-contract.ts';

const makePool = async (parent: string) => {
	const pool = await mkdtemp(path.join(parent, 'coppice-directory-'));
	return {
		driver: await createDirectoryDriver({pool}),
		async dispose() {
			await removeTree(pool);
		},
	};
};

const missing = await loopBtrfsMissing();
const disk = missing === undefined ? await loopBtrfs() : undefined;

test.after.always('unmount', async () => {
	await disk?.dispose();
});

driverContract('directory', async () => makePool(os.tmpdir()), {sealsSnapshots: false});

if (disk === undefined) {
	skipAloud('the contract on a folder with reflinks', missing!);
} else {
	test.serial('a folder on btrfs is said to share blocks', async t => {
		const {driver, dispose} = await makePool(disk.path);
		t.like(driver.traits, {sharesBlocks: true, cloneMethod: 'reflink copy'});
		await dispose();
	});

	driverContract('directory with reflinks', async () => makePool(disk.path), {sealsSnapshots: false});
}
