/* eslint-disable ava/no-ignored-test-files, unicorn/prefer-iterator-to-array -- A suite for several test files. */
/**
What holds for every storage driver. Each driver's test file calls `driverContract` with a way to make a pool.
*/

import {randomUUID} from 'node:crypto';
import {
	appendFile,
	chmod,
	chown,
	link,
	lstat,
	mkdir,
	open,
	readdir,
	readFile,
	rename,
	rm,
	stat,
	symlink,
	truncate,
	unlink,
	utimes,
	writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import fc from 'fast-check';
import type {
	Difference,
	StorageDriver,
	VolumeAddress,
	VolumeContents,
} from '../../source/storage/driver.ts';
import {branchFolder, branchesFolder} from '../../source/storage/layout.ts';
import {newReceivingName} from '../../source/storage/receiving-name.ts';
import {CoppiceError} from '../../source/system/errors.ts';
import {isRoot} from '../../source/system/run-command.ts';
import {
	describeTree,
	getXattr,
	readTexts,
	setXattr,
} from '../fixtures/file-facts.ts';
import {noise} from '../fixtures/noise.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';
import {DriverModel, modelOperations} from './driver-model.ts';

export type ContractPool = {
	readonly driver: StorageDriver;
	dispose(): Promise<void>;
};

export type ContractOptions = {
	/** Whether writing into a snapshot fails even for the user who runs the tests. */
	readonly sealsSnapshots?: boolean;

	/** How many random sequences of operations are tried against the model. */
	readonly propertyRuns?: number;

	/** Names of tests that can't hold here, each with the reason. */
	readonly skip?: Readonly<Record<string, string>>;

	/** Opens the pool again as a new process would; the driver itself unless told. */
	readonly reopen?: (driver: StorageDriver) => Promise<StorageDriver>;
};

const volume: VolumeAddress = {stack: 'shop', volume: 'db'};
const other: VolumeAddress = {stack: 'shop', volume: 'cache'};

const mebibyte = 2 ** 20;

/**
A size that is no multiple of any block size and larger than what file systems keep inline.
*/
const bigSize = (3 * mebibyte) + 123;

/**
Overwrites bytes in the middle of a file and makes them last.
*/
const overwrite = async (file: string, offset: number, bytes: Uint8Array): Promise<void> => {
	const handle = await open(file, 'r+');
	try {
		await handle.write(bytes, 0, bytes.length, offset);
		await handle.sync();
	} finally {
		await handle.close();
	}
};

/**
Registers the contract's tests.

@param name - Of the driver and how it is used; begins each test's title.
@param makePool - Makes an empty pool of its own for one test.
*/
export const driverContract = (name: string, makePool: () => Promise<ContractPool>, options: ContractOptions = {}): void => {
	const contractTest = (title: string, run: (t: ExecutionContext, driver: StorageDriver) => Promise<void>) => {
		const reason = options.skip?.[title];
		if (reason !== undefined) {
			skipAloud(`${name}: ${title}`, reason);
			return;
		}

		test.serial(`${name}: ${title}`, async t => {
			const {driver, dispose} = await makePool();
			try {
				await run(t, driver);
			} finally {
				await dispose();
			}
		});
	};

	const write = async (driver: StorageDriver, branch: string, file: string, content: string, address = volume) => {
		const full = path.join(driver.branchData(address, branch), file);
		await mkdir(path.dirname(full), {recursive: true});
		await writeFile(full, content);
	};

	const textsOf = async (driver: StorageDriver, snapshot: string, address = volume) => {
		const opened = await driver.openSnapshot(address, snapshot);
		try {
			return await readTexts(opened.path);
		} finally {
			await opened.close();
		}
	};

	const texts = async (driver: StorageDriver, branch: string, address = volume) => readTexts(driver.branchData(address, branch));

	/** Takes a snapshot and returns its id. */
	const snap = async (driver: StorageDriver, branch: string, address = volume): Promise<string> => {
		const snapshot = randomUUID();
		await driver.snapshot([{address, branch, snapshot}]);
		return snapshot;
	};

	/** Makes a branch's live data a clone of a snapshot, and returns the id under which what was there is kept. */
	const reset = async (driver: StorageDriver, branch: string, snapshot: string, address = volume): Promise<string> => {
		const kept = randomUUID();
		const staged = randomUUID();
		await driver.stage(address, snapshot, staged);
		await driver.swap(address, branch, staged, kept);
		return kept;
	};

	/** The names of one kind in the volume. */
	const namesOf = async (driver: StorageDriver, kind: keyof VolumeContents) => {
		const contents = await driver.contents(volume);
		return contents[kind];
	};

	const codeOf = async (t: ExecutionContext, action: Promise<unknown>): Promise<string> => {
		const error = await t.throwsAsync(action, {instanceOf: CoppiceError});
		return (error).code;
	};

	contractTest('a new branch is an empty folder that any service can reach, and making it again keeps its data', async (t, driver) => {
		await driver.createBranch(volume, 'main');
		const data = driver.branchData(volume, 'main');
		t.is(data, path.join(branchFolder(driver.pool, volume, 'main'), 'data'));
		const stats = await stat(data);
		t.true(stats.isDirectory());
		t.is(stats.mode % 0o1000, 0o755);
		t.deepEqual(await readTexts(data), {});
		for (let folder = data; folder !== driver.pool; folder = path.dirname(folder)) {
			const {mode} = await stat(folder);
			t.is(mode % 2, 1, `others can't pass ${folder}`);
		}

		await write(driver, 'main', 'kept', 'yes');
		await driver.createBranch(volume, 'main');
		t.deepEqual(await texts(driver, 'main'), {kept: 'yes'});
		t.deepEqual(await driver.contents(volume), {
			branches: ['main'], snapshots: [], staged: [], trash: [], leftovers: [],
		});
	});

	contractTest('a volume that was never made has no contents', async (t, driver) => {
		t.deepEqual(await driver.contents({stack: 'shop', volume: 'never'}), {
			branches: [], snapshots: [], staged: [], trash: [], leftovers: [],
		});
	});

	contractTest('one call takes snapshots of several volumes, and they stay as they were', async (t, driver) => {
		await driver.createBranch(volume, 'main');
		await driver.createBranch(other, 'main');
		await write(driver, 'main', 'a/one', 'first');
		await write(driver, 'main', 'two', 'cache', other);
		const [first, second] = [randomUUID(), randomUUID()];
		const requests = [{address: volume, branch: 'main', snapshot: first}, {address: other, branch: 'main', snapshot: second}];
		await driver.snapshot(requests);
		await write(driver, 'main', 'a/one', 'changed');
		await write(driver, 'main', 'a/new', 'new');
		await rm(path.join(driver.branchData(other, 'main'), 'two'));
		t.deepEqual(await textsOf(driver, first), {'a/one': 'first'});
		t.deepEqual(await textsOf(driver, second, other), {two: 'cache'});

		// Asked again after a crash, it leaves what is whole as it is.
		await driver.snapshot(requests);
		t.deepEqual(await textsOf(driver, first), {'a/one': 'first'});
		const contents = await driver.contents(volume);
		t.deepEqual(contents.snapshots, [first]);
		t.deepEqual(contents.leftovers, []);
	});

	contractTest('no snapshot is taken of a branch that is not there', async (t, driver) => {
		await driver.createBranch(volume, 'main');
		const snapshot = randomUUID();
		t.is(await codeOf(t, driver.snapshot([{address: volume, branch: 'nowhere', snapshot}])), 'not-found');
		const contents = await driver.contents(volume);
		t.deepEqual(contents.snapshots, []);
		t.deepEqual(contents.leftovers, []);
	});

	contractTest('a snapshot opens for reading only', async (t, driver) => {
		await driver.createBranch(volume, 'main');
		await write(driver, 'main', 'file', 'content');
		const snapshot = await snap(driver, 'main');
		const opened = await driver.openSnapshot(volume, snapshot);
		t.is(path.basename(opened.path), 'data');
		t.is(await readFile(path.join(opened.path, 'file'), 'utf8'), 'content');
		if (options.sealsSnapshots ?? true) {
			await t.throwsAsync(writeFile(path.join(opened.path, 'file'), 'forged'), {code: 'EROFS'});
			await t.throwsAsync(unlink(path.join(opened.path, 'file')), {code: 'EROFS'});
			await t.throwsAsync(chmod(opened.path, 0o700), {code: 'EROFS'});
		} else {
			t.log('A root user can write into the snapshots of this driver.');
		}

		await opened.close();
		t.is(await codeOf(t, driver.openSnapshot(volume, randomUUID())), 'not-found');
	});

	contractTest('stage, change, swap: the branch has the clone, what was there is kept as a snapshot', async (t, driver) => {
		await driver.createBranch(volume, 'main');
		await write(driver, 'main', 'file', 'committed');
		const commit = await snap(driver, 'main');
		await write(driver, 'main', 'file', 'unsaved');
		const staged = await driver.stage(volume, commit, 'next');
		t.is(path.basename(staged), 'data');
		await writeFile(path.join(staged, 'prepared'), 'by hand');
		const before = await driver.contents(volume);
		t.deepEqual(before.staged, ['next']);
		t.deepEqual(before.branches, ['main']);
		t.deepEqual(before.leftovers, []);

		// Staging again keeps what was staged.
		t.is(await driver.stage(volume, commit, 'next'), staged);
		t.is(await readFile(path.join(staged, 'prepared'), 'utf8'), 'by hand');

		const kept = randomUUID();
		await driver.swap(volume, 'main', 'next', kept);
		t.deepEqual(await texts(driver, 'main'), {file: 'committed', prepared: 'by hand'});
		t.deepEqual(await textsOf(driver, kept), {file: 'unsaved'});
		t.deepEqual(await textsOf(driver, commit), {file: 'committed'});
		const after = await driver.contents(volume);
		t.deepEqual(after.staged, []);
		t.deepEqual(after.snapshots, [commit, kept].toSorted());

		if (options.sealsSnapshots ?? true) {
			const opened = await driver.openSnapshot(volume, kept);
			await t.throwsAsync(writeFile(path.join(opened.path, 'file'), 'forged'), {code: 'EROFS'});
			await opened.close();
		}

		// The new live clone is writable.
		await write(driver, 'main', 'file', 'on');
		t.deepEqual(await texts(driver, 'main'), {file: 'on', prepared: 'by hand'});
	});

	contractTest('a swap that is run again after a crash changes nothing', async (t, driver) => {
		await driver.createBranch(volume, 'main');
		await write(driver, 'main', 'file', 'committed');
		const commit = await snap(driver, 'main');
		await write(driver, 'main', 'file', 'unsaved');
		const kept = randomUUID();
		await driver.stage(volume, commit, 'next');
		await driver.swap(volume, 'main', 'next', kept);
		await write(driver, 'main', 'file', 'later');
		const again = await options.reopen?.(driver) ?? driver;
		await again.swap(volume, 'main', 'next', kept);
		t.deepEqual(await texts(again, 'main'), {file: 'later'});
		t.deepEqual(await textsOf(again, kept), {file: 'unsaved'});
	});

	contractTest('a swap makes a new branch, and without keepAs never replaces one', async (t, driver) => {
		await driver.createBranch(volume, 'main');
		await write(driver, 'main', 'file', 'committed');
		const commit = await snap(driver, 'main');
		await driver.stage(volume, commit, 'next');
		t.is(await codeOf(t, driver.swap(volume, 'main', 'next')), 'conflict');
		t.deepEqual(await namesOf(driver, 'staged'), ['next']);
		t.deepEqual(await texts(driver, 'main'), {file: 'committed'});

		await driver.swap(volume, 'feature/login', 'next');
		await driver.swap(volume, 'feature/login', 'next');
		await write(driver, 'feature/login', 'file', 'feature');
		t.deepEqual(await texts(driver, 'main'), {file: 'committed'});
		t.deepEqual(await texts(driver, 'feature/login'), {file: 'feature'});
		t.deepEqual(await namesOf(driver, 'branches'), ['feature/login', 'main']);
		t.is(await codeOf(t, driver.swap(volume, 'nowhere', 'not-staged')), 'not-found');
	});

	contractTest('what is not there can\'t be staged', async (t, driver) => {
		await driver.createBranch(volume, 'main');
		t.is(await codeOf(t, driver.stage(volume, randomUUID(), 'next')), 'not-found');
		t.deepEqual(await namesOf(driver, 'staged'), []);
	});

	contractTest('unstage removes a staged clone and nothing else', async (t, driver) => {
		await driver.createBranch(volume, 'main');
		await write(driver, 'main', 'file', 'committed');
		const commit = await snap(driver, 'main');
		await driver.stage(volume, commit, 'next');
		await driver.unstage(volume, 'next');
		await driver.unstage(volume, 'next');
		t.deepEqual(await driver.contents(volume), {
			branches: ['main'], snapshots: [commit], staged: [], trash: [], leftovers: [],
		});
		t.deepEqual(await textsOf(driver, commit), {file: 'committed'});
	});

	contractTest('a clone that was made from nothing becomes a snapshot like any other', async (t, driver) => {
		const root = await driver.stageEmpty(volume, 'made');
		t.deepEqual(await readdir(root), []);
		t.is(await driver.stageEmpty(volume, 'made'), root);
		await mkdir(path.join(root, 'data'));
		await writeFile(path.join(root, 'data/file'), 'received');
		const snapshot = randomUUID();
		await driver.keepStaged(volume, 'made', snapshot, Date.now());
		const again = await options.reopen?.(driver) ?? driver;
		await again.keepStaged(volume, 'made', snapshot, Date.now());
		t.deepEqual(await driver.contents(volume), {
			branches: [], snapshots: [snapshot], staged: [], trash: [], leftovers: [],
		});
		t.deepEqual(await textsOf(driver, snapshot), {file: 'received'});
		t.is(await codeOf(t, driver.keepStaged(volume, 'made', randomUUID(), 0)), 'not-found');
		if (options.sealsSnapshots ?? true) {
			const opened = await driver.openSnapshot(volume, snapshot);
			await t.throwsAsync(writeFile(path.join(opened.path, 'file'), 'forged'), {code: 'EROFS'});
			await opened.close();
		}

		await driver.stage(volume, snapshot, 'next');
		await driver.swap(volume, 'main', 'next');
		t.false(await driver.isChanged(volume, 'main', snapshot));
		await write(driver, 'main', 'file', 'changes');
		t.true(await driver.isChanged(volume, 'main', snapshot));
	});

	contractTest('a changed clone of a snapshot becomes another snapshot; the first that is kept stays', async (t, driver) => {
		await driver.createBranch(volume, 'main');
		await write(driver, 'main', 'file', 'base');
		const base = await snap(driver, 'main');
		const snapshot = randomUUID();
		for (const text of ['first', 'second']) {
			const data = await driver.stage(volume, base, text);
			await writeFile(path.join(data, 'file'), text);
			await driver.keepStaged(volume, text, snapshot, Date.now());
		}

		t.deepEqual(await driver.contents(volume), {
			branches: ['main'], snapshots: [base, snapshot].toSorted(), staged: [], trash: [], leftovers: [],
		});
		t.deepEqual(await textsOf(driver, snapshot), {file: 'first'});
		t.deepEqual(await textsOf(driver, base), {file: 'base'});
		const {files} = await driver.changes(volume, {snapshot: base}, {snapshot});
		t.deepEqual(files.map(({path: file}) => file), ['file']);

		// Its base goes, it stays.
		await driver.remove(volume, base);
		await driver.emptyTrash(volume);
		t.deepEqual(await textsOf(driver, snapshot), {file: 'first'});
	});

	contractTest('a snapshot and its base are open together, to be compared', async (t, driver) => {
		await driver.createBranch(volume, 'main');
		await write(driver, 'main', 'file', 'base');
		const base = await snap(driver, 'main');
		await write(driver, 'main', 'file', 'changed');
		const snapshot = await snap(driver, 'main');
		const pair = await driver.openPair(volume, {snapshot, base});
		t.deepEqual(await readTexts(path.join(pair.root, 'data')), {file: 'changed'});
		t.deepEqual(await readTexts(path.join(pair.baseRoot!, 'data')), {file: 'base'});
		t.true(pair.takenAt <= Date.now());
		await pair.close();
		const alone = await driver.openPair(volume, {snapshot: base});
		t.is(alone.baseRoot, undefined);
		await alone.close();
		t.is(await codeOf(t, driver.openPair(volume, {snapshot, base: randomUUID()})), 'not-found');
		t.is(await codeOf(t, driver.openPair(volume, {snapshot: randomUUID()})), 'not-found');
		t.deepEqual(await namesOf(driver, 'leftovers'), []);
	});

	contractTest('what a process receives is left alone while that runs, and left over when it is gone', async (t, driver) => {
		await driver.createBranch(volume, 'main');
		const running = newReceivingName();
		const gone = running.replace(/-\d+-\d+-/v, '-4194304-1-');
		for (const receiving of [running, gone]) {
			const root = await driver.stageEmpty(volume, receiving);
			await mkdir(path.join(root, 'data'));
		}

		const before = await driver.contents(volume);
		t.deepEqual(before.staged, []);
		t.is(before.leftovers.length, 1);
		await driver.clean(volume);
		t.deepEqual(await namesOf(driver, 'leftovers'), []);
		const snapshot = randomUUID();
		await driver.keepStaged(volume, running, snapshot, Date.now());
		t.deepEqual(await namesOf(driver, 'snapshots'), [snapshot]);
		t.is(await codeOf(t, driver.keepStaged(volume, gone, randomUUID(), 0)), 'not-found');
	});

	contractTest('retire turns a live clone into a snapshot; the branch can be made again from it', async (t, driver) => {
		await driver.createBranch(volume, 'main');
		await write(driver, 'main', 'file', 'last words');
		const kept = randomUUID();
		await driver.retire(volume, 'main', kept);
		await driver.retire(volume, 'main', kept);
		t.deepEqual(await driver.contents(volume), {
			branches: [], snapshots: [kept], staged: [], trash: [], leftovers: [],
		});
		t.deepEqual(await textsOf(driver, kept), {file: 'last words'});
		await driver.stage(volume, kept, 'again');
		await driver.swap(volume, 'main', 'again');
		await write(driver, 'main', 'file', 'alive');
		t.deepEqual(await texts(driver, 'main'), {file: 'alive'});
		t.deepEqual(await textsOf(driver, kept), {file: 'last words'});
	});

	contractTest('a branch is renamed with its data', async (t, driver) => {
		await driver.createBranch(volume, 'main');
		await write(driver, 'main', 'file', 'committed');
		const commit = await snap(driver, 'main');
		await write(driver, 'main', 'file', 'unsaved');
		await driver.renameBranch(volume, 'main', 'topic/x');
		await driver.renameBranch(volume, 'main', 'topic/x');
		t.deepEqual(await namesOf(driver, 'branches'), ['topic/x']);
		t.deepEqual(await texts(driver, 'topic/x'), {file: 'unsaved'});
		t.true(await driver.isChanged(volume, 'topic/x', commit));
		await driver.createBranch(volume, 'main');
		t.is(await codeOf(t, driver.renameBranch(volume, 'topic/x', 'main')), 'conflict');
		t.is(await codeOf(t, driver.renameBranch(volume, 'neither', 'nor')), 'not-found');
		t.deepEqual(await namesOf(driver, 'branches'), ['main', 'topic/x']);
	});

	contractTest('a snapshot goes to the trash, comes back, and is gone when the trash is emptied', async (t, driver) => {
		await driver.createBranch(volume, 'main');
		await write(driver, 'main', 'file', 'one');
		const one = await snap(driver, 'main');
		await write(driver, 'main', 'file', 'two');
		const two = await snap(driver, 'main');
		await driver.remove(volume, one);
		await driver.remove(volume, one);
		await driver.remove(volume, two);
		await driver.remove(volume, randomUUID());
		t.deepEqual(await driver.contents(volume), {
			branches: ['main'], snapshots: [], staged: [], trash: [one, two].toSorted(), leftovers: [],
		});
		t.is(await codeOf(t, driver.openSnapshot(volume, one)), 'not-found');
		t.is(await codeOf(t, driver.stage(volume, one, 'next')), 'not-found');

		await driver.restore(volume, one);
		await driver.restore(volume, one);
		t.deepEqual(await textsOf(driver, one), {file: 'one'});
		t.deepEqual(await namesOf(driver, 'snapshots'), [one]);
		t.is(await codeOf(t, driver.restore(volume, randomUUID())), 'not-found');

		await driver.emptyTrash(volume, [one, randomUUID()]);
		t.deepEqual(await driver.contents(volume), {
			branches: ['main'], snapshots: [one], staged: [], trash: [two], leftovers: [],
		});
		await driver.emptyTrash(volume);
		await driver.emptyTrash(volume);
		t.deepEqual(await driver.contents(volume), {
			branches: ['main'], snapshots: [one], staged: [], trash: [], leftovers: [],
		});
		t.deepEqual(await textsOf(driver, one), {file: 'one'});
		t.deepEqual(await texts(driver, 'main'), {file: 'two'});
	});

	contractTest('removing a snapshot leaves the branches and snapshots that came from it', async (t, driver) => {
		await driver.createBranch(volume, 'main');
		await write(driver, 'main', 'file', 'base');
		const base = await snap(driver, 'main');
		await driver.stage(volume, base, 'next');
		await driver.swap(volume, 'feature', 'next');
		await write(driver, 'feature', 'file', 'feature');
		const later = await snap(driver, 'feature');
		await driver.remove(volume, base);
		await driver.emptyTrash(volume);
		t.deepEqual(await texts(driver, 'main'), {file: 'base'});
		t.deepEqual(await texts(driver, 'feature'), {file: 'feature'});
		t.deepEqual(await textsOf(driver, later), {file: 'feature'});
		t.deepEqual(await namesOf(driver, 'snapshots'), [later]);
		await write(driver, 'feature', 'file', 'goes on');
		const kept = await reset(driver, 'feature', later);
		t.deepEqual(await textsOf(driver, kept), {file: 'goes on'});
	});

	contractTest('a long chain of branches of snapshots of branches outlives its origins', async (t, driver) => {
		const length = 6;
		await driver.createBranch(volume, 'b0');
		const snapshots: string[] = [];
		for (let index = 0; index < length; index++) {
			await write(driver, `b${index}`, `file${index}`, `from b${index}`);
			const snapshot = await snap(driver, `b${index}`);
			snapshots.push(snapshot);
			await driver.stage(volume, snapshot, 'next');
			await driver.swap(volume, `b${index + 1}`, 'next');
		}

		const expected = (count: number) => Object.fromEntries(Array.from({length: count}, (_, index) => [`file${index}`, `from b${index}`]));

		// The origin of all goes, then one in the middle, then snapshots on the way.
		const kept = randomUUID();
		await driver.retire(volume, 'b0', kept);
		await driver.remove(volume, kept);
		await driver.remove(volume, snapshots[0]!);
		await driver.emptyTrash(volume);
		const keptMiddle = randomUUID();
		await driver.retire(volume, 'b3', keptMiddle);
		await driver.remove(volume, snapshots[2]!);
		await driver.remove(volume, snapshots[3]!);
		await driver.emptyTrash(volume);

		for (const index of [1, 2, 4, 5, 6]) {
			t.deepEqual(await texts(driver, `b${index}`), expected(index === length ? length : index + 1), `b${index}`);
		}

		for (const index of [1, 4, 5]) {
			t.deepEqual(await textsOf(driver, snapshots[index]!), expected(index + 1), `snapshot of b${index}`);
		}

		t.deepEqual(await textsOf(driver, keptMiddle), expected(4));
		t.deepEqual(await driver.contents(volume), {
			branches: ['b1', 'b2', 'b4', 'b5', 'b6'], snapshots: [snapshots[1]!, snapshots[4]!, snapshots[5]!, keptMiddle].toSorted(),
			staged: [], trash: [], leftovers: [],
		});

		// The rest still works: a reset of the last branch to the oldest snapshot left.
		await reset(driver, 'b6', snapshots[1]!);
		t.deepEqual(await texts(driver, 'b6'), expected(2));
	});

	contractTest('resets back and forth between two commits, with each safety snapshot destroyed', async (t, driver) => {
		await driver.createBranch(volume, 'main');
		await write(driver, 'main', 'file', 'one');
		const one = await snap(driver, 'main');
		await write(driver, 'main', 'file', 'two');
		const two = await snap(driver, 'main');
		for (const [snapshot, text] of [[one, 'one'], [two, 'two'], [one, 'one'], [two, 'two']] as const) {
			const kept = await reset(driver, 'main', snapshot);
			await driver.remove(volume, kept);
			await driver.emptyTrash(volume);
			t.deepEqual(await texts(driver, 'main'), {file: text});
		}

		t.deepEqual(await namesOf(driver, 'snapshots'), [one, two].toSorted());
	});

	contractTest('clones keep modes, owners, symlinks, hard links, times, names and extended attributes', async (t, driver) => {
		await driver.createBranch(volume, 'main');
		const data = driver.branchData(volume, 'main');
		await mkdir(path.join(data, 'sub/empty'), {recursive: true});
		await writeFile(path.join(data, 'plain'), 'plain');
		await writeFile(path.join(data, 'private'), 'secret');
		await chmod(path.join(data, 'private'), 0o600);
		await chmod(path.join(data, 'sub'), 0o2750);
		await writeFile(path.join(data, 'sub/read-only'), 'look');
		await chmod(path.join(data, 'sub/read-only'), 0o444);
		await symlink('../plain', path.join(data, 'sub/link'));
		await symlink('/nowhere/at/all', path.join(data, 'dangling'));
		await link(path.join(data, 'plain'), path.join(data, 'sub/hard'));
		await writeFile(path.join(data, 'a name with spaces\nand a ☃'), 'odd');
		await writeFile(path.join(data, 'noise'), noise(bigSize, 1));
		await utimes(path.join(data, 'noise'), 1_600_000_000, 1_600_000_000.123);
		if (isRoot()) {
			await chown(path.join(data, 'private'), 999, 998);
			await chown(data, 999, 999);
			await chmod(data, 0o700);
		}

		const hasXattr = await setXattr(path.join(data, 'plain'), 'user.coppice', 'kept');
		const tree = await describeTree(data);
		const commit = await snap(driver, 'main');
		const opened = await driver.openSnapshot(volume, commit);
		t.deepEqual(await describeTree(opened.path), tree);
		if (hasXattr) {
			t.is(await getXattr(path.join(opened.path, 'plain'), 'user.coppice'), 'kept');
		} else {
			t.log('This file system takes no user attributes.');
		}

		await opened.close();
		await reset(driver, 'main', commit);
		t.deepEqual(await describeTree(data), tree);
		if (hasXattr) {
			t.is(await getXattr(path.join(data, 'plain'), 'user.coppice'), 'kept');
		}

		t.false(await driver.isChanged(volume, 'main', commit));
	});

	contractTest('a file with a hole stays one that takes little space', async (t, driver) => {
		await driver.createBranch(volume, 'main');
		const file = path.join(driver.branchData(volume, 'main'), 'sparse');
		await writeFile(file, 'start');
		await truncate(file, 64 * mebibyte);
		await appendFile(file, 'end');
		const commit = await snap(driver, 'main');
		await reset(driver, 'main', commit);
		const stats = await stat(file);
		t.is(stats.size, (64 * mebibyte) + 3);
		t.true(stats.blocks * 512 < mebibyte, `${stats.blocks * 512} bytes taken`);
		const {totalBytes} = await driver.usage(volume, {branch: 'main'});
		t.true(totalBytes < mebibyte, `${totalBytes} bytes counted`);
	});

	contractTest('changes of every kind are found, between snapshots and to live data', async (t, driver) => {
		await driver.createBranch(volume, 'main');
		const data = driver.branchData(volume, 'main');
		await write(driver, 'main', 'same', 'same');
		await write(driver, 'main', 'sub/grows', 'start');
		await write(driver, 'main', 'sub/shrinks', 'a longer text');
		await write(driver, 'main', 'replaced', 'old content');
		await write(driver, 'main', 'goes', 'away');
		await write(driver, 'main', 'sub/moves', 'a file that is renamed');
		await write(driver, 'main', 'mode', 'mode');
		await writeFile(path.join(data, 'big'), noise(bigSize, 2));
		const from = await snap(driver, 'main');
		t.deepEqual(await driver.changes(volume, {snapshot: from}, {branch: 'main'}), {files: [], bytes: 0, fileCount: 0});
		t.false(await driver.isChanged(volume, 'main', from));

		await appendFile(path.join(data, 'sub/grows'), ' and more');
		await truncate(path.join(data, 'sub/shrinks'), 3);
		await writeFile(path.join(data, 'replaced.new'), 'new content of another length');
		await rename(path.join(data, 'replaced.new'), path.join(data, 'replaced'));
		await rm(path.join(data, 'goes'));
		await rename(path.join(data, 'sub/moves'), path.join(data, 'moved'));
		await chmod(path.join(data, 'mode'), 0o640);
		await write(driver, 'main', 'deep/er/added', 'twelve bytes');
		await overwrite(path.join(data, 'big'), mebibyte, noise(4096, 3));
		const to = await snap(driver, 'main');

		for (const [title, target] of [['snapshot', {snapshot: to}], ['live', {branch: 'main'}]] as const) {
			const {files, bytes, fileCount} = await driver.changes(volume, {snapshot: from}, target);
			const found = new Map(files.map(file => [file.path, file]));
			const kind = (file: string) => found.get(file)?.kind;
			t.is(kind('same'), undefined, title);
			t.is(kind('sub/grows'), 'modified', title);
			t.is(kind('sub/shrinks'), 'modified', title);
			t.is(kind('replaced'), 'modified', title);
			t.is(kind('goes'), 'removed', title);
			t.is(found.get('goes')!.bytes, 0, title);
			t.is(kind('mode'), 'metadata', title);
			t.is(found.get('mode')!.bytes, 0, title);
			t.is(kind('deep/er/added'), 'added', title);
			t.is(found.get('deep/er/added')!.bytes, 12, title);
			t.is(kind('big'), 'modified', title);
			const bigBytes = found.get('big')!.bytes;
			t.true(bigBytes >= 4000 && bigBytes <= 256 * 1024, `${title}: ${bigBytes} bytes of the large file`);
			if (kind('moved') === 'renamed') {
				t.is(found.get('moved')!.from, 'sub/moves', title);
				t.is(found.get('moved')!.bytes, 0, title);
				t.is(kind('sub/moves'), undefined, title);
			} else {
				t.is(kind('moved'), 'added', title);
				t.is(kind('sub/moves'), 'removed', title);
			}

			t.is(fileCount, files.length, title);
			t.is(bytes, files.reduce((sum, file) => sum + file.bytes, 0), title);

			const limited = await driver.changes(volume, {snapshot: from}, target, {limit: 2});
			t.is(limited.files.length, 2, title);
			t.is(limited.fileCount, fileCount, title);
			t.is(limited.bytes, bytes, title);
		}

		t.true(await driver.isChanged(volume, 'main', from));
		t.false(await driver.isChanged(volume, 'main', to));

		// The way back is told the other way round.
		const back = await driver.changes(volume, {branch: 'main'}, {snapshot: from});
		const kinds = Object.fromEntries(back.files.map(file => [file.path, file.kind]));
		t.is(kinds.goes, 'added');
		t.is(kinds['deep/er/added'], 'removed');
		t.is(kinds.big, 'modified');
	});

	contractTest('a renamed folder with a changed file inside', async (t, driver) => {
		await driver.createBranch(volume, 'main');
		const data = driver.branchData(volume, 'main');
		await write(driver, 'main', 'old/one', 'one');
		await write(driver, 'main', 'old/two', 'two');
		const from = await snap(driver, 'main');
		await rename(path.join(data, 'old'), path.join(data, 'new'));
		await appendFile(path.join(data, 'new/two'), ' and more');
		const to = await snap(driver, 'main');
		for (const target of [{snapshot: to}, {branch: 'main'}] as const) {
			const {files} = await driver.changes(volume, {snapshot: from}, target);
			const kinds = Object.fromEntries(files.map(file => [file.path, file.kind]));
			if (kinds.new === 'renamed') {
				t.deepEqual(kinds, {new: 'renamed', 'new/two': 'modified'});
			} else {
				t.like(kinds, {
					'new/one': 'added', 'new/two': 'added', 'old/one': 'removed', 'old/two': 'removed',
				});
			}
		}
	});

	contractTest('a change that keeps size and time of modification is found', async (t, driver) => {
		await driver.createBranch(volume, 'main');
		const data = driver.branchData(volume, 'main');
		await write(driver, 'main', 'file', 'aaaa');
		const old = new Date('2024-01-01T00:00:00Z');
		await utimes(path.join(data, 'file'), old, old);
		await delay(100);
		const commit = await snap(driver, 'main');
		await delay(100);
		t.false(await driver.isChanged(volume, 'main', commit));
		await writeFile(path.join(data, 'file'), 'bbbb');
		await utimes(path.join(data, 'file'), old, old);
		t.true(await driver.isChanged(volume, 'main', commit));
		const {files} = await driver.changes(volume, {snapshot: commit}, {branch: 'main'});
		t.deepEqual(files, [{path: 'file', kind: 'modified', bytes: 4}]);
	});

	contractTest('changes in the same clock tick as the snapshot are found, every time', async (t, driver) => {
		await driver.createBranch(volume, 'main');
		const file = path.join(driver.branchData(volume, 'main'), 'file');
		for (let index = 0; index < 5; index++) {
			await writeFile(file, `a${index}`);
			const commit = await snap(driver, 'main');
			await writeFile(file, `b${index}`);
			t.true(await driver.isChanged(volume, 'main', commit), `round ${index}, after a snapshot`);
			await reset(driver, 'main', commit);
			await writeFile(file, `c${index}`);
			t.true(await driver.isChanged(volume, 'main', commit), `round ${index}, after a reset`);
		}
	});

	contractTest('differences that are ignored do not count, each told with when it was changed', async (t, driver) => {
		await driver.createBranch(volume, 'main');
		const data = driver.branchData(volume, 'main');
		await write(driver, 'main', 'sub/log', 'start');
		await write(driver, 'main', 'gone', 'soon');
		await write(driver, 'main', 'kept', 'always');
		const commit = await snap(driver, 'main');
		await appendFile(path.join(data, 'sub/log'), ' more');
		await rm(path.join(data, 'gone'));
		await write(driver, 'main', 'new/file', 'new');
		const collect = async () => {
			const found = new Map<string, number>();
			const isChanged = await driver.isChanged(volume, 'main', commit, {
				ignore({path: file, changedAt}) {
					found.set(file, changedAt);
					return true;
				},
			});
			t.false(isChanged);
			return found;
		};

		const first = await collect();
		t.true(['gone', 'new/file', 'sub/log'].every(file => first.has(file)), [...first.keys()].join(', '));
		t.false(first.has('kept'));
		t.deepEqual(await collect(), first);
		// Some file systems keep whole seconds only.
		await delay(1100);
		const noted = Date.now();
		const ignore = ({changedAt}: Difference) => changedAt <= noted;
		t.false(await driver.isChanged(volume, 'main', commit, {ignore}));
		t.true(await driver.isChanged(volume, 'main', commit, {ignore: ({path: file}) => file !== 'sub/log'}));

		await delay(1100);
		await write(driver, 'main', 'new/file', 'old');
		t.true(await driver.isChanged(volume, 'main', commit, {ignore}));
		t.true(await driver.isChanged(volume, 'main', commit));
	});

	contractTest('a survey tells at once what the separate questions tell', async (t, driver) => {
		await driver.createBranch(volume, 'main');
		const data = driver.branchData(volume, 'main');
		await writeFile(path.join(data, 'big'), noise(bigSize, 8));
		await write(driver, 'main', 'log', 'start');
		const commit = await snap(driver, 'main');
		const before = await driver.survey(volume, 'main', commit);
		t.false(before.changed);
		t.is(before.sharedBytes + before.ownBytes, before.totalBytes);
		t.is(before.ownBytes, driver.traits.sharesBlocks ? 0 : before.totalBytes);

		await appendFile(path.join(data, 'log'), ' more');
		const after = await driver.survey(volume, 'main', commit);
		t.true(after.changed);
		t.is(after.sharedBytes + after.ownBytes, after.totalBytes);
		const passed = await driver.survey(volume, 'main', commit, {ignore: ({path: file}) => file === 'log'});
		t.false(passed.changed);
		await rename(path.join(data, 'log'), path.join(data, 'log.1'));
		const moved = await driver.survey(volume, 'main', commit, {ignore: ({path: file}) => file === 'log.1'});
		t.true(moved.changed);
	});

	contractTest('a fresh clone of a snapshot is unchanged, and so is one that only was read', async (t, driver) => {
		await driver.createBranch(volume, 'main');
		await write(driver, 'main', 'sub/file', 'text');
		const commit = await snap(driver, 'main');
		await driver.stage(volume, commit, 'next');
		await driver.swap(volume, 'feature', 'next');
		await readTexts(driver.branchData(volume, 'feature'));
		t.false(await driver.isChanged(volume, 'feature', commit));
		t.deepEqual(await driver.changes(volume, {snapshot: commit}, {branch: 'feature'}), {files: [], bytes: 0, fileCount: 0});
	});

	contractTest('a clone\'s own bytes grow by what is written', async (t, driver) => {
		await driver.createBranch(volume, 'main');
		const data = driver.branchData(volume, 'main');
		await writeFile(path.join(data, 'big'), noise(bigSize, 4));
		const commit = await snap(driver, 'main');
		await driver.stage(volume, commit, 'next');
		await driver.swap(volume, 'feature', 'next');
		const whole = await driver.usage(volume, {branch: 'feature'});
		t.is(whole.ownBytes, whole.totalBytes);
		t.is(whole.sharedBytes, 0);
		t.true(whole.totalBytes >= bigSize * 0.95 && whole.totalBytes < bigSize * 1.2, `${whole.totalBytes} in all`);

		const before = await driver.usage(volume, {branch: 'feature'}, commit);
		t.is(before.ownBytes + before.sharedBytes, before.totalBytes);
		await overwrite(path.join(driver.branchData(volume, 'feature'), 'big'), mebibyte, noise(512 * 1024, 5));
		await writeFile(path.join(driver.branchData(volume, 'feature'), 'new'), noise(256 * 1024, 6));
		await overwrite(path.join(driver.branchData(volume, 'feature'), 'new'), 0, noise(10, 7));
		const after = await driver.usage(volume, {branch: 'feature'}, commit);
		t.is(after.ownBytes + after.sharedBytes, after.totalBytes);
		const written = 768 * 1024;
		if (driver.traits.sharesBlocks) {
			t.true(before.ownBytes < 64 * 1024, `${before.ownBytes} of its own before`);
			t.true(after.ownBytes >= written * 0.9 && after.ownBytes <= written * 1.6, `${after.ownBytes} of its own after`);
		} else {
			t.is(before.sharedBytes, 0);
			t.true(after.ownBytes >= before.ownBytes + (256 * 1024 * 0.9), `${after.ownBytes} of its own after`);
		}

		const later = await snap(driver, 'feature');
		const ofSnapshot = await driver.usage(volume, {snapshot: later}, commit);
		t.is(ofSnapshot.ownBytes + ofSnapshot.sharedBytes, ofSnapshot.totalBytes);
		t.true(ofSnapshot.ownBytes >= written * 0.9, `${ofSnapshot.ownBytes} of the snapshot's own`);
	});

	contractTest('volumes and stacks are apart, and removing one leaves the others', async (t, driver) => {
		const foreign = {stack: 'blog', volume: 'db'};
		for (const address of [volume, other, foreign]) {
			await driver.createBranch(address, 'main');
			await write(driver, 'main', 'file', `${address.stack} ${address.volume}`, address);
			await snap(driver, 'main', address);
		}

		const trashed = await snap(driver, 'main');
		await driver.remove(volume, trashed);
		const [first] = await namesOf(driver, 'snapshots');
		await driver.stage(volume, first!, 'next');
		await driver.removeVolume(volume);
		await driver.removeVolume(volume);
		t.deepEqual(await driver.contents(volume), {
			branches: [], snapshots: [], staged: [], trash: [], leftovers: [],
		});
		await t.throwsAsync(lstat(branchesFolder(driver.pool, volume)), {code: 'ENOENT'});
		for (const address of [other, foreign]) {
			t.deepEqual(await texts(driver, 'main', address), {file: `${address.stack} ${address.volume}`});
			const {snapshots} = await driver.contents(address);
			t.is(snapshots.length, 1);
		}

		await driver.createBranch(volume, 'main');
		t.deepEqual(await texts(driver, 'main'), {});
	});

	contractTest('clean finds nothing to remove in a volume that is whole', async (t, driver) => {
		await driver.createBranch(volume, 'main');
		await write(driver, 'main', 'file', 'text');
		const commit = await snap(driver, 'main');
		const trashed = await snap(driver, 'main');
		await driver.remove(volume, trashed);
		await driver.stage(volume, commit, 'next');
		const before = await driver.contents(volume);
		await driver.clean(volume);
		await driver.clean({stack: 'shop', volume: 'never'});
		t.deepEqual(await driver.contents(volume), before);
		t.deepEqual(await texts(driver, 'main'), {file: 'text'});
		await driver.restore(volume, trashed);
		t.deepEqual(await textsOf(driver, trashed), {file: 'text'});
	});

	contractTest('room is known', async (t, driver) => {
		const {totalBytes, freeBytes} = await driver.room();
		t.true(freeBytes > 0);
		t.true(totalBytes >= freeBytes);
		t.true(driver.traits.cloneMethod.length > 0);
	});

	contractTest('random sequences of operations agree with a model', async (t, driver) => {
		let run = 0;
		await fc.assert(fc.asyncProperty(modelOperations, async operations => {
			const address = {stack: 'model', volume: `v${run++}`};
			const model = new DriverModel(driver, address);
			for (const operation of operations) {
				await model.perform(operation);
			}

			t.deepEqual(await model.actual(), model.expected());
			t.deepEqual(model.mistakes, []);
			await driver.removeVolume(address);
		}), {numRuns: options.propertyRuns ?? 12, endOnFailure: true});
	});
};
