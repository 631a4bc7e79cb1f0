/**
Pools: found, made, opened again after an unmount, and refused with a clear sentence where they are damaged.
*/
import {existsSync} from 'node:fs';
import {
	chown,
	mkdir,
	mkdtemp,
	readdir,
	readFile,
	rm,
	stat,
	writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import test, {type ExecutionContext} from 'ava';
import {findOrMakePool} from '../../source/storage/find-pool.ts';
import {forgetPool} from '../../source/storage/forget-pool.ts';
import {imageObstacle, isImageMounted, unmountImage} from '../../source/storage/loop-image.ts';
import {mountUnit} from '../../source/storage/mount-unit.ts';
import {openPool, type PoolDescription} from '../../source/storage/pool.ts';
import {CoppiceError, type ErrorCode} from '../../source/system/errors.ts';
import {isRoot, runCommand, tryCommand} from '../../source/system/run-command.ts';
import {loopBtrfs, loopBtrfsMissing} from '../fixtures/loop-btrfs.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';

const missing = await loopBtrfsMissing();
const imageMissing = missing ?? await imageObstacle(path.join(os.tmpdir(), 'coppice-pool'));

/** A folder to make pools in; whatever was mounted in it goes with it. */
const makePlace = async (t: ExecutionContext): Promise<string> => {
	const place = await mkdtemp(path.join(os.tmpdir(), 'coppice-pool-'));
	t.teardown(async () => {
		await tryCommand(['umount', '--lazy', path.join(place, 'pool')]);
		await rm(place, {recursive: true, force: true});
	});
	return place;
};

const errorOf = async (t: ExecutionContext, action: Promise<unknown>): Promise<CoppiceError> => {
	const error = await t.throwsAsync(action, {instanceOf: CoppiceError});
	return error;
};

const address = {stack: 'shop', volume: 'db'};

test('a folder is made a pool, and found again', async t => {
	const pool = path.join(await makePlace(t), 'deep/er/pool');
	const made = await findOrMakePool({path: pool, driver: 'directory'});
	t.like(made, {made: true, path: pool, why: 'directory, because that was asked for'});
	t.is(made.driver.name, 'directory');
	await made.driver.createBranch(address, 'main');
	const found = await findOrMakePool({path: pool});
	t.false(found.made);
	t.is(found.description.id, made.description.id);
	const {branches} = await found.driver.contents(address);
	t.deepEqual(branches, ['main']);

	const error = await errorOf(t, findOrMakePool({path: pool, driver: 'zfs'}));
	t.is(error.code, 'conflict');
	await forgetPool(pool);
	await forgetPool(pool);
	t.false(existsSync(pool));
});

test('a pool is reached through a symbolic link by its real path', async t => {
	const place = await makePlace(t);
	await findOrMakePool({path: path.join(place, 'pool'), driver: 'directory'});
	await tryCommand(['ln', '-s', place, path.join(place, 'link')]);
	const opened = await openPool(path.join(place, 'link/pool'));
	t.is(opened.path, path.join(place, 'pool'));
});

test('no pool is made over what is there', async t => {
	const place = await makePlace(t);
	await mkdir(path.join(place, 'pool'));
	await writeFile(path.join(place, 'pool/precious'), 'data');
	const full = await errorOf(t, findOrMakePool({path: path.join(place, 'pool')}));
	t.is(full.code, 'precondition');
	t.regex(full.message, /not empty/v);
	t.deepEqual(await readdir(path.join(place, 'pool')), ['precious']);

	await writeFile(path.join(place, 'file'), '');
	const file = await errorOf(t, findOrMakePool({path: path.join(place, 'file')}));
	t.is(file.code, 'precondition');
});

test('a driver that can\'t be had is refused with the reason', async t => {
	const pool = path.join(await makePlace(t), 'pool');
	const error = await errorOf(t, findOrMakePool({path: pool, driver: 'zfs'}));
	t.is(error.code, 'precondition');
	t.regex(error.message, /not on ZFS/v);
	t.false(existsSync(pool));
});

const broken: Readonly<Record<string, readonly [content: string | undefined, code: ErrorCode, message: RegExp]>> = {
	'no pool.json': [undefined, 'precondition', /There is no pool in/v],
	'a pool.json cut in half': ['{"version": 1, "id": "x", "dri', 'failed', /is damaged/v],
	'an empty pool.json': ['', 'failed', /is damaged/v],
	'a pool.json that holds something else': ['[1, 2]', 'failed', /is damaged/v],
	'a newer version': ['{"version": 2, "id": "x", "driver": "btrfs"}', 'precondition', /newer Coppice/v],
	'an unknown driver': ['{"version": 1, "id": "x", "driver": "floppy"}', 'precondition', /"floppy"/v],
};

for (const [what, [content, code, message]] of Object.entries(broken)) {
	test(`${what} is one clear sentence`, async t => {
		const pool = path.join(await makePlace(t), 'pool');
		await mkdir(pool);
		if (content !== undefined) {
			await writeFile(path.join(pool, 'pool.json'), content);
		}

		const error = await errorOf(t, openPool(pool));
		t.is(error.code, code);
		t.regex(error.message, message);
		t.true(error.message.includes(pool));
		t.truthy(error.hint);
	});
}

test('a mount unit names image, place and options', t => {
	t.is(mountUnit('/var/lib/coppice/pool', '/var/lib/coppice/pool.img', 'loop,noatime'), [
		'[Unit]',
		'Description=Coppice pool /var/lib/coppice/pool',
		'RequiresMountsFor=/var/lib/coppice',
		'',
		'[Mount]',
		'What=/var/lib/coppice/pool.img',
		'Where=/var/lib/coppice/pool',
		'Type=btrfs',
		'Options=loop,noatime',
		'',
		'[Install]',
		'WantedBy=local-fs.target',
		'',
	].join('\n'));
});

const opener = fileURLToPath(new URL('open-pool-once.ts', import.meta.url));

if (imageMissing === undefined) {
	test('where nothing shares blocks, root gets a btrfs image, which is back after an unmount', async t => {
		const place = await makePlace(t);
		const pool = path.join(place, 'pool');
		const made = await findOrMakePool({path: pool, driver: 'btrfs'});
		t.like(made.description, {driver: 'btrfs', image: `${pool}.img`});
		t.true(made.made);
		t.regex(made.why, /^btrfs in a loop-mounted image, because \w+ can't share blocks between clones$/v);
		await made.driver.createBranch(address, 'main');
		await writeFile(path.join(made.driver.branchData(address, 'main'), 'file'), 'kept');
		const {mode} = await stat(pool);
		t.is(mode % 0o1000, 0o755);

		await unmountImage(pool);
		await unmountImage(pool);
		t.false(await isImageMounted(pool));
		t.deepEqual(await readdir(pool), []);

		// The driver that is still open must not take the empty folder for an empty pool.
		const gone = await errorOf(t, made.driver.contents(address));
		t.is(gone.code, 'precondition');
		t.is((await errorOf(t, made.driver.createBranch(address, 'other'))).code, 'precondition');
		t.deepEqual(await readdir(pool), []);

		const again = await openPool(pool);
		t.is(again.description.id, made.description.id);
		t.is(await readFile(path.join(again.driver.branchData(address, 'main'), 'file'), 'utf8'), 'kept');

		await unmountImage(pool);
		const found = await findOrMakePool({path: pool});
		t.false(found.made);
		const {branches} = await found.driver.contents(address);
		t.deepEqual(branches, ['main']);

		await forgetPool(pool);
		t.deepEqual(await readdir(place), []);
	});

	test('processes that open an unmounted pool at once mount it once', async t => {
		const place = await makePlace(t);
		const pool = path.join(place, 'pool');
		const {description} = await findOrMakePool({path: pool, driver: 'btrfs'});
		await unmountImage(pool);
		const results = await Promise.all(Array.from({length: 4}, async () => runCommand([process.execPath, opener, pool])));
		t.deepEqual(results.map(({stdout}) => stdout.trim()), Array.from({length: 4}, () => description.id));
		const mounts = await readFile('/proc/self/mounts', 'utf8');
		t.is(mounts.split('\n').filter(line => line.split(' ', 2)[1] === pool).length, 1);
		await forgetPool(pool);
	});

	test('an image whose description was lost is taken up again with what is in it', async t => {
		const place = await makePlace(t);
		const pool = path.join(place, 'pool');
		const made = await findOrMakePool({path: pool, driver: 'btrfs'});
		await made.driver.createBranch(address, 'main');
		await unmountImage(pool);
		await rm(`${pool}.json`);
		const found = await findOrMakePool({path: pool, driver: 'btrfs'});
		t.is(found.description.id, made.description.id);
		const {branches} = await found.driver.contents(address);
		t.deepEqual(branches, ['main']);
		await forgetPool(pool);
	});

	test('a pool cut off while it was made is finished', async t => {
		const place = await makePlace(t);
		const pool = path.join(place, 'pool');
		const {description} = await findOrMakePool({path: pool, driver: 'btrfs'});
		await rm(path.join(pool, 'pool.json'));
		await unmountImage(pool);
		const {description: again} = await openPool(pool);
		t.deepEqual(again, description);
		const text = await readFile(path.join(pool, 'pool.json'), 'utf8');
		t.deepEqual(JSON.parse(text) as PoolDescription, description);
		await forgetPool(pool);
	});

	test('an image grows for what is about to be written, as far as the disk can give it', async t => {
		const place = await makePlace(t);
		const pool = path.join(place, 'pool');
		const {driver} = await findOrMakePool({path: pool, driver: 'btrfs'});
		const {size: before} = await stat(`${pool}.img`);
		const {freeBytes, totalBytes} = await driver.room(before + 1);
		const {size: after} = await stat(`${pool}.img`);
		// A disk with little room made it as large as it may be from the start.
		t.is(after > before, freeBytes > before, 'it is grown where the disk has the room');
		t.true(freeBytes < totalBytes);
		const {freeBytes: most} = await driver.room(2 ** 60);
		t.true(most < 2 ** 60);
		const {size: last} = await stat(`${pool}.img`);
		t.is(last, after, 'and not for what will not fit anyway');
		await forgetPool(pool);
	});

	test('a pool whose image is gone says so', async t => {
		const place = await makePlace(t);
		const pool = path.join(place, 'pool');
		await findOrMakePool({path: pool, driver: 'btrfs'});
		await unmountImage(pool);
		await rm(`${pool}.img`);
		const error = await errorOf(t, openPool(pool));
		t.is(error.code, 'precondition');
		t.regex(error.message, /image .* is gone/v);
	});

	test('who may not mount is told what to do', async t => {
		const place = await makePlace(t);
		const pool = path.join(place, 'pool');
		await findOrMakePool({path: pool, driver: 'btrfs'});
		await unmountImage(pool);
		await chown(place, 65_534, 65_534);
		const {stdout, stderr} = await tryCommand([process.execPath, opener, pool], {uid: 65_534, gid: 65_534});
		t.is(stdout, '');
		t.regex(stderr, /precondition: The pool .* is not mounted, and mounting it needs root/v);
	});
} else {
	skipAloud('pools in an image', imageMissing);
}

if (missing === undefined) {
	test.serial('a folder on btrfs becomes a btrfs pool without an image, for root and for its owner', async t => {
		const disk = await loopBtrfs();
		t.teardown(async () => {
			await disk.dispose();
		});
		const pool = path.join(disk.path, 'pool');
		const made = await findOrMakePool({path: pool});
		t.is(made.why, 'btrfs, because the folder is on btrfs');
		t.deepEqual(Object.keys(made.description).toSorted(), ['driver', 'id', 'version']);
		t.deepEqual(await readdir(pool), ['pool.json']);
		await made.driver.createBranch(address, 'main');
		const snapshot = 'c0ffee00-0000-4000-8000-000000000000';
		await made.driver.snapshot([{address, branch: 'main', snapshot}]);
		await forgetPool(pool);
		t.false(existsSync(pool));
	});
} else {
	skipAloud('a pool in a folder on btrfs', missing);
}

if (isRoot()) {
	skipAloud('without root, a folder that shares no blocks becomes a directory pool', 'the tests run as root');
} else {
	test('without root, a folder that shares no blocks becomes a directory pool', async t => {
		const {driver, why} = await findOrMakePool({path: path.join(await makePlace(t), 'pool')});
		const isSaid = driver.name === 'btrfs' || /^directory, because the folder is on .* and .*needs root/v.test(why);
		t.log(why);
		t.true(isSaid);
	});
}
