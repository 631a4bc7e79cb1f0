/**
Snapshots sent from every file system to every other, in full and as increments, both ways and several times over: what arrives is what was sent,
or nothing is there. `STREAM_RUNS` tells how many random trees go each way; one unless told.
*/
import {Buffer} from 'node:buffer';
import {randomUUID} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {
	mkdtemp,
	readFile,
	utimes,
	writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import test, {type ExecutionContext} from 'ava';
import fc from 'fast-check';
import {readIdentity} from '../../source/storage/btrfs/native-receive.ts';
import {createBtrfsDriver} from '../../source/storage/btrfs/btrfs-driver.ts';
import {createDirectoryDriver} from '../../source/storage/directory/directory-driver.ts';
import type {StorageDriver} from '../../source/storage/driver.ts';
import {snapshotFolder} from '../../source/storage/layout.ts';
import {estimateSend, receiveSnapshot, sendSnapshot} from '../../source/storage/snapshot-stream.ts';
import {createZfsDriver} from '../../source/storage/zfs/zfs-driver.ts';
import {createZfsPoolDataset} from '../../source/storage/zfs/zfs-dataset.ts';
import type {StreamCommand} from '../../source/stream/commands.ts';
import {encodeStream} from '../../source/stream/encode-stream.ts';
import {nativeCalls} from '../../source/stream/native-calls.ts';
import {CoppiceError} from '../../source/system/errors.ts';
import {isRoot, runCommand, tryCommand} from '../../source/system/run-command.ts';
import {readTexts} from '../fixtures/file-facts.ts';
import {loopBtrfs, loopBtrfsMissing} from '../fixtures/loop-btrfs.ts';
import {noise} from '../fixtures/noise.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';
import {isSoak} from '../fixtures/soak.ts';
import {makeZfsPool, zfsMissing, type ZfsPool} from '../fixtures/zfs-fuse.ts';
import {type Change, changeTree, someChanges} from '../stream/random-tree.ts';
import {type FactOptions, treeFacts} from '../stream/tree-facts.ts';

const address = {stack: 'shop', volume: 'db'};
const runs = Number(process.env.STREAM_RUNS ?? 1);
const native = await nativeCalls() !== undefined;
const [noBtrfs, noZfs] = [await loopBtrfsMissing(), await zfsMissing()];
const disk = noBtrfs === undefined ? await loopBtrfs() : undefined;
const folder = await mkdtemp(path.join(os.tmpdir(), 'coppice-snapshot-stream-'));
let zpool: ZfsPool | undefined;

test.before('make a zpool', async () => {
	zpool = noZfs === undefined ? await makeZfsPool() : undefined;
});

test.after.always('remove everything', async () => {
	await zpool?.dispose();
	await disk?.dispose();
	await runCommand(['rm', '--recursive', '--force', folder]);
});

/** Of the pools on ZFS. */
const datasets = new Map<string, string>();

const makers = {
	async btrfs() {
		return createBtrfsDriver({pool: await mkdtemp(path.join(disk!.path, 'pool-'))});
	},
	async zfs() {
		const pool = path.join(zpool!.folder, randomUUID());
		const dataset = await createZfsPoolDataset({parent: zpool!.name, pool});
		datasets.set(pool, dataset);
		return createZfsDriver({pool, dataset});
	},
	async directory() {
		return createDirectoryDriver({pool: await mkdtemp(path.join(folder, 'pool-'))});
	},
};

type Kind = keyof typeof makers;

const kinds = (['btrfs', 'zfs', 'directory'] as const).filter(kind => {
	const reason = {btrfs: noBtrfs, zfs: noZfs, directory: isRoot() ? undefined : 'files of other owners need root'}[kind];
	if (reason !== undefined) {
		skipAloud(`snapshots sent from and to ${kind}`, reason);
	}

	return reason === undefined;
});

const snap = async (driver: StorageDriver): Promise<string> => {
	const snapshot = randomUUID();
	await driver.snapshot([{address, branch: 'main', snapshot}]);
	return snapshot;
};

/** Makes the live data of `main` a clone of a snapshot. */
const reset = async (driver: StorageDriver, snapshot: string): Promise<void> => {
	const staged = randomUUID();
	const {branches} = await driver.contents(address);
	await driver.stage(address, snapshot, staged);
	await driver.swap(address, 'main', staged, branches.includes('main') ? randomUUID() : undefined);
};

const collect = async (from: StorageDriver, snapshot: string, base?: string): Promise<Uint8Array[]> =>
	Array.fromAsync(sendSnapshot({driver: from}, address, {snapshot, base}));

/** What can be read again from its start. */
const again = (pieces: readonly Uint8Array[]) => async function * () {
	yield * pieces;
};

const sizeOf = (pieces: readonly Uint8Array[]): number => pieces.reduce((sum, {length}) => sum + length, 0);

const transfer = async (from: StorageDriver, to: StorageDriver, snapshot: string, base?: string) => {
	const pieces = await collect(from, snapshot, base);
	await receiveSnapshot({driver: to}, {
		address, snapshot, base, open: again(pieces),
	});
	return sizeOf(pieces);
};

const factsOf = async (driver: StorageDriver, snapshot: string, options: FactOptions): Promise<string[]> => {
	const opened = await driver.openSnapshot(address, snapshot);
	try {
		return treeFacts(opened.path, options);
	} finally {
		await opened.close();
	}
};

const textsOf = async (driver: StorageDriver, snapshot: string) => {
	const opened = await driver.openSnapshot(address, snapshot);
	try {
		return await readTexts(opened.path);
	} finally {
		await opened.close();
	}
};

const compare = async (t: ExecutionContext, [one, two]: readonly [StorageDriver, StorageDriver], snapshot: string, options: FactOptions) => {
	t.deepEqual(await factsOf(two, snapshot, options), await factsOf(one, snapshot, options));
	const contents = await two.contents(address);
	t.deepEqual(contents.leftovers, []);
	t.deepEqual(contents.staged, []);
};

for (const [place, from] of kinds.entries()) {
	// There and back again is both ways. Which of them is the first, with all of the data, is for the soak.
	for (const to of isSoak ? kinds : kinds.slice(place)) {
		test.serial(`from ${from} to ${to}, there and back again`, async t => {
			t.timeout(Math.max(4, runs) * 60_000);
			const hasZfs = from === 'zfs' || to === 'zfs';
			// What zfs-fuse takes: owners below 2^31, and times but now and then; what it keeps: whole seconds.
			const allowed = (changes: readonly Change[]) => hasZfs ? changes.filter(({kind}) => kind !== 'times') : changes;
			const options = hasZfs ? {native: false, largestOwner: 60_000} : {native};
			// `btrfs send` moves things through folders and does not always put their times right.
			const facts: FactOptions = {folderTimes: from !== 'btrfs' && to !== 'btrfs', ...(hasZfs ? {timeStep: 1_000_000_000n, xattrs: false} : (native ? {} : {timeStep: 10_000n, xattrs: false}))};
			await fc.assert(fc.asyncProperty(fc.array(someChanges(20), {minLength: 4, maxLength: 4}), async rounds => {
				const drivers = [await makers[from](), await makers[to]()] as const;
				await drivers[0].createBranch(address, 'main');
				let base: string | undefined;
				for (const [round, changes] of rounds.entries()) {
					const [sender, receiver] = round % 2 === 0 ? drivers : [drivers[1], drivers[0]];
					if (base !== undefined) {
						await reset(sender, base);
					}

					changeTree(sender.branchData(address, 'main'), allowed(changes), options);
					const snapshot = await snap(sender);
					await transfer(sender, receiver, snapshot, base);
					await compare(t, [sender, receiver], snapshot, facts);
					base = snapshot;
				}
			}), {numRuns: runs, endOnFailure: true, includeErrorInReport: true});
		});
	}
}

const mebibyte = 2 ** 20;

/** A pool with a large old file and a small one, and two snapshots between which the small one changed. */
const makeTwo = async (kind: Kind): Promise<{driver: StorageDriver; base: string; snapshot: string}> => {
	const driver = await makers[kind]();
	await driver.createBranch(address, 'main');
	const data = driver.branchData(address, 'main');
	await writeFile(path.join(data, 'large'), noise(8 * mebibyte, 1));
	await writeFile(path.join(data, 'small'), 'first');
	const longAgo = new Date(Date.now() - 60_000);
	await utimes(path.join(data, 'large'), longAgo, longAgo);
	const base = await snap(driver);
	await writeFile(path.join(data, 'small'), 'second');
	return {driver, base, snapshot: await snap(driver)};
};

/** Bytes that this process has read since it began. */
const bytesRead = (): number => Number(/rchar: (?<bytes>\d+)/v.exec(readFileSync('/proc/self/io', 'utf8'))?.groups?.bytes);

// On zfs-fuse, whose times are whole seconds, files of the last two are read.
const finelyTimed = kinds.filter(each => each !== 'zfs');
for (const kind of finelyTimed) {
	for (const from of new Set<Kind>([kind, 'directory'])) {
		test.serial(`what did not change is not read again: from ${from}, received on ${kind}`, async t => {
			const {driver, base, snapshot} = await makeTwo(from);
			const receiver = await makers[kind]();
			await transfer(driver, receiver, base);
			await transfer(driver, receiver, snapshot, base);
			await reset(receiver, snapshot);
			const before = bytesRead();
			t.false(await receiver.isChanged(address, 'main', snapshot));
			const survey = await receiver.survey(address, 'main', snapshot);
			t.false(survey.changed);
			const changes = await receiver.changes(address, {snapshot: base}, {branch: 'main'});
			t.deepEqual(changes.files.map(file => file.path), ['small']);
			const ofSnapshots = await receiver.changes(address, {snapshot: base}, {snapshot});
			t.deepEqual(ofSnapshots.files.map(file => file.path), ['small']);
			t.true(bytesRead() - before < 4 * mebibyte);
			await writeFile(path.join(receiver.branchData(address, 'main'), 'small'), 'third!');
			t.true(await receiver.isChanged(address, 'main', snapshot));
		});
	}
}

for (const kind of kinds) {
	test.serial(`the same stream every time, about as long as was estimated: ${kind}`, async t => {
		const {driver, base, snapshot} = await makeTwo(kind);
		for (const from of [undefined, base]) {
			const [one, two] = [await collect(driver, snapshot, from), await collect(driver, snapshot, from)];
			t.true(Buffer.concat(one).equals(Buffer.concat(two)));
			const estimate = await estimateSend({driver}, address, {snapshot, base: from});
			const allowed = from === undefined ? sizeOf(one) / 10 : 256 * 1024;
			t.true(Math.abs(estimate - sizeOf(one)) <= allowed, `${estimate} was estimated, ${sizeOf(one)} came`);
		}

		t.true(sizeOf(await collect(driver, snapshot, base)) < 64 * 1024);
		await t.throwsAsync(collect(driver, randomUUID()), {instanceOf: CoppiceError, code: 'not-found'});
		await t.throwsAsync(collect(driver, snapshot, randomUUID()), {instanceOf: CoppiceError, code: 'not-found'});
		const {leftovers} = await driver.contents(address);
		t.deepEqual(leftovers, []);
	});

	test.serial(`any snapshot that both have is a base, and one that is there or in the trash is not made again: ${kind}`, async t => {
		const driver = await makers[kind]();
		const receiver = await makers.directory();
		await driver.createBranch(address, 'main');
		const file = path.join(driver.branchData(address, 'main'), 'file');
		await writeFile(file, 'root');
		const root = await snap(driver);
		await writeFile(file, 'one');
		const one = await snap(driver);
		await reset(driver, root);
		await writeFile(file, 'two');
		await writeFile(`${file}-2`, 'new');
		const two = await snap(driver);
		const back = await makers[kind]();
		for (const [sender, taker] of [[driver, receiver], [receiver, back]] as const) {
			// Not related by any clone but the first, and from a newer one back to an older one.
			await transfer(sender, taker, one);
			await transfer(sender, taker, two, one);
			await transfer(sender, taker, root, two);
			t.deepEqual(await textsOf(taker, one), {file: 'one'});
			t.deepEqual(await textsOf(taker, two), {file: 'two', 'file-2': 'new'});
			t.deepEqual(await textsOf(taker, root), {file: 'root'});
		}

		await back.remove(address, two);
		await receiveSnapshot({driver: back}, {
			address, snapshot: two, base: one, open() {
				throw new Error('It is not read');
			},
		});
		t.deepEqual(await textsOf(back, two), {file: 'two', 'file-2': 'new'});
		t.deepEqual((await back.contents(address)).trash, []);

		// What was received stays when its base goes.
		await back.remove(address, one);
		await back.emptyTrash(address);
		t.deepEqual(await textsOf(back, two), {file: 'two', 'file-2': 'new'});
		const stream = await collect(driver, two, one);
		await t.throwsAsync(receiveSnapshot({driver: back}, {
			address, snapshot: randomUUID(), base: one, open: again(stream),
		}), {instanceOf: CoppiceError, code: 'not-found'});
	});

	test.serial(`a snapshot is in the pool since it came, whatever it was made of: ${kind}`, async t => {
		const {driver, base, snapshot} = await makeTwo(kind);
		const receiver = await makers[kind]();
		await transfer(driver, receiver, base);
		await delay(1100);
		const began = Date.now();
		await transfer(driver, receiver, snapshot, base);
		const [ofBase, ofSnapshot] = [await receiver.arrivedAt(address, base), await receiver.arrivedAt(address, snapshot)];
		t.true(ofBase <= began, `${ofBase} is not before ${began}`);
		t.true(ofSnapshot >= began - 1000, `${ofSnapshot} is before ${began}`);
		t.true(ofSnapshot <= Date.now() + 1000);
		await t.throwsAsync(receiver.arrivedAt(address, randomUUID()), {instanceOf: CoppiceError, code: 'not-found'});
	});

	const id = randomUUID();
	const baseId = randomUUID();
	const subvol: StreamCommand = {
		type: 'subvol', path: 'snapshot', uuid: id, ctransid: 1,
	};
	const end: StreamCommand = {type: 'end'};
	const mkdirData: StreamCommand = {type: 'mkdir', path: 'data', ino: 257};
	const hostile: ReadonlyArray<readonly [what: string, commands: readonly StreamCommand[], says: RegExp]> = [
		['a path that leads out', [subvol, mkdirData, {type: 'mkfile', path: 'data/../../out', ino: 258}, end], /"\.\."/v],
		['data that are a link', [subvol, {
			type: 'symlink', path: 'data', ino: 257, pathLink: '/etc',
		}, end], /not one folder of data/v],
		['something beside the data', [subvol, mkdirData, {type: 'mkfile', path: 'more', ino: 258}, end], /not one folder of data/v],
		['no data', [subvol, end], /not one folder of data/v],
		['another snapshot', [{...subvol, uuid: baseId}, mkdirData, end], /not of/v],
		['an increment', [{
			...subvol, type: 'snapshot', cloneUuid: baseId, cloneCtransid: 1,
		}, mkdirData, end], /full stream is expected/v],
		['a stream that is cut off', [subvol, mkdirData], /cut off/v],
	];
	test.serial(`streams that make something else are refused, with nothing left: ${kind}`, async t => {
		const driver = await makers[kind]();
		await driver.createBranch(address, 'main');
		const before = await driver.contents(address);
		for (const [what, commands, says] of hostile) {
			for (const checked of [false, true]) {
				const refused = await t.throwsAsync(receiveSnapshot({driver}, {
					address, snapshot: id, checked, open: () => encodeStream(commands),
				}), {instanceOf: CoppiceError, code: 'failed'}, what);
				t.regex(refused.message, says, what);
			}
		}

		t.deepEqual(await driver.contents(address), before);
	});

	test.serial(`interrupted, with nothing left, then done: ${kind}`, async t => {
		const {driver, base} = await makeTwo(kind);
		const receiver = await makers[kind]();
		const stream = await collect(driver, base);
		const stop = new AbortController();
		await t.throwsAsync(receiveSnapshot({driver: receiver}, {
			address, snapshot: base, checked: true, signal: stop.signal, async * open() {
				for (const [index, piece] of stream.entries()) {
					if (index === Math.floor(stream.length / 2)) {
						stop.abort();
					}

					yield piece;
				}
			},
		}), {instanceOf: CoppiceError, code: 'interrupted'});
		t.deepEqual(await receiver.contents(address), {
			branches: [], snapshots: [], staged: [], trash: [], leftovers: [],
		});
		await t.throwsAsync(async () => {
			for await (const _ of sendSnapshot({driver}, address, {snapshot: base}, {signal: stop.signal})) {
				// Nothing comes.
			}
		}, {instanceOf: CoppiceError, code: 'interrupted'});
		await transfer(driver, receiver, base);
		t.deepEqual(Object.keys(await textsOf(receiver, base)).toSorted(), ['large', 'small']);
	});
}

const identityOf = async (driver: StorageDriver, snapshot: string) => readIdentity(snapshotFolder(driver.pool, address, snapshot));

if (kinds.includes('btrfs')) {
	test.serial('btrfs makes what it receives by its own program, known by its id, on the base of its own pool', async t => {
		const {driver, base, snapshot} = await makeTwo('btrfs');
		const receivers = [await makers.btrfs(), await makers.btrfs()];
		for (const receiver of receivers) {
			await transfer(driver, receiver, base);
			await transfer(driver, receiver, snapshot, base);
			const received = await identityOf(receiver, snapshot);
			const parent = await identityOf(receiver, base);
			t.is(received.receivedUuid, snapshot);
			t.is(parent.receivedUuid, base);
			t.is(received.parentUuid, parent.uuid);
		}

		// And on from what was received, though three subvolumes of this file system are known by that id.
		const [one, two] = receivers as [StorageDriver, StorageDriver];
		await reset(one, snapshot);
		await writeFile(path.join(one.branchData(address, 'main'), 'small'), 'third');
		const third = await snap(one);
		for (const receiver of [two, driver]) {
			t.true(await transfer(one, receiver, third, snapshot) < 64 * 1024);
			const {small} = await textsOf(receiver, third);
			t.is(small, 'third');
			const {parentUuid, receivedUuid} = await identityOf(receiver, third);
			const {uuid} = await identityOf(receiver, snapshot);
			t.is(receivedUuid, third);
			t.is(parentUuid, uuid);
		}
	});

	test.serial('what `btrfs receive` can\'t make our applier does: paths of more than 4096 bytes', async t => {
		const driver = await makers.btrfs();
		const id = randomUUID();
		const folders = Array.from({length: 22}, (_, level) => ['data', ...Array.from({length: level}, () => 'n'.repeat(200))].join('/'));
		const commands: StreamCommand[] = [
			{
				type: 'subvol', path: 'snapshot', uuid: id, ctransid: 1,
			},
			...folders.map((name, index): StreamCommand => ({type: 'mkdir', path: name, ino: 257 + index})),
			{type: 'mkfile', path: `${folders.at(-1)!}/file`, ino: 300},
			{type: 'end'},
		];
		await receiveSnapshot({driver}, {address, snapshot: id, open: () => encodeStream(commands)});
		const {stdout} = await runCommand(['find', '.', '-type', 'f', '-printf', '%d %f'], {cwd: snapshotFolder(driver.pool, address, id)});
		t.is(stdout, '23 file');
		t.deepEqual((await driver.contents(address)).leftovers, []);
	});
}

test.serial('owners are mapped, and privileges are left out unless they are kept', async t => {
	for (const kind of kinds) {
		const driver = await makers[kind]();
		const id = randomUUID();
		const commands: StreamCommand[] = [
			{
				type: 'subvol', path: 'snapshot', uuid: id, ctransid: 1,
			},
			{type: 'mkdir', path: 'data', ino: 257},
			{type: 'mkfile', path: 'data/program', ino: 258},
			{
				type: 'chown', path: 'data/program', uid: 999, gid: 999,
			},
			{type: 'chmod', path: 'data/program', mode: 0o4755},
			{type: 'end'},
		];
		const {leftOut} = await receiveSnapshot({driver}, {
			address, snapshot: id, open: () => encodeStream(commands), mapOwner: ({uid, gid}) => ({uid: uid + 1, gid: gid + 2}),
		});
		t.deepEqual(leftOut.map(({what}) => what), ['set-user-id or set-group-id bits']);
		const facts = await factsOf(driver, id, {xattrs: false});
		t.regex(facts.find(line => line.startsWith('"program"')) ?? '', / 100755 .* 1000:1001 /v);
	}
});

const program = fileURLToPath(new URL('receive-once.ts', import.meta.url));

// On ZFS `npm run soak` kills it, as it does with everything else of that driver.
const killedKinds = isSoak ? kinds : kinds.filter(kind => kind !== 'zfs');
for (const kind of killedKinds) {
	test.serial(`killed while it receives: nothing is half there, and the next try is whole: ${kind}`, async t => {
		t.timeout(4 * 60_000);
		const {driver, base, snapshot} = await makeTwo('directory');
		const place = await mkdtemp(path.join(folder, 'crash-'));
		const stream = path.join(place, 'stream');
		await writeFile(stream, Buffer.concat(await collect(driver, snapshot, base)));
		const make = async (): Promise<StorageDriver> => {
			const receiver = await makers[kind]();
			await transfer(driver, receiver, base);
			return receiver;
		};

		const run = async (receiver: StorageDriver, env: Readonly<Record<string, string>> = {}) =>
			tryCommand([process.execPath, program, kind, receiver.pool, datasets.get(receiver.pool) ?? '', stream, snapshot, base], {env});
		const log = path.join(place, 'log');
		const first = await make();
		const {exitCode, stderr} = await run(first, {COPPICE_FAILPOINT_LOG: log});
		t.is(exitCode, 0, `not killed: ${stderr}`);
		const names = (await readFile(log, 'utf8')).split('\n').filter(name => name.startsWith('storage-') || /^zfs-\d+-(?:snapshot|set)$/v.test(name));
		t.true(names.length >= 2);
		for (const [index, name] of names.entries()) {
			const receiver = await make();
			const killed = await run(receiver, {COPPICE_FAILPOINT: name});
			t.not(killed.exitCode, 0, name);
			// Whole, or not there.
			const {snapshots} = await receiver.contents(address);
			const {small: atOnce} = snapshots.includes(snapshot) ? await textsOf(receiver, snapshot) : {small: 'second'};
			t.is(atOnce, 'second', name);
			if (index % 2 === 0) {
				await receiver.clean(address);
			}

			const done = await run(receiver);
			t.is(done.exitCode, 0, `${name}: ${done.stderr}`);
			await receiver.clean(address);
			t.deepEqual(await receiver.contents(address), {
				branches: [], snapshots: [base, snapshot].toSorted(), staged: [], trash: [], leftovers: [],
			}, name);
			t.is((await textsOf(receiver, snapshot)).small, 'second', name);
		}
	});
}
