/**
The walk that finds what differs: paths that are no text, and folders that change while they are walked.
*/
import {Buffer} from 'node:buffer';
import {
	mkdir,
	mkdtemp,
	rename,
	rm,
	symlink,
	writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import {
	areTreesDifferent,
	compareTrees,
	measureTree,
	summarizeChanges,
} from '../../source/storage/compare-trees.ts';
import {runCommand} from '../../source/system/run-command.ts';

const readAll = {clones: 'copy', live: 'to', partedAt: -Infinity} as const;

const makePair = async (): Promise<{from: string; to: string; dispose: () => Promise<void>}> => {
	const folder = await mkdtemp(path.join(os.tmpdir(), 'coppice-trées-'));
	const [from, to] = [path.join(folder, 'from'), path.join(folder, 'to')];
	await mkdir(path.join(from, 'sub'), {recursive: true});
	await writeFile(path.join(from, 'sub/same'), 'same');
	return {
		from,
		to,
		async dispose() {
			await rm(folder, {recursive: true, force: true});
		},
	};
};

const copy = async (from: string, to: string) => runCommand(['cp', '--archive', from, to]);

test('names that are no UTF-8 are told apart', async t => {
	const {from, to, dispose} = await makePair();
	const odd = (byte: number) => Buffer.concat([Buffer.from(`${from}/sub/`), Buffer.from([0x61, byte])]);
	await writeFile(odd(0xFE), 'one');
	await writeFile(odd(0xFF), 'two');
	await copy(from, to);
	t.deepEqual(await compareTrees(from, to, readAll), []);
	t.false(areTreesDifferent(from, to, {...readAll, partedAt: Infinity}));
	await writeFile(odd(0xFE), 'ONE');
	await rm(odd(0xFF));
	const changes = await compareTrees(from, to, readAll);
	t.deepEqual(changes.map(({kind}) => kind).toSorted(), ['added', 'modified']);
	t.true(areTreesDifferent(from, to, readAll));
	await dispose();
});

test('a symlink that points elsewhere, and a file that became a folder, are changes', async t => {
	const {from, to, dispose} = await makePair();
	await symlink('one', path.join(from, 'link'));
	await writeFile(path.join(from, 'kind'), 'a file');
	await copy(from, to);
	await rm(path.join(to, 'link'));
	await symlink('two', path.join(to, 'link'));
	await rm(path.join(to, 'kind'));
	await mkdir(path.join(to, 'kind'));
	const changes = await compareTrees(from, to, readAll);
	t.like(changes.find(({path: file}) => file === 'link'), {kind: 'modified'});
	t.deepEqual(changes.filter(({path: file}) => file === 'kind').map(({kind}) => kind).toSorted(), ['added', 'removed']);
	t.true(areTreesDifferent(from, to, readAll));
	await dispose();
});

test('a folder that is not there differs from one that is', async t => {
	const {from, to, dispose} = await makePair();
	t.true(areTreesDifferent(from, to, readAll));
	t.true(areTreesDifferent(to, from, readAll));
	await rename(from, `${from}-gone`);
	t.false(areTreesDifferent(from, to, readAll));
	await dispose();
});

test('a file with several names takes its space once', async t => {
	const {from, dispose} = await makePair();
	await writeFile(path.join(from, 'big'), new Uint8Array(100_000).fill(1));
	const {totalBytes: before} = measureTree(from);
	await runCommand(['ln', path.join(from, 'big'), path.join(from, 'again')]);
	const {totalBytes: after} = measureTree(from);
	t.true(before >= 100_000);
	t.is(after, before);
	await dispose();
});

test('a summary counts what it does not list', t => {
	const changes = [
		{path: 'b', kind: 'modified', bytes: 5}, {path: 'a', kind: 'added', bytes: 7}, {path: 'c', kind: 'removed', bytes: 0},
	] as const;
	t.deepEqual(summarizeChanges(changes, 1), {files: [{path: 'a', kind: 'added', bytes: 7}], bytes: 12, fileCount: 3});
});
