/* eslint-disable ava/no-ignored-test-files -- It is run by `npm run soak`. */
/**
The ZFS driver killed after every `zfs` command of every operation: nothing is lost, and the same call again finishes what was begun.
*/
import {randomBytes, randomUUID} from 'node:crypto';
import {
	mkdir,
	readdir,
	readFile,
	rm,
	writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import test, {type ExecutionContext} from 'ava';
import type {OpenSnapshot, StorageDriver, VolumeAddress} from '../../source/storage/driver.ts';
import {createZfsPoolDataset} from '../../source/storage/zfs/zfs-dataset.ts';
import {createZfsDriver} from '../../source/storage/zfs/zfs-driver.ts';
import {runCommand, tryCommand} from '../../source/system/run-command.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';
import {makeZfsPool, zfsMissing, type ZfsPool} from '../fixtures/zfs-fuse.ts';
import {callDriver, type ZfsOperation} from './zfs-call.ts';

const missing = await zfsMissing();
const script = fileURLToPath(new URL('zfs-operation.ts', import.meta.url));

type Scene = {
	readonly driver: StorageDriver;
	readonly pool: string;
	readonly dataset: string;
	readonly address: VolumeAddress;
};

/** What a volume holds, as text. */
type Picture = {
	readonly branches: Readonly<Record<string, string>>;
	readonly snapshots: Readonly<Record<string, string>>;
	readonly staged: readonly string[];
	readonly trash: readonly string[];
};

let zpool: ZfsPool;
let volumes = 0;

const write = async ({driver, address}: Scene, branch: string, text: string) => writeFile(path.join(driver.branchData(address, branch), 'file'), text);

const read = async (folder: string) => {
	const names = await readdir(folder);
	return names.includes('file') ? readFile(path.join(folder, 'file'), 'utf8') : '';
};

const look = async ({driver, address}: Scene): Promise<Picture> => {
	const contents = await driver.contents(address);
	const branches = await Promise.all(contents.branches.map(async branch => [branch, await read(driver.branchData(address, branch))] as const));
	const snapshots: Record<string, string> = {};
	for (const snapshot of contents.snapshots) {
		const opened = await driver.openSnapshot(address, snapshot);
		snapshots[snapshot] = await read(opened.path);
		await opened.close();
	}

	return {
		branches: Object.fromEntries(branches), snapshots, staged: contents.staged, trash: contents.trash,
	};
};

/** The same volume every time: a commit, a branch made from it, a safety snapshot in a home, one in the trash. */
const makeScene = async (scene: Scene): Promise<Record<'commit' | 'safety' | 'trashed' | 'fresh' | 'onSide', string>> => {
	const {driver, address} = scene;
	const ids = {
		commit: randomUUID(), safety: randomUUID(), trashed: randomUUID(), fresh: randomUUID(), onSide: randomUUID(),
	};
	await driver.createBranch(address, 'main');
	await write(scene, 'main', 'commit');
	await driver.snapshot([{address, branch: 'main', snapshot: ids.commit}]);
	await driver.stage(address, ids.commit, 'side');
	await driver.swap(address, 'side', 'side');
	await write(scene, 'side', 'side');
	await driver.snapshot([{address, branch: 'side', snapshot: ids.onSide}]);
	await write(scene, 'main', 'unsaved');
	await driver.stage(address, ids.commit, 'reset');
	await driver.swap(address, 'main', 'reset', ids.safety);
	await write(scene, 'main', 'trashed');
	await driver.snapshot([{address, branch: 'main', snapshot: ids.trashed}]);
	await driver.remove(address, ids.trashed);
	await write(scene, 'main', 'live');
	await driver.stage(address, ids.commit, 'next');
	return ids;
};

type Ids = Awaited<ReturnType<typeof makeScene>>;

type Case = {
	readonly title: string;
	readonly method: ZfsOperation['method'];
	readonly arguments: (address: VolumeAddress, ids: Ids) => readonly unknown[];

	/** Done before, by the driver itself. */
	readonly prepare?: (scene: Scene, ids: Ids) => Promise<void>;
	readonly expected: (ids: Ids) => Picture;
};

/** Another id, always the same one. */
const otherThan = (id: string): string => id.replace(/^./v, first => first === '0' ? '1' : '0');

const before = (ids: Ids): Picture => ({
	branches: {main: 'live', side: 'side'},
	snapshots: {[ids.commit]: 'commit', [ids.safety]: 'unsaved', [ids.onSide]: 'side'},
	staged: ['next'],
	trash: [ids.trashed],
});

const cases: readonly Case[] = [
	{
		title: 'createBranch',
		method: 'createBranch',
		arguments: address => [address, 'new'],
		expected: ids => ({...before(ids), branches: {...before(ids).branches, new: ''}}),
	},
	{
		title: 'snapshot',
		method: 'snapshot',
		arguments: (address, ids) => [[{address, branch: 'main', snapshot: ids.fresh}, {address, branch: 'side', snapshot: otherThan(ids.fresh)}]],
		expected: ids => ({...before(ids), snapshots: {...before(ids).snapshots, [ids.fresh]: 'live', [otherThan(ids.fresh)]: 'side'}}),
	},
	{
		title: 'stage',
		method: 'stage',
		arguments: (address, ids) => [address, ids.safety, 'more'],
		expected: ids => ({...before(ids), staged: ['more', 'next']}),
	},
	{
		title: 'swap',
		method: 'swap',
		arguments: (address, ids) => [address, 'main', 'next', ids.fresh],
		expected: ids => ({
			...before(ids), branches: {main: 'commit', side: 'side'}, snapshots: {...before(ids).snapshots, [ids.fresh]: 'live'}, staged: [],
		}),
	},
	{
		title: 'swap of a new branch',
		method: 'swap',
		arguments: address => [address, 'new', 'next'],
		expected: ids => ({...before(ids), branches: {...before(ids).branches, new: 'commit'}, staged: []}),
	},
	{
		title: 'retire',
		method: 'retire',
		arguments: (address, ids) => [address, 'main', ids.fresh],
		expected: ids => ({...before(ids), branches: {side: 'side'}, snapshots: {...before(ids).snapshots, [ids.fresh]: 'live'}}),
	},
	{
		title: 'renameBranch',
		method: 'renameBranch',
		arguments: address => [address, 'main', 'topic/other'],
		expected: ids => ({...before(ids), branches: {'topic/other': 'live', side: 'side'}}),
	},
	{
		title: 'unstage',
		method: 'unstage',
		arguments: address => [address, 'next'],
		expected: ids => ({...before(ids), staged: []}),
	},
	{
		title: 'remove',
		method: 'remove',
		arguments: (address, ids) => [address, ids.safety],
		expected: ids => ({...before(ids), snapshots: {[ids.commit]: 'commit', [ids.onSide]: 'side'}, trash: [ids.trashed, ids.safety].toSorted()}),
	},
	{
		title: 'restore',
		method: 'restore',
		arguments: (address, ids) => [address, ids.trashed],
		expected: ids => ({...before(ids), snapshots: {...before(ids).snapshots, [ids.trashed]: 'trashed'}, trash: []}),
	},
	{
		title: 'emptyTrash, with a home that gives up its newest snapshot',
		method: 'emptyTrash',
		arguments: address => [address],
		async prepare({driver, address}, {safety}) {
			await driver.remove(address, safety);
		},
		expected: ids => ({...before(ids), snapshots: {[ids.commit]: 'commit', [ids.onSide]: 'side'}, trash: []}),
	},
	{
		title: 'emptyTrash, with the origin of two branches',
		method: 'emptyTrash',
		arguments: address => [address],
		async prepare({driver, address}, {safety, commit}) {
			await driver.unstage(address, 'next');
			await driver.remove(address, safety);
			await driver.remove(address, commit);
		},
		expected: ids => ({
			...before(ids), snapshots: {[ids.onSide]: 'side'}, staged: [], trash: [],
		}),
	},
	{
		title: 'openSnapshot',
		method: 'openSnapshot',
		arguments: (address, ids) => [address, ids.safety],
		expected: before,
	},
	{
		title: 'usage',
		method: 'usage',
		arguments: (address, ids) => [address, {branch: 'side'}, ids.onSide],
		expected: before,
	},
	{
		title: 'removeVolume',
		method: 'removeVolume',
		arguments: address => [address],
		expected: () => ({
			branches: {}, snapshots: {}, staged: [], trash: [],
		}),
	},
];

const run = async (scene: Scene, method: ZfsOperation['method'], arguments_: readonly unknown[], env: Record<string, string>) =>
	tryCommand([process.execPath, script, JSON.stringify({
		pool: scene.pool, dataset: scene.dataset, method, arguments: arguments_,
	} satisfies ZfsOperation)], {env});

/** Every text that was there before is there still: as a branch, or as a snapshot, in the trash or out of it. */
const checkNothingLost = async (t: ExecutionContext, scene: Scene, {branches, snapshots}: Picture, message: string): Promise<void> => {
	const now = await look(scene);
	const texts = new Set([...Object.values(now.branches), ...Object.values(now.snapshots)]);
	for (const text of Object.values(branches)) {
		t.true(texts.has(text), `${message}: ${text} is lost`);
	}

	for (const [id, text] of Object.entries(snapshots)) {
		t.is(now.trash.includes(id) ? text : now.snapshots[id], text, message);
	}
};

const testCase = async (t: ExecutionContext, {
	method, arguments: argumentsOf, prepare, expected,
}: Case): Promise<void> => {
	const pool = path.join(zpool.folder, randomBytes(4).toString('hex'));
	const dataset = await createZfsPoolDataset({parent: zpool.name, pool});
	const driver = await createZfsDriver({pool, dataset});
	const start = async (): Promise<{scene: Scene; ids: Ids}> => {
		const scene: Scene = {
			driver, pool, dataset, address: {stack: 'crash', volume: `v${++volumes}`},
		};
		const ids = await makeScene(scene);
		await prepare?.(scene, ids);
		return {scene, ids};
	};

	const log = path.join(zpool.folder, `log-${++volumes}`);
	const first = await start();
	const done = await run(first.scene, method, argumentsOf(first.scene.address, first.ids), {COPPICE_FAILPOINT_LOG: log});
	t.is(done.exitCode, 0, done.stderr);
	t.deepEqual(await look(first.scene), expected(first.ids), 'without a crash');
	const passed = await readFile(log, 'utf8');
	const names = passed.split('\n').filter(name => name !== '');
	t.true(names.length > 0);

	for (const [index, name] of names.entries()) {
		const {scene, ids} = await start();
		const arguments_ = argumentsOf(scene.address, ids);
		const known = await look(scene);
		const cut = await run(scene, method, arguments_, {COPPICE_FAILPOINT: name});
		t.not(cut.exitCode, 0, name);
		// Looking mounts what is not mounted; the same call must cope with both.
		if (method !== 'removeVolume' && index % 2 === 0) {
			const lasting = new Set(Object.keys(expected(ids).snapshots));
			const snapshots = Object.entries(known.snapshots).filter(([id]) => lasting.has(id));
			await checkNothingLost(t, scene, {...known, snapshots: Object.fromEntries(snapshots)}, name);
		}

		// As the next command would: with a driver that knows nothing of it.
		const next = await createZfsDriver({pool, dataset});
		const result = await callDriver(next, {method, arguments: arguments_});
		await (result as OpenSnapshot | undefined)?.close?.();
		t.deepEqual(await look(scene), expected(ids), name);
		await scene.driver.clean(scene.address);
		t.deepEqual(await look(scene), expected(ids), `${name}, cleaned`);
		t.like(await scene.driver.contents(scene.address), {leftovers: []}, name);
		await scene.driver.removeVolume(scene.address);
	}
};

if (missing === undefined) {
	test.before('make a zpool', async () => {
		zpool = await makeZfsPool();
	});

	test.after.always('destroy the zpool', async () => {
		await zpool?.dispose();
	});

	for (const each of cases) {
		test.serial(`killed anywhere in ${each.title}, and run again`, testCase, each);
	}
} else {
	skipAloud('the ZFS driver killed anywhere', missing);
}
