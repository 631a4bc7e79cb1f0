/**
Copies of trees that are proven: what a copy must keep shows in the hash, and a copy that is not the same is noticed.
*/
import {Buffer} from 'node:buffer';
import {
	chmod,
	chown,
	link,
	lutimes,
	mkdir,
	mkdtemp,
	open,
	rm,
	stat,
	symlink,
	truncate,
	utimes,
	writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import {copyTree, sharesBlocksBetween} from '../../source/storage/copy-tree.ts';
import {fingerprintTree, firstDifference, hashTree} from '../../source/storage/tree-hash.ts';
import {isRoot, runCommand} from '../../source/system/run-command.ts';
import {getXattr, setXattr} from '../fixtures/file-facts.ts';
import {loopBtrfs, loopBtrfsMissing} from '../fixtures/loop-btrfs.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';

const missing = await loopBtrfsMissing();

const makeRoot = async (): Promise<string> => mkdtemp(path.join(os.tmpdir(), 'coppice-tree-'));

/**
A tree with everything that a volume may hold.
*/
const makeTree = async (folder: string): Promise<void> => {
	await mkdir(path.join(folder, 'base/empty'), {recursive: true});
	await writeFile(path.join(folder, 'base/large'), Buffer.alloc(700_000, 'coppice'));
	await writeFile(path.join(folder, 'base/small'), 'one');
	await writeFile(path.join(folder, 'base/nothing'), '');
	await link(path.join(folder, 'base/small'), path.join(folder, 'other-name'));
	await symlink('../gone', path.join(folder, 'base/link'));
	await writeFile(Buffer.concat([Buffer.from(`${folder}/not-text-`), Buffer.from([0xFF, 0xFE])]), 'bytes');
	await writeFile(path.join(folder, 'with\nline'), 'end');
	const holes = await open(path.join(folder, 'holes'), 'w');
	await holes.write('end', 8 * (2 ** 20));
	await holes.close();
	await runCommand(['mkfifo', path.join(folder, 'pipe')]);
	await chmod(path.join(folder, 'base/small'), 0o4751);
	await chmod(path.join(folder, 'base/empty'), 0o1700);
	if (isRoot()) {
		await chown(path.join(folder, 'base/large'), 999, 998);
	}

	await lutimes(path.join(folder, 'base/link'), 1_600_000_000.25, 1_600_000_000.25);
	await utimes(path.join(folder, 'base'), 1_500_000_000.125, 1_500_000_000.125);
	await chmod(folder, 0o700);
};

const withTree = async (run: (root: string, tree: string) => Promise<void>): Promise<void> => {
	const root = await makeRoot();
	try {
		const tree = path.join(root, 'tree');
		await mkdir(tree);
		await makeTree(tree);
		await run(root, tree);
	} finally {
		await rm(root, {recursive: true, force: true});
	}
};

test('a copy keeps everything, and that shows in its hash', async t => {
	await withTree(async (root, tree) => {
		const hasAttributes = await setXattr(path.join(tree, 'base/small'), 'user.coppice', 'kept');
		const copy = path.join(root, 'copy');
		await mkdir(copy);
		await writeFile(path.join(copy, 'leftover'), 'of an attempt that was cut off');
		let verified = 0;
		const original = await copyTree(tree, copy, {
			onVerified(bytes) {
				verified = bytes;
			},
		});
		t.is(original.entries, 12);
		t.is(verified, original.bytes * 2);
		const {hash, fingerprint} = await hashTree(copy);
		t.is(hash, original.hash);
		t.not(fingerprint, original.fingerprint, 'a fingerprint is of these inodes alone');
		t.is(await firstDifference(tree, copy), undefined);
		const {blocks} = await stat(path.join(copy, 'holes'));
		t.true(blocks * 512 < 2 ** 20, 'a hole stays one');
		const attribute = hasAttributes ? await getXattr(path.join(copy, 'base/small'), 'user.coppice') : 'kept';
		t.is(attribute, 'kept');
	});
});

const changes: Readonly<Record<string, (tree: string) => Promise<void>>> = {
	async 'base/large'(tree) {
		// One byte, and the time put back.
		const file = path.join(tree, 'base/large');
		const {atimeMs, mtimeMs} = await stat(file);
		const handle = await open(file, 'r+');
		await handle.write('X', 300_000);
		await handle.close();
		await utimes(file, atimeMs / 1000, mtimeMs / 1000);
	},
	async 'base/small'(tree) {
		await chmod(path.join(tree, 'base/small'), 0o751);
	},
	async 'base/nothing'(tree) {
		await utimes(path.join(tree, 'base/nothing'), 1, 1);
	},
	async 'base/link'(tree) {
		await rm(path.join(tree, 'base/link'));
		await symlink('../other', path.join(tree, 'base/link'));
	},
	async holes(tree) {
		await truncate(path.join(tree, 'holes'), 5);
	},
	async 'other-name'(tree) {
		// The same content, but a file of its own.
		await rm(path.join(tree, 'other-name'));
		await runCommand(['cp', '--preserve=all', path.join(tree, 'base/small'), path.join(tree, 'other-name')]);
	},
	async pipe(tree) {
		await rm(path.join(tree, 'pipe'));
		await writeFile(path.join(tree, 'pipe'), '');
	},
	async 'base/new'(tree) {
		const {atimeMs, mtimeMs} = await stat(path.join(tree, 'base'));
		await writeFile(path.join(tree, 'base/new'), '');
		await utimes(path.join(tree, 'base'), atimeMs / 1000, mtimeMs / 1000);
	},
	async 'base/empty'(tree) {
		await rm(path.join(tree, 'base/empty'), {recursive: true});
	},
};

for (const [name, change] of Object.entries(changes)) {
	test(`a change is found and named: ${name}`, async t => {
		await withTree(async (root, tree) => {
			const copy = path.join(root, 'copy');
			const original = await copyTree(tree, copy);
			await change(copy);
			const changed = await hashTree(copy);
			t.not(changed.hash, original.hash);
			const difference = await firstDifference(tree, copy);
			// Where a name came or went, its folder's time may be the first to differ.
			t.true(name === difference || path.dirname(name) === difference, `found ${difference}`);
		});
	});
}

test('the fingerprint shows every write, even one that is taken back', async t => {
	await withTree(async (_root, tree) => {
		const {fingerprint} = await hashTree(tree);
		t.is(await fingerprintTree(tree), fingerprint);
		const file = path.join(tree, 'base/nothing');
		const {atimeMs, mtimeMs} = await stat(file);
		await writeFile(file, 'x');
		await truncate(file, 0);
		await utimes(file, atimeMs / 1000, mtimeMs / 1000);
		t.not(await fingerprintTree(tree), fingerprint);
	});
});

if (missing === undefined) {
	test('to another file system and back, and shared where it is one', async t => {
		const disk = await loopBtrfs({sizeBytes: 2 ** 28});
		try {
			await withTree(async (root, tree) => {
				const [there, again, back] = [path.join(disk.path, 'there'), path.join(disk.path, 'again'), path.join(root, 'back')];
				const {hash} = await copyTree(tree, there);
				t.is((await copyTree(there, again)).hash, hash);
				t.is((await copyTree(again, back)).hash, hash);
				t.false(await sharesBlocksBetween(tree, disk.path));
				t.true(await sharesBlocksBetween(there, disk.path));
			});
		} finally {
			await disk.dispose();
		}
	});
} else {
	skipAloud('to another file system and back', missing);
}
