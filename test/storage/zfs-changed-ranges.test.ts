/**
What `zfs send -i` tells of where files changed, held against reading both of them whole: the stream has to be the same, byte for byte.
`RANGE_RUNS` tells how many random histories are tried.
*/
import {Buffer} from 'node:buffer';
import {randomUUID} from 'node:crypto';
import {
	closeSync,
	ftruncateSync,
	mkdirSync,
	openSync,
	readdirSync,
	readFileSync,
	renameSync,
	unlinkSync,
	writeSync,
} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import test from 'ava';
import fc from 'fast-check';
import type {StorageDriver} from '../../source/storage/driver.ts';
import {sendSnapshot} from '../../source/storage/snapshot-stream.ts';
import {stepsAlong} from '../../source/storage/zfs/changed-ranges.ts';
import {createZfsDriver} from '../../source/storage/zfs/zfs-driver.ts';
import {createZfsPoolDataset} from '../../source/storage/zfs/zfs-dataset.ts';
import {noise} from '../fixtures/noise.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';
import {makeZfsPool, zfsMissing, type ZfsPool} from '../fixtures/zfs-fuse.ts';

const address = {stack: 'shop', volume: 'db'};
const runs = Number(process.env.RANGE_RUNS ?? 1);
const mebibyte = 2 ** 20;
const noZfs = await zfsMissing();
let zpool: ZfsPool | undefined;

test.before('make a zpool', async () => {
	zpool = noZfs === undefined ? await makeZfsPool({sizeBytes: 2 ** 31}) : undefined;
});

test.after.always('remove it', async () => {
	await zpool?.dispose();
});

const makeDriver = async (): Promise<StorageDriver> => {
	const pool = path.join(zpool!.folder, randomUUID());
	const driver = await createZfsDriver({pool, dataset: await createZfsPoolDataset({parent: zpool!.name, pool})});
	await driver.createBranch(address, 'main');
	return driver;
};

const snap = async (driver: StorageDriver): Promise<string> => {
	const snapshot = randomUUID();
	await driver.snapshot([{address, branch: 'main', snapshot}]);
	return snapshot;
};

const reset = async (driver: StorageDriver, snapshot: string): Promise<void> => {
	const staged = randomUUID();
	await driver.stage(address, snapshot, staged);
	await driver.swap(address, 'main', staged, randomUUID());
};

/** A driver of which nobody learns where files changed. Counts how often it would have been told. */
const reticent = (driver: StorageDriver, told: {count: number}): StorageDriver => ({
	...driver,
	async openPair(...parameters) {
		const {rule: {changedRanges, ...rule}, ...pair} = await driver.openPair(...parameters);
		told.count += changedRanges === undefined ? 0 : 1;
		return {...pair, rule};
	},
});

const collect = async (driver: StorageDriver, snapshot: string, base: string): Promise<Buffer> =>
	Buffer.concat(await Array.fromAsync(sendSnapshot({driver}, address, {snapshot, base})));

type Act =
	/** Zeros without a seed. */
	| {readonly act: 'write'; readonly file: number; readonly at: number; readonly length: number; readonly seed: number | undefined}
	| {readonly act: 'truncate' | 'sparse'; readonly file: number; readonly size: number}
	| {readonly act: 'unlink'; readonly file: number}
	| {readonly act: 'rename'; readonly file: number; readonly to: number};

const file = fc.nat({max: 5});

/** Around the sizes of blocks, and far beyond: a file has a block of its own size, then blocks of 128 KiB. */
const place = fc.oneof(fc.nat({max: 2000}), fc.nat({max: 300_000}), fc.nat({max: 6 * mebibyte}), fc.nat({max: 40}).map(index => index * 131_072));
const length = fc.oneof(fc.integer({min: 1, max: 5000}), fc.integer({min: 1, max: 400_000}));
const acts: fc.Arbitrary<Act> = fc.oneof(
	{
		weight: 5, arbitrary: fc.record({
			act: fc.constant('write' as const), file, at: place, length, seed: fc.option(fc.nat(), {nil: undefined}),
		}),
	},
	{weight: 2, arbitrary: fc.record({act: fc.constantFrom('truncate' as const, 'sparse' as const), file, size: place})},
	{weight: 1, arbitrary: fc.record({act: fc.constant('unlink' as const), file})},
	{weight: 1, arbitrary: fc.record({act: fc.constant('rename' as const), file, to: file})},
);

/** `back`: of every third, to which snapshot the branch is reset first. */
const round = fc.record({back: fc.option(fc.nat(), {nil: undefined}), steps: fc.array(acts, {minLength: 1, maxLength: 12})});

