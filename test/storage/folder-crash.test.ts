/**
Drivers of folders, killed in the middle: nothing is lost, the same call finishes, and `clean` removes what nobody needs.
*/
import {randomUUID} from 'node:crypto';
import {statSync} from 'node:fs';
import {
	mkdir,
	mkdtemp,
	readdir,
	rename,
	rm,
	writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import {createBtrfsDriver} from '../../source/storage/btrfs/btrfs-driver.ts';
import {isReadOnly} from '../../source/storage/btrfs/subvolumes.ts';
import {createDirectoryDriver} from '../../source/storage/directory/directory-driver.ts';
import type {StorageDriver} from '../../source/storage/driver.ts';
import {branchesFolder, snapshotFolder, snapshotsFolder} from '../../source/storage/layout.ts';
import {runCommand, tryCommand} from '../../source/system/run-command.ts';
import {readTexts} from '../fixtures/file-facts.ts';
import {loopBtrfs, loopBtrfsMissing} from '../fixtures/loop-btrfs.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';

const program = fileURLToPath(new URL('swap-once.ts', import.meta.url));
const address = {stack: 'shop', volume: 'db'};

const missing = await loopBtrfsMissing();
const disk = missing === undefined ? await loopBtrfs() : undefined;

test.after.always('unmount', async () => {
	await disk?.dispose();
});

if (missing !== undefined) {
	skipAloud('btrfs, killed in the middle', missing);
}

/** A volume with unsaved changes on `main`, a commit, and a clone of that staged as `next`. */
const prepare = async (driver: StorageDriver): Promise<string> => {
	await driver.createBranch(address, 'main');
	const file = path.join(driver.branchData(address, 'main'), 'file');
	await writeFile(file, 'committed');
	const commit = randomUUID();
	await driver.snapshot([{address, branch: 'main', snapshot: commit}]);
	await writeFile(file, 'unsaved');
	await driver.stage(address, commit, 'next');
	return commit;
};

const textsOf = async (driver: StorageDriver, snapshot: string) => {
	const {path: folder} = await driver.openSnapshot(address, snapshot);
	return readTexts(folder);
};

const drivers = {
	...(disk !== undefined && {btrfs: {parent: disk.path, open: createBtrfsDriver, isSealed: isReadOnly}}),
	directory: {parent: os.tmpdir(), open: createDirectoryDriver, isSealed: (folder: string) => statSync(folder).mode % 0o1000 === 0o555},
};

for (const [name, {parent, open, isSealed}] of Object.entries(drivers)) {
	const makePool = async (t: {teardown: (action: () => void) => void}) => {
		const pool = await mkdtemp(path.join(parent, 'coppice-crash-'));
		t.teardown(async () => { // eslint-disable-line @typescript-eslint/strict-void-return -- AVA waits for it.
			await tryCommand(['rm', '-rf', pool]);
		});
		return pool;
	};

	for (const [operation, failpoint] of [['swap', 'storage-swap-kept'], ['swap', 'storage-swapped'], ['retire', 'storage-retired']] as const) {
		for (const isCleaned of [false, true]) {
			test.serial(`${name}: killed at ${failpoint}, then ${isCleaned ? 'cleaned, then ' : ''}run again`, async t => {
				const pool = await makePool(t);
				const driver = await open({pool});
				const commit = await prepare(driver);
				const kept = randomUUID();
				const command = [process.execPath, program, name, pool, operation, kept];
				const killed = await tryCommand(command, {env: {COPPICE_FAILPOINT: failpoint}});
				t.not(killed.exitCode, 0);
				if (isCleaned) {
					await driver.clean(address);
				}

				// What was live is there whatever happens next.
				t.deepEqual(await textsOf(driver, kept), {file: 'unsaved'});
				await runCommand(command);
				t.deepEqual(await driver.contents(address), {
					branches: operation === 'swap' ? ['main'] : [],
					snapshots: [commit, kept].toSorted(),
					staged: operation === 'swap' ? [] : ['next'],
					trash: [],
					leftovers: [],
				});
				t.deepEqual(await textsOf(driver, kept), {file: 'unsaved'});
				const live = operation === 'swap' ? await readTexts(driver.branchData(address, 'main')) : {file: 'committed'};
				t.deepEqual(live, {file: 'committed'});

				// Sealed, though the process that should have done it was killed.
				t.true(isSealed(snapshotFolder(pool, address, kept)));
			});
		}
	}

	test.serial(`${name}: what is half made or half destroyed is told as such, and cleaned`, async t => {
		const pool = await makePool(t);
		const driver = await open({pool});
		const commit = await prepare(driver);
		const other = randomUUID();
		await driver.snapshot([{address, branch: 'main', snapshot: other}]);
		const doomed = path.join(snapshotsFolder(pool, address), `.doomed-${other}-0123abcd`);
		await rename(snapshotFolder(pool, address, other), doomed);
		const making = path.join(branchesFolder(pool, address), '.making-main-4567cdef');
		await mkdir(path.join(making, 'data/half'), {recursive: true});
		const before = await driver.contents(address);
		t.deepEqual(before, {
			branches: ['main'], snapshots: [commit], staged: ['next'], trash: [], leftovers: [making, doomed],
		});
		await driver.clean(address);
		t.deepEqual(await driver.contents(address), {...before, leftovers: []});
		t.deepEqual(await readdir(snapshotsFolder(pool, address)), [commit]);
		t.deepEqual(await readTexts(driver.branchData(address, 'main')), {file: 'unsaved'});
		await rm(path.join(driver.branchData(address, 'main'), 'file'));
	});
}
