/**
What is particular to ZFS, for real on zfs-fuse: space that comes back, clones that outlive their origins, datasets in use or not mounted.
*/
import {type Buffer} from 'node:buffer';
import {spawn} from 'node:child_process';
import {randomBytes, randomUUID} from 'node:crypto';
import {once} from 'node:events';
import {
	mkdir,
	readdir,
	readFile,
	rm,
	writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {setTimeout as sleep} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import type {StorageDriver, VolumeAddress} from '../../source/storage/driver.ts';
import {
	branchesFolder,
	branchFolder,
	stagedFolder,
	volumeFolder,
} from '../../source/storage/layout.ts';
import {isNoSpace} from '../../source/storage/storage-errors.ts';
import {createZfsPoolDataset, destroyZfsPoolDataset, findZfsDataset} from '../../source/storage/zfs/zfs-dataset.ts';
import {createZfsDriver} from '../../source/storage/zfs/zfs-driver.ts';
import {CoppiceError, type ErrorCode} from '../../source/system/errors.ts';
import {runCommand, tryCommand} from '../../source/system/run-command.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';
import {makeZfsPool, zfsMissing, type ZfsPool} from '../fixtures/zfs-fuse.ts';

const missing = await zfsMissing();
const address: VolumeAddress = {stack: 'shop', volume: 'db'};
let zpool: ZfsPool;

type Scene = {readonly driver: StorageDriver; readonly pool: string; readonly dataset: string};

const makeScene = async (parent = zpool): Promise<Scene> => {
	const pool = path.join(parent.folder, randomBytes(4).toString('hex'));
	const dataset = await createZfsPoolDataset({parent: parent.name, pool});
	return {driver: await createZfsDriver({pool, dataset}), pool, dataset};
};

const zfs = async (...arguments_: string[]): Promise<string> => {
	const {stdout} = await runCommand(['zfs', ...arguments_]);
	return stdout;
};

/** The dataset that is mounted at a folder now. */
const datasetAt = async (folder: string): Promise<string> => {
	const place = await findZfsDataset(folder);
	return place!.dataset;
};

const snap = async (driver: StorageDriver, branch = 'main'): Promise<string> => {
	const snapshot = randomUUID();
	await driver.snapshot([{address, branch, snapshot}]);
	return snapshot;
};

const write = async (driver: StorageDriver, branch: string, content: string | Buffer, file = 'file') => writeFile(path.join(driver.branchData(address, branch), file), content);
const read = async (driver: StorageDriver, branch: string) => readFile(path.join(driver.branchData(address, branch), 'file'), 'utf8');

const readSnapshot = async (driver: StorageDriver, snapshot: string) => {
	const opened = await driver.openSnapshot(address, snapshot);
	try {
		return await readFile(path.join(opened.path, 'file'), 'utf8');
	} finally {
		await opened.close();
	}
};

const reset = async (driver: StorageDriver, branch: string, snapshot: string): Promise<string> => {
	const kept = randomUUID();
	await driver.stage(address, snapshot, kept);
	await driver.swap(address, branch, kept, kept);
	return kept;
};

const throwsCode = async (t: ExecutionContext, action: Promise<unknown>, code: ErrorCode): Promise<CoppiceError> => {
	const error = await t.throwsAsync(action, {instanceOf: CoppiceError});
	t.is(error.code, code, error.message);
	t.true(error.hint !== undefined && error.hint.length > 0);
	return error;
};

const usedBytes = async (dataset: string): Promise<number> => {
	// Space is counted with each transaction: this makes one.
	await zfs('set', 'coppice:counted=test', dataset);
	return Number(await zfs('get', '-H', '-p', '-o', 'value', 'used', dataset));
};

const mebibyte = 2 ** 20;

const tests: Record<string, (t: ExecutionContext) => Promise<void>> = {
	async 'the space of a destroyed safety snapshot comes back, though older commits are in the same dataset'(t) {
		const {driver, dataset} = await makeScene();
		await driver.createBranch(address, 'main');
		await write(driver, 'main', randomBytes(mebibyte), 'base');
		const commit = await snap(driver);
		const before = await usedBytes(dataset);
		await write(driver, 'main', randomBytes(8 * mebibyte), 'unsaved');
		await write(driver, 'main', 'later');
		const later = await snap(driver);
		const kept = await reset(driver, 'main', commit);
		t.true(await usedBytes(dataset) >= before + (8 * mebibyte));
		await driver.remove(address, kept);
		await driver.remove(address, later);
		await driver.emptyTrash(address, [kept]);
		await driver.emptyTrash(address);
		t.true(await usedBytes(dataset) < before + (mebibyte / 2));
		t.like(await driver.contents(address), {snapshots: [commit]});
		const names = await zfs('list', '-H', '-r', '-t', 'filesystem,snapshot', '-o', 'name', `${dataset}/stacks/shop/db`);
		t.is(names.split('\n').length, 3, `the volume, its branch and the commit, but: ${names}`);
	},

	async 'a snapshot under two branches is hidden when it is destroyed, and goes with the second branch'(t) {
		const {driver, dataset} = await makeScene();
		await driver.createBranch(address, 'main');
		await write(driver, 'main', 'base');
		const base = await snap(driver);
		await driver.stage(address, base, 'side');
		await driver.swap(address, 'side', 'side');
		await driver.remove(address, base);
		await driver.emptyTrash(address);
		const listed = async () => zfs('list', '-H', '-r', '-t', 'snapshot', '-o', 'name', dataset);
		t.regex(await listed(), new RegExp(`@gone-${base}`, 'v'));
		t.deepEqual(await driver.contents(address), {
			branches: ['main', 'side'], snapshots: [], staged: [], trash: [], leftovers: [],
		});
		await throwsCode(t, driver.restore(address, base), 'not-found');
		t.is(await read(driver, 'side'), 'base');

		const last = randomUUID();
		await driver.retire(address, 'main', last);
		await driver.remove(address, last);
		await driver.emptyTrash(address);
		t.is(await listed(), '');
		t.is(await read(driver, 'side'), 'base');
		t.like(await driver.contents(address), {branches: ['side']});
	},

	async 'a snapshot that is being read is not destroyed under the reader'(t) {
		const {driver} = await makeScene();
		await driver.createBranch(address, 'main');
		await write(driver, 'main', 'text');
		const snapshot = randomUUID();
		await driver.retire(address, 'main', snapshot);
		const opened = await driver.openSnapshot(address, snapshot);
		await driver.remove(address, snapshot);
		await driver.emptyTrash(address);
		await driver.clean(address);
		t.is(await readFile(path.join(opened.path, 'file'), 'utf8'), 'text');
		await opened.close();
		await opened.close();
		await driver.clean(address);
		t.deepEqual(await driver.contents(address), {
			branches: [], snapshots: [], staged: [], trash: [], leftovers: [],
		});
	},

	async 'snapshots of another program neither stop a sweep nor get lost'(t) {
		const {driver, dataset} = await makeScene();
		await driver.createBranch(address, 'main');
		await write(driver, 'main', 'one');
		const one = await snap(driver);
		const kept = await reset(driver, 'main', one);
		await zfs('snapshot', '-r', `${dataset}@hourly`);
		await driver.remove(address, one);
		await driver.remove(address, kept);
		await driver.emptyTrash(address);
		t.deepEqual(await driver.contents(address), {
			branches: ['main'], snapshots: [], staged: [], trash: [], leftovers: [],
		});
		t.is(await read(driver, 'main'), 'one');
		t.regex(await zfs('list', '-H', '-r', '-t', 'snapshot', '-o', 'name', dataset), /@hourly/v);
		await driver.removeVolume(address);
	},

	async 'a branch in use is not swapped, retired or renamed, and stays as it is'(t) {
		const {driver} = await makeScene();
		await driver.createBranch(address, 'main');
		await write(driver, 'main', 'text');
		const commit = await snap(driver);
		await driver.stage(address, commit, 'next');
		const user = spawn('sleep', ['60'], {cwd: driver.branchData(address, 'main'), stdio: 'ignore'});
		try {
			await once(user, 'spawn');
			await throwsCode(t, driver.swap(address, 'main', 'next', randomUUID()), 'conflict');
			await throwsCode(t, driver.retire(address, 'main', randomUUID()), 'conflict');
			await throwsCode(t, driver.renameBranch(address, 'main', 'other'), 'conflict');
		} finally {
			user.kill();
			await once(user, 'exit');
		}

		t.deepEqual(await driver.contents(address), {
			branches: ['main'], snapshots: [commit], staged: ['next'], trash: [], leftovers: [],
		});
		t.is(await read(driver, 'main'), 'text');
		await driver.swap(address, 'main', 'next', randomUUID());
		t.is(await read(driver, 'main'), 'text');
	},

	async 'a pool that is not mounted is an error, never an empty pool'(t) {
		const {driver, dataset, pool} = await makeScene();
		await driver.createBranch(address, 'main');
		await write(driver, 'main', 'text');
		await zfs('unmount', await datasetAt(branchFolder(pool, address, 'main')));
		await zfs('unmount', dataset);
		await throwsCode(t, driver.contents(address), 'precondition');
		await throwsCode(t, driver.createBranch(address, 'main'), 'precondition');
		await throwsCode(t, driver.snapshot([{address, branch: 'main', snapshot: randomUUID()}]), 'precondition');
		await throwsCode(t, driver.room(), 'precondition');
		await throwsCode(t, driver.removeVolume(address), 'precondition');

		// Opened anew, as after a reboot, it is mounted with what is in it.
		const again = await createZfsDriver({pool, dataset});
		t.like(await again.contents(address), {branches: ['main']});
		t.is(await read(again, 'main'), 'text');
		await throwsCode(t, createZfsDriver({pool, dataset: `${dataset}-not-there`}), 'precondition');
	},

	async 'a branch that is not mounted is mounted by whatever needs it'(t) {
		const {driver, pool} = await makeScene();
		await driver.createBranch(address, 'main');
		await write(driver, 'main', 'text');
		const unmount = async () => zfs('unmount', await datasetAt(branchFolder(pool, address, 'main')));
		await unmount();
		const snapshot = await snap(driver);
		t.is(await readSnapshot(driver, snapshot), 'text');
		await unmount();
		t.false(await driver.isChanged(address, 'main', snapshot));
		await unmount();
		await driver.createBranch(address, 'main');
		t.is(await read(driver, 'main'), 'text');
		await unmount();
		await writeFile(path.join(branchFolder(pool, address, 'main'), 'stray'), 'written beside the dataset');
		await throwsCode(t, driver.contents(address), 'precondition');
	},

	async 'a pool that is mounted elsewhere from now on has its branches there'(t) {
		const {driver, dataset, pool} = await makeScene();
		await driver.createBranch(address, 'topic/x');
		await write(driver, 'topic/x', 'text');
		const commit = await snap(driver, 'topic/x');
		await zfs('unmount', await datasetAt(branchFolder(pool, address, 'topic/x')));
		const moved = `${pool}-moved`;
		await zfs('set', `mountpoint=${moved}`, dataset);
		const there = await createZfsDriver({pool: moved, dataset});
		t.like(await there.contents(address), {branches: ['topic/x']});
		t.is(await read(there, 'topic/x'), 'text');
		await reset(there, 'topic/x', commit);
		t.is(await read(there, 'topic/x'), 'text');
	},

	async 'a swap cut short keeps what was written to the branch until it is run again'(t) {
		const {driver, pool} = await makeScene();
		await driver.createBranch(address, 'main');
		await write(driver, 'main', 'commit');
		const commit = await snap(driver);
		await write(driver, 'main', 'unsaved');
		await driver.stage(address, commit, 'next');
		const kept = randomUUID();

		// The first two steps, then a reboot, and services that go on.
		const live = await datasetAt(branchFolder(pool, address, 'main'));
		await zfs('unmount', live);
		await zfs('snapshot', `${live}@${kept}`);
		await zfs('mount', live);
		await write(driver, 'main', 'written since');

		await driver.swap(address, 'main', 'next', kept);
		t.is(await read(driver, 'main'), 'commit');
		t.is(await readSnapshot(driver, kept), 'written since');
		await throwsCode(t, driver.retire(address, 'main', kept), 'conflict');
	},

	async 'a swap cut between the property and the mount is finished'(t) {
		const {driver, pool} = await makeScene();
		await driver.createBranch(address, 'main');
		await write(driver, 'main', 'commit');
		const commit = await snap(driver);
		await write(driver, 'main', 'unsaved');
		await driver.stage(address, commit, 'next');
		const kept = randomUUID();
		const [live, next] = [await datasetAt(branchFolder(pool, address, 'main')), await datasetAt(stagedFolder(pool, address, 'next'))];
		await zfs('unmount', live);
		await zfs('snapshot', `${live}@${kept}`);
		await zfs('set', 'mountpoint=legacy', live);
		await zfs('unmount', next);
		await zfs('set', `mountpoint=${branchFolder(pool, address, 'main')}`, next);
		await tryCommand(['zfs', 'unmount', next]);
		await driver.swap(address, 'main', 'next', kept);
		t.is(await read(driver, 'main'), 'commit');
		t.is(await readSnapshot(driver, kept), 'unsaved');
		await driver.clean(address);
		t.deepEqual(await readdir(branchesFolder(pool, address)), ['main']);
	},

	async 'clean removes what dead processes opened, and leaves what is open'(t) {
		const {driver, dataset} = await makeScene();
		await driver.createBranch(address, 'main');
		await write(driver, 'main', 'text');
		const commit = await snap(driver);
		const opened = await driver.openSnapshot(address, commit);
		const live = await datasetAt(branchFolder(driver.pool, address, 'main'));
		const stale = path.join(volumeFolder(driver.pool, address), 'incoming', 'open-999999999-1-abc');
		await zfs('clone', '-o', `mountpoint=${stale}`, `${live}@${commit}`, `${dataset}/stacks/shop/db/stale`);
		await zfs('snapshot', `${live}@probe-999999999-1-abc`);
		await zfs('create', '-o', `mountpoint=${branchFolder(driver.pool, address, 'half')}`, `${dataset}/stacks/shop/db/half`);
		await zfs('create', '-o', 'mountpoint=/nowhere/of/ours', '-o', 'canmount=off', `${dataset}/stacks/shop/db/foreign`);
		const {leftovers, branches} = await driver.contents(address);
		t.deepEqual(leftovers, [`${dataset}/stacks/shop/db/half`, `${live}@probe-999999999-1-abc`, `${dataset}/stacks/shop/db/stale`].toSorted());
		t.deepEqual(branches, ['main']);
		await driver.clean(address);
		t.deepEqual(await driver.contents(address), {
			branches: ['main'], snapshots: [commit], staged: [], trash: [], leftovers: [],
		});
		t.regex(await zfs('list', '-H', '-r', '-o', 'name', dataset), /\/foreign$/mv, 'not ours, not touched');
		t.is(await readFile(path.join(opened.path, 'file'), 'utf8'), 'text');
		await opened.close();
	},

	async 'the longest names fit'(t) {
		const {driver} = await makeScene();
		const long = {stack: 's'.repeat(128), volume: 'v'.repeat(128)};
		const branch = `feature/${'b'.repeat(100)}`;
		await driver.createBranch(long, branch);
		const snapshot = randomUUID();
		await driver.snapshot([{address: long, branch, snapshot}]);
		await driver.remove(long, snapshot);
		await driver.createBranch({...long, volume: `${'v'.repeat(127)}w`}, 'other');
		t.deepEqual(await driver.contents(long), {
			branches: [branch], snapshots: [], staged: [], trash: [snapshot], leftovers: [],
		});
	},

	async 'bytes written since a commit are counted where ZFS does not count them'(t) {
		const {driver} = await makeScene();
		await driver.createBranch(address, 'main');
		await write(driver, 'main', randomBytes(4 * mebibyte), 'big');
		const one = await snap(driver);
		await write(driver, 'main', randomBytes(mebibyte), 'more');
		const two = await snap(driver);
		await write(driver, 'main', randomBytes(mebibyte), 'more');
		const live = await driver.usage(address, {branch: 'main'}, one);
		t.true(live.ownBytes >= mebibyte && live.ownBytes < 1.2 * mebibyte, `${live.ownBytes}`);
		t.is(live.sharedBytes + live.ownBytes, live.totalBytes);
		t.true(live.totalBytes >= 5 * mebibyte && live.totalBytes < 5.5 * mebibyte);
		const between = await driver.usage(address, {snapshot: two}, one);
		t.true(between.ownBytes >= mebibyte && between.ownBytes < 1.2 * mebibyte);
		const {totalBytes} = await driver.usage(address, {snapshot: one});
		t.deepEqual(await driver.usage(address, {snapshot: one}, one), {totalBytes, sharedBytes: totalBytes, ownBytes: 0});
		t.like(await driver.contents(address), {leftovers: []});
	},

	async 'a full pool is told, and nothing half made stays'(t) {
		const small = await makeZfsPool({sizeBytes: 96 * mebibyte});
		try {
			const {driver} = await makeScene(small);
			await driver.createBranch(address, 'main');
			await write(driver, 'main', 'text');
			const commit = await snap(driver);
			await write(driver, 'main', randomBytes(12 * mebibyte), 'ballast');
			const heavy = await snap(driver);
			await rm(path.join(driver.branchData(address, 'main'), 'ballast'));
			await driver.remove(address, heavy);
			let isFull = false;
			for (let index = 0; !isFull; index++) {
				try {
					await write(driver, 'main', randomBytes(index < 40 ? mebibyte : 4096), `fill${index}`);
				} catch (error) {
					isFull = (error as NodeJS.ErrnoException).code === 'ENOSPC';
					t.true(isFull);
				}
			}

			// What fails says so; what still works must be whole.
			const attempts: Array<() => Promise<unknown>> = [
				async () => driver.createBranch(address, 'other'),
				async () => driver.stage(address, commit, 'next'),
				async () => driver.snapshot([{address, branch: 'main', snapshot: randomUUID()}]),
			];
			for (const attempt of attempts) {
				try {
					await attempt();
				} catch (error) {
					t.true(error instanceof CoppiceError);
					t.is((error as CoppiceError).code, 'failed');
					t.is((error as CoppiceError).message, 'The ZFS pool is full.');
				}
			}

			const {leftovers, snapshots, staged} = await driver.contents(address);
			t.deepEqual(leftovers, []);
			t.true(snapshots.includes(commit));
			const {freeBytes} = await driver.room();
			t.true(freeBytes < 4 * mebibyte, `${freeBytes} free`);

			// Destroying is the way out, and it works without room.
			for (const name of staged) {
				await driver.unstage(address, name);
			}

			await driver.emptyTrash(address);
			t.like(await driver.contents(address), {trash: []});
			// ZFS gives space back some transactions later; until then a clone to read through does not fit.
			let text: string | undefined;
			for (let attempt = 0; text === undefined && attempt < 100; attempt++) {
				try {
					text = await readSnapshot(driver, commit);
				} catch (error) {
					t.is((error as CoppiceError).message, 'The ZFS pool is full.');
					await sleep(100);
				}
			}

			t.is(text, 'text');
			const room = await driver.room();
			t.true(room.freeBytes > 8 * mebibyte, `${room.freeBytes} free`);
			t.is(await read(driver, 'main'), 'text');
		} finally {
			await small.dispose();
		}
	},

	async 'a quota that is used up is a want of space'(t) {
		const {dataset, pool} = await makeScene();
		await zfs('set', 'quota=8M', dataset);
		const error = await writeFile(path.join(pool, 'large'), randomBytes(16 * (2 ** 20))).catch((error_: unknown) => error_);
		t.true(isNoSpace(error), String(error));
	},

	async 'the dataset of a pool is made once for its folder, and found by it'(t) {
		const pool = path.join(zpool.folder, 'made');
		const dataset = await createZfsPoolDataset({parent: zpool.name, pool});
		t.is(await createZfsPoolDataset({parent: zpool.name, pool}), dataset);
		const other = await createZfsPoolDataset({parent: zpool.name, pool: `${pool}-2`});
		t.not(other, dataset);
		t.like(await findZfsDataset(path.join(pool, 'not/there/yet')), {dataset, mountpoint: pool});
		t.is(await findZfsDataset('/proc'), undefined);
		await throwsCode(t, createZfsPoolDataset({parent: `${zpool.name}/nowhere`, pool: `${pool}-3`}), 'not-found');
		await destroyZfsPoolDataset(other);
		await destroyZfsPoolDataset(other);
		t.is(await createZfsPoolDataset({parent: zpool.name, pool: `${pool}-2`}), other, 'the name is free again');
		const full = path.join(zpool.folder, 'full');
		await mkdir(full);
		await writeFile(path.join(full, 'file'), 'there');
		await throwsCode(t, createZfsPoolDataset({parent: zpool.name, pool: full}), 'precondition');
	},
};

if (missing === undefined) {
	test.before('make a zpool', async () => {
		zpool = await makeZfsPool();
	});

	test.after.always('destroy the zpool', async () => {
		await zpool?.dispose();
	});

	for (const [title, run] of Object.entries(tests)) {
		test.serial(title, run);
	}
} else {
	skipAloud('what is particular to ZFS', missing);
}
