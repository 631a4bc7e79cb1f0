/* eslint-disable ava/no-ignored-test-files -- Tests of soak.config.js. */
/**
Pools without room: what can't be taken is said in one sentence and leaves nothing half made; an image grows first, and gives back
what is freed.
*/
import {randomUUID} from 'node:crypto';
import {
	mkdir,
	mkdtemp,
	open,
	rm,
	stat,
	writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {createBtrfsDriver} from '../../source/storage/btrfs/btrfs-driver.ts';
import {createDirectoryDriver} from '../../source/storage/directory/directory-driver.ts';
import type {StorageDriver} from '../../source/storage/driver.ts';
import {findOrMakePool} from '../../source/storage/find-pool.ts';
import {forgetPool} from '../../source/storage/forget-pool.ts';
import {imageObstacle, unmountImage} from '../../source/storage/loop-image.ts';
import {openPool} from '../../source/storage/pool.ts';
import {CoppiceError, isSystemError} from '../../source/system/errors.ts';
import {runCommand, tryCommand} from '../../source/system/run-command.ts';
import {readTexts} from '../fixtures/file-facts.ts';
import {loopBtrfs, loopBtrfsMissing} from '../fixtures/loop-btrfs.ts';
import {noise} from '../fixtures/noise.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';

const mebibyte = 2 ** 20;
const address = {stack: 'shop', volume: 'db'};

const smallDisk = async (t: ExecutionContext) => {
	const disk = await loopBtrfs({sizeBytes: 128 * mebibyte});
	t.teardown(async () => disk.dispose());
	return disk;
};

/** A place for a pool in an image of this size, made before the pool is. */
const smallImage = async (t: ExecutionContext, sizeBytes: number) => {
	const place = await mkdtemp(path.join(os.tmpdir(), 'coppice-image-'));
	const pool = path.join(place, 'pool');
	t.teardown(async () => {
		await tryCommand(['umount', '--lazy', pool]);
		await rm(place, {recursive: true, force: true});
	});
	await runCommand(['truncate', '--size', String(sizeBytes), `${pool}.img`]);
	await runCommand(['mkfs.btrfs', '--quiet', `${pool}.img`]);
	return pool;
};

/** A file system that can't share blocks, of 48 MiB. */
const smallExt4 = async (t: ExecutionContext) => {
	const place = await mkdtemp(path.join(os.tmpdir(), 'coppice-ext4-'));
	const mount = path.join(place, 'mount');
	t.teardown(async () => {
		await tryCommand(['umount', '--lazy', mount]);
		await rm(place, {recursive: true, force: true});
	});
	await mkdir(mount);
	await runCommand(['truncate', '--size', String(48 * mebibyte), path.join(place, 'image')]);
	await runCommand(['mkfs.ext4', '-q', path.join(place, 'image')]);
	await runCommand(['mount', '-o', 'loop', path.join(place, 'image'), mount]);
	const pool = path.join(mount, 'pool');
	await mkdir(pool);
	return pool;
};

/** Whether it fails for want of space. */
const lacksSpace = async (action: () => Promise<unknown>): Promise<boolean> => {
	try {
		await action();
		return false;
	} catch (error) {
		if (isSystemError(error, 'ENOSPC')) {
			return true;
		}

		throw error;
	}
};

/** Writes a file until there is no space left. */
const fillData = async (file: string): Promise<void> => {
	const handle = await open(file, 'w');
	const content = noise(mebibyte, 1);
	let isFull = false;
	while (!isFull) {
		isFull = await lacksSpace(async () => handle.write(content));
	}

	await handle.close();
};

/** Writes until there is no space left for data, and none for new files either. */
const fill = async (folder: string): Promise<void> => {
	await fillData(path.join(folder, 'big'));
	let isFull = false;
	for (let count = 0; !isFull; count++) {
		isFull = await lacksSpace(async () => writeFile(path.join(folder, `a-name-that-takes-some-space-of-its-own-${count}`), ''));
	}
};

/** Takes snapshots until one fails. */
const snapshotUntilFull = async (driver: StorageDriver, most: number): Promise<{taken: string[]; error: unknown}> => {
	const taken: string[] = [];
	try {
		while (taken.length < most) {
			const snapshot = randomUUID();
			await driver.snapshot([{address, branch: 'main', snapshot}]);
			taken.push(snapshot);
		}
	} catch (error) {
		return {taken, error};
	}

	return {taken, error: undefined};
};

const checkFull = (t: ExecutionContext, error: unknown, pool: string) => {
	t.true(error instanceof CoppiceError);
	const {code, message, hint} = error as CoppiceError;
	t.is(code, 'failed');
	t.true(message.startsWith(`The pool ${pool} is full: `), message);
	t.regex(hint ?? '', /coppice prune --now/v);
};

const missing = await loopBtrfsMissing();
const imageMissing = missing ?? await imageObstacle(path.join(os.tmpdir(), 'coppice-pool'));

if (missing === undefined) {
	test.serial('a full btrfs pool: a snapshot fails with one clear sentence, and what is in the trash can be destroyed', async t => {
		const {path: pool} = await smallDisk(t);
		const driver = await createBtrfsDriver({pool});
		await driver.createBranch(address, 'main');
		const trashed = randomUUID();
		await driver.snapshot([{address, branch: 'main', snapshot: trashed}]);
		await driver.remove(address, trashed);
		await fill(driver.branchData(address, 'main'));
		const {taken, error} = await snapshotUntilFull(driver, 2000);
		checkFull(t, error, pool);
		t.deepEqual(await driver.contents(address), {
			branches: ['main'], snapshots: taken.toSorted(), staged: [], trash: [trashed], leftovers: [],
		});
		await driver.emptyTrash(address);
		const {trash} = await driver.contents(address);
		t.deepEqual(trash, []);
	});

	test.serial('a pool full of data: old commits can be destroyed, and then there is room again', async t => {
		const {path: pool} = await smallDisk(t);
		const driver = await createBtrfsDriver({pool});
		await driver.createBranch(address, 'main');
		const big = path.join(driver.branchData(address, 'main'), 'big');
		await fillData(big);
		const {taken, error} = await snapshotUntilFull(driver, 1);
		t.is(error, undefined);
		await rm(big);
		t.true(await lacksSpace(async () => writeFile(big, noise(20 * mebibyte, 2))));
		await driver.remove(address, taken[0]!);
		await driver.emptyTrash(address);
		await runCommand(['btrfs', 'filesystem', 'sync', pool]);
		await runCommand(['btrfs', 'subvolume', 'sync', '-s', '1', pool]);
		await writeFile(big, noise(20 * mebibyte, 2));
		t.deepEqual(await driver.contents(address), {
			branches: ['main'], snapshots: [], staged: [], trash: [], leftovers: [],
		});
	});
} else {
	skipAloud('full pools', missing);
}

if (missing === undefined) {
	test.serial('a full folder: a copy that does not fit fails with one clear sentence and leaves nothing', async t => {
		const pool = await smallExt4(t);
		const driver = await createDirectoryDriver({pool});
		t.false(driver.traits.sharesBlocks);
		await driver.createBranch(address, 'main');
		await writeFile(path.join(driver.branchData(address, 'main'), 'small'), 'text');
		const first = randomUUID();
		await driver.snapshot([{address, branch: 'main', snapshot: first}]);
		await writeFile(path.join(driver.branchData(address, 'main'), 'big'), noise(30 * mebibyte, 2));
		const {taken, error} = await snapshotUntilFull(driver, 1);
		t.deepEqual(taken, []);
		checkFull(t, error, pool);
		t.deepEqual(await driver.contents(address), {
			branches: ['main'], snapshots: [first], staged: [], trash: [], leftovers: [],
		});
		const opened = await driver.openSnapshot(address, first);
		t.deepEqual(await readTexts(opened.path), {small: 'text'});

		// With the large file out of the way, all goes on.
		await rm(path.join(driver.branchData(address, 'main'), 'big'));
		const {error: after} = await snapshotUntilFull(driver, 1);
		t.is(after, undefined);
	});
} else {
	skipAloud('full folders', missing);
}

if (imageMissing === undefined) {
	test.serial('an image grows before it is full, and takes no more of the disk for it', async t => {
		const pool = await smallImage(t, 600 * mebibyte);
		const {driver} = await findOrMakePool({path: pool, driver: 'btrfs'});
		const {totalBytes, freeBytes} = await driver.room();
		const {size, blocks} = await stat(`${pool}.img`);
		t.is(size, 1200 * mebibyte);
		t.is(totalBytes, 1200 * mebibyte);
		t.true(freeBytes > 700 * mebibyte);
		t.true(blocks * 512 < 100 * mebibyte, `${blocks * 512} bytes taken`);

		await unmountImage(pool);
		const {driver: again} = await openPool(pool);
		const room = await again.room();
		t.is(room.totalBytes, 1200 * mebibyte);
		await forgetPool(pool);
	});

	test.serial('an image that is full all the same grows when a snapshot needs it', async t => {
		const pool = await smallImage(t, 128 * mebibyte);
		const {driver} = await findOrMakePool({path: pool, driver: 'btrfs'});
		await driver.createBranch(address, 'main');
		await fill(driver.branchData(address, 'main'));
		const {taken, error} = await snapshotUntilFull(driver, 40);
		t.is(error, undefined);
		t.is(taken.length, 40);
		const {size} = await stat(`${pool}.img`);
		t.true(size > 128 * mebibyte, `${size}`);
		await forgetPool(pool);
	});

	test.serial('what is destroyed goes back to the disk', async t => {
		const pool = await smallImage(t, 1024 * mebibyte);
		const {driver} = await findOrMakePool({path: pool, driver: 'btrfs'});
		const taken = async () => {
			const {blocks} = await stat(`${pool}.img`);
			return blocks * 512;
		};

		await driver.createBranch(address, 'main');
		await writeFile(path.join(driver.branchData(address, 'main'), 'big'), noise(200 * mebibyte, 3));
		await runCommand(['sync', '--file-system', pool]);
		t.true(await taken() >= 200 * mebibyte);
		const kept = randomUUID();
		await driver.retire(address, 'main', kept);
		await driver.remove(address, kept);
		t.true(await taken() >= 200 * mebibyte);
		await driver.emptyTrash(address);
		const after = await taken();
		t.true(after < 100 * mebibyte, `${after} bytes taken`);
		await forgetPool(pool);
	});
} else {
	skipAloud('images that grow and give back', imageMissing);
}
