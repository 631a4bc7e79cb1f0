/**
What `btrfs send` tells of two snapshots is what a walk over both finds, whatever was done in between.
*/
import {randomUUID} from 'node:crypto';
import {
	appendFile,
	chmod,
	link,
	mkdir,
	mkdtemp,
	rename,
	rm,
	symlink,
	truncate,
	writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import {createBtrfsDriver} from '../../source/storage/btrfs/btrfs-driver.ts';
import {ChangeCollector} from '../../source/storage/btrfs/collect-changes.ts';
import {sendChanges} from '../../source/storage/btrfs/send-changes.ts';
import {compareTrees} from '../../source/storage/compare-trees.ts';
import type {FileChange} from '../../source/storage/driver.ts';
import {snapshotFolder} from '../../source/storage/layout.ts';
import {CoppiceError, isSystemError} from '../../source/system/errors.ts';
import {loopBtrfs, loopBtrfsMissing} from '../fixtures/loop-btrfs.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';

const address = {stack: 'shop', volume: 'db'};
const names = ['a', 'b', 'd/a', 'd/b', 'd/e/a', 'd', 'd/e', 'f'];

type Edit = {readonly verb: string; readonly one: string; readonly two: string};

// What is written is never what was there: a stream tells of extents, a walk of content.
let count = 0;

const edits: Readonly<Record<string, (one: string, two: string) => Promise<void>>> = {
	write: async one => writeFile(one, `${count++} `.padEnd(5000, 'x')),
	append: async one => appendFile(one, `more ${count++}`),
	truncate: async one => truncate(one, 2),
	mkdir: async one => mkdir(one),
	rename: async (one, two) => rename(one, two),
	remove: async one => rm(one, {recursive: true}),
	chmod: async one => chmod(one, 0o640),
	symlink: async (one, two) => symlink(path.basename(two), one),
	link: async (one, two) => link(one, two),
};

/** An edit that makes no sense where things stand is left out. */
const apply = async (root: string, {verb, one, two}: Edit): Promise<void> => {
	try {
		await edits[verb]!(path.join(root, one), path.join(root, two));
	} catch (error) {
		if (!isSystemError(error, 'ENOENT', 'EEXIST', 'ENOTDIR', 'EISDIR', 'ENOTEMPTY', 'EINVAL', 'EPERM', 'ELOOP')) {
			throw error;
		}
	}
};

const missing = await loopBtrfsMissing();

/** As far as both must agree: the walk counts blocks that differ, the stream extents that were written. */
const essence = (changes: readonly FileChange[]) => changes
	.filter(({kind}) => kind !== 'metadata')
	.map(({path: file, kind, from}) => ({file, kind: kind === 'renamed' && from === file ? 'modified' : kind}))
	.map(change => JSON.stringify(change))
	.toSorted();

if (missing === undefined) {
	test('random edits', async t => {
		const disk = await loopBtrfs();
		try {
			const edit = fc.record({verb: fc.constantFrom(...Object.keys(edits)), one: fc.constantFrom(...names), two: fc.constantFrom(...names)});
			await fc.assert(fc.asyncProperty(fc.array(edit, {maxLength: 12}), fc.array(edit, {minLength: 1, maxLength: 12}), async (before, after) => {
				const pool = await mkdtemp(path.join(disk.path, 'pool-'));
				const driver = await createBtrfsDriver({pool});
				await driver.createBranch(address, 'main');
				const data = driver.branchData(address, 'main');
				const [from, to] = [randomUUID(), randomUUID()];
				for (const step of before) {
					await apply(data, step);
				}

				await driver.snapshot([{address, branch: 'main', snapshot: from}]);
				for (const step of after) {
					await apply(data, step);
				}

				await driver.snapshot([{address, branch: 'main', snapshot: to}]);
				const folders = [snapshotFolder(pool, address, from), snapshotFolder(pool, address, to)] as const;
				const sent = await sendChanges(...folders);
				const walked = await compareTrees(path.join(folders[0], 'data'), path.join(folders[1], 'data'), {clones: 'inode', partedAt: -Infinity});
				t.not(sent, undefined);

				// A stream names one of several hard links, and a walk finds all: then only whether there is a change must agree.
				const hasLinks = [...before, ...after].some(({verb}) => verb === 'link');
				const reduce = (changes: readonly FileChange[]) => hasLinks ? essence(changes).length > 0 : essence(changes);
				t.deepEqual(reduce(sent!), reduce(walked));
				await driver.removeVolume(address);
			}), {numRuns: 40, endOnFailure: true});
		} finally {
			await disk.dispose();
		}
	});
} else {
	skipAloud('random edits', missing);
}

test('a stream that names what can\'t be there is an error', t => {
	const collector = new ChangeCollector();
	collector.add({type: 'mkdir', path: 'o257-1-0', ino: 257});
	t.throws(() => {
		collector.add({type: 'rename', path: 'o257-1-0/nothing', pathTo: 'data'});
	}, {instanceOf: CoppiceError});
});