/** Does an act in a folder; one on a file that is not there makes it. */
const perform = (folder: string, step: Act): void => {
	const nameOf = (index: number) => path.join(folder, `file${index}`);
	const name = nameOf(step.file);
	let isThere = readdirSync(folder).includes(path.basename(name));
	if (step.act === 'unlink' || step.act === 'rename') {
		if (isThere && step.act === 'unlink') {
			unlinkSync(name);
		} else if (isThere && step.act === 'rename') {
			renameSync(name, nameOf(step.to));
		}

		return;
	}

	if (isThere && step.act === 'sparse') {
		// The next file may well get its number.
		unlinkSync(name);
		isThere = false;
	}

	const descriptor = openSync(name, isThere ? 'r+' : 'w');
	if (step.act === 'write') {
		writeSync(descriptor, step.seed === undefined ? Buffer.alloc(step.length) : noise(step.length, step.seed), 0, step.length, step.at);
	} else {
		ftruncateSync(descriptor, step.size);
	}

	closeSync(descriptor);
};

test('a line of snapshots is gone along in one step for each dataset', t => {
	t.deepEqual(stepsAlong(['p/a@1', 'p/a@2', 'p/b@3', 'p/b@4', 'p/b@5', 'p/c@6']), [['p/a@1', 'p/a@2'], ['p/a@2', 'p/b@5'], ['p/b@5', 'p/c@6']]);
	t.deepEqual(stepsAlong(['p/a@1', 'p/b@2']), [['p/a@1', 'p/b@2']]);
	t.deepEqual(stepsAlong(['p/a@1']), []);
});

if (noZfs === undefined) {
	test.serial('any two snapshots give the same stream as when both are read whole', async t => {
		t.timeout(Math.max(4, runs) * 60_000);
		const told = {count: 0};
		await fc.assert(fc.asyncProperty(
			fc.array(round, {minLength: 3, maxLength: 5}),
			fc.nat(),
			async (rounds, choice) => {
				const driver = await makeDriver();
				const snapshots: string[] = [];
				for (const {back, steps} of rounds) {
					if (back !== undefined && back % 3 === 0 && snapshots.length > 0) {
						await reset(driver, snapshots[back % snapshots.length]!);
					}

					for (const step of steps) {
						perform(driver.branchData(address, 'main'), step);
					}

					snapshots.push(await snap(driver));
				}

				// One after the other, from the first to the last and back, and any two.
				const [first, last] = [snapshots[0]!, snapshots.at(-1)!];
				const neighbours = snapshots.slice(1).map((snapshot, index) => [snapshots[index]!, snapshot] as const);
				const pairs = [...neighbours, [first, last] as const, [last, snapshots[choice % snapshots.length]!] as const];
				for (const [base, snapshot] of pairs) {
					const [known, whole] = [await collect(driver, snapshot, base), await collect(reticent(driver, told), snapshot, base)];
					t.true(known.equals(whole), `${known.length} bytes came of what is known, ${whole.length} of all`);
				}

				const {leftovers} = await driver.contents(address);
				t.deepEqual(leftovers, []);
				await driver.removeVolume(address);
			},
		), {numRuns: runs, endOnFailure: true, includeErrorInReport: true});
		t.true(told.count > 0, 'it was never known where files changed');
	});

	test.serial('of a large file only what was written is read', async t => {
		const driver = await makeDriver();
		const data = driver.branchData(address, 'main');
		mkdirSync(path.join(data, 'deep'));
		const descriptor = openSync(path.join(data, 'deep/large'), 'w');
		const content = noise(8 * mebibyte, 1);
		for (let index = 0; index < 8; index++) {
			writeSync(descriptor, content);
		}

		const base = await snap(driver);
		for (const at of [0, 21, 63]) {
			writeSync(descriptor, noise(8192, at + 2), 0, 8192, at * mebibyte);
		}

		closeSync(descriptor);
		const snapshot = await snap(driver);
		const bytesRead = (): number => Number(/rchar: (?<bytes>\d+)/v.exec(readFileSync('/proc/self/io', 'utf8'))?.groups?.bytes);
		const before = bytesRead();
		const stream = await collect(driver, snapshot, base);
		const read = bytesRead() - before;
		t.true(stream.length > 3 * 8192 && stream.length < 40_000, String(stream.length));
		// Three blocks of 128 KiB each from the records, the old file and the new one.
		t.true(read < 4 * mebibyte, `${read} bytes were read`);
	});
} else {
	skipAloud('changed ranges by zfs send', noZfs);
}
