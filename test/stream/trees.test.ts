/**
Single questions about making and applying streams that random trees seldom ask: very deep paths, holes, hints of where something
changed, what is skipped, users without rights, owners that are mapped, memory.
*/
import {Buffer} from 'node:buffer';
import {createHash} from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {Readable} from 'node:stream';
import test, {type ExecutionContext} from 'ava';
import {applyStream, type ApplyOptions} from '../../source/stream/apply-stream.ts';
import type {StreamCommand} from '../../source/stream/commands.ts';
import {decodeStream} from '../../source/stream/decode-stream.ts';
import {diffTrees, type DiffOptions} from '../../source/stream/diff-trees.ts';
import {encodeStream} from '../../source/stream/encode-stream.ts';
import {nativeCalls} from '../../source/stream/native-calls.ts';
import {isRoot, runCommand} from '../../source/system/run-command.ts';
import {noise} from '../fixtures/noise.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';
import {type FactOptions, treeFacts} from './tree-facts.ts';

const native = await nativeCalls();
const facts: FactOptions = native === undefined ? {timeStep: 10_000n, xattrs: false} : {};

const makeFolder = async (t: ExecutionContext): Promise<string> => {
	const folder = await fs.promises.mkdtemp(path.join(os.tmpdir(), 'coppice-trees-'));
	t.teardown(async () => runCommand(['rm', '--recursive', '--force', folder]));
	return folder;
};

const stream = (oldRoot: string | undefined, newRoot: string, options?: DiffOptions): AsyncIterable<Uint8Array> =>
	encodeStream(diffTrees(oldRoot, newRoot, options));

/** Applies a stream to a new folder, or to a copy of what it is based on. */
const applyTo = async (source: AsyncIterable<Uint8Array>, into: string, options: ApplyOptions = {}) => {
	await (options.base === undefined ? fs.promises.mkdir(into) : runCommand(['cp', '--archive', '--no-target-directory', options.base, into]));
	return applyStream(source, into, {skipSync: true, ...options});
};

const commandsOf = async (source: AsyncIterable<StreamCommand>): Promise<StreamCommand[]> => {
	const commands: StreamCommand[] = [];
	for await (const command of source) {
		commands.push(command.type === 'write' ? {...command, data: Uint8Array.from(command.data)} : command);
	}

	return commands;
};

test('paths of any length come through', async t => {
	const folder = await makeFolder(t);
	const source = path.join(folder, 'source');
	fs.mkdirSync(source);
	// Node can't make these by their paths: each level is made from the one above, which is held open.
	let descriptor = fs.openSync(source, 'r');
	for (let depth = 0; depth < 60; depth++) {
		const name = `/proc/self/fd/${descriptor}/${String(depth).padStart(3, '0')}${'d'.repeat(200)}`;
		fs.mkdirSync(name);
		const next = fs.openSync(name, 'r');
		fs.closeSync(descriptor);
		descriptor = next;
	}

	fs.writeFileSync(`/proc/self/fd/${descriptor}/leaf`, 'far down');
	const [one, two] = [path.join(folder, 'one'), path.join(folder, 'two')];
	await applyTo(stream(undefined, source), one);
	t.deepEqual(treeFacts(one, facts), treeFacts(source, facts));
	t.true(treeFacts(one, facts).some(line => line.length > 12_000));

	fs.writeFileSync(`/proc/self/fd/${descriptor}/leaf`, 'far down, changed');
	fs.closeSync(descriptor);
	// As a full stream: `cp` can't make the base of an increment.
	await applyTo(stream(undefined, source), two);
	const increment = await commandsOf(diffTrees(one, source));
	t.deepEqual(increment.filter(command => command.type === 'write').map(({data}) => Buffer.from(data).toString()), ['far down, changed']);
	t.deepEqual(treeFacts(two, facts), treeFacts(source, facts));
});

test('holes stay holes, in what is new, what is changed and what is punched', async t => {
	const folder = await makeFolder(t);
	const [a, b] = [path.join(folder, 'a'), path.join(folder, 'b')];
	fs.mkdirSync(a);
	fs.writeFileSync(path.join(a, 'sparse'), noise(8192, 1));
	fs.truncateSync(path.join(a, 'sparse'), 4_000_000);
	fs.writeFileSync(path.join(a, 'solid'), noise(4_000_000, 2));
	await runCommand(['cp', '--archive', a, b]);
	const solid = fs.openSync(path.join(b, 'solid'), 'r+');
	fs.writeSync(solid, new Uint8Array(2_000_000), 0, 2_000_000, 400_000);
	fs.closeSync(solid);
	fs.truncateSync(path.join(b, 'sparse'), 9_000_000);
	const [full, increment] = [path.join(folder, 'full'), path.join(folder, 'increment')];
	const first = await applyTo(stream(undefined, a), full);
	t.deepEqual(treeFacts(full, facts), treeFacts(a, facts));
	t.true(first.bytes < 4_100_000);
	t.true(fs.statSync(path.join(full, 'sparse')).blocks * 512 < 100_000);

	await applyTo(stream(a, b), increment, {base: full});
	t.deepEqual(treeFacts(increment, facts), treeFacts(b, facts));
	t.true(fs.statSync(path.join(increment, 'sparse')).blocks * 512 < 100_000);
	// Without koffi no hole is made where there was something.
	t.true(fs.statSync(path.join(increment, 'solid')).blocks * 512 < (native === undefined ? 4_100_000 : 2_200_000));
});

test('only the blocks that differ are sent, and only where it is said to look', async t => {
	const folder = await makeFolder(t);
	const [a, b] = [path.join(folder, 'a'), path.join(folder, 'b')];
	fs.mkdirSync(a);
	fs.writeFileSync(path.join(a, 'table'), noise(3_000_000, 3));
	await runCommand(['cp', '--archive', a, b]);
	const table = fs.openSync(path.join(b, 'table'), 'r+');
	fs.writeSync(table, Buffer.from('x'), 0, 1, 5000);
	fs.writeSync(table, Buffer.from('y'), 0, 1, 2_500_000);
	fs.closeSync(table);
	const writes = async (options?: DiffOptions) => {
		const commands = await commandsOf(diffTrees(a, b, options));
		return commands.filter(command => command.type === 'write').map(({path: name, fileOffset, data}) => [name, fileOffset, data.length]);
	};

	t.deepEqual(await writes(), [['table', 4096, 4096], ['table', 2_498_560, 4096]]);
	t.deepEqual(await writes({changedRanges: () => [{offset: 2_097_152, length: 1_048_576}]}), [['table', 2_498_560, 4096]]);
	t.deepEqual(await writes({changedRanges: (old, name) => old === 'table' && name === 'table' ? [] : undefined}), []);
	// Times that are trusted: this file's is later than the base.
	t.is((await writes({trustTimesBefore: BigInt(Date.now() + 60_000) * 1_000_000n})).length, 2);
});

test('two trees that are the same make a stream of nothing', async t => {
	const folder = await makeFolder(t);
	const [a, b] = [path.join(folder, 'a'), path.join(folder, 'b')];
	fs.mkdirSync(path.join(a, 'sub'), {recursive: true});
	fs.writeFileSync(path.join(a, 'sub/file'), 'same');
	fs.linkSync(path.join(a, 'sub/file'), path.join(a, 'name'));
	await runCommand(['cp', '--archive', a, b]);
	t.deepEqual((await commandsOf(diffTrees(a, b))).map(({type}) => type), ['snapshot', 'end']);
});

test('the hash of a stream is that of its bytes, and its parts fit the format', async t => {
	const folder = await makeFolder(t);
	fs.writeFileSync(path.join(folder, 'file'), noise(200_000, 5));
	const [hash, check] = [createHash('sha256'), createHash('sha256')];
	const parts: Uint8Array[] = [];
	for await (const part of encodeStream(diffTrees(undefined, folder), {hash})) {
		check.update(part);
		parts.push(part);
	}

	t.is(hash.digest('hex'), check.digest('hex'));
	const writes: number[] = [];
	for await (const command of decodeStream(Readable.from(parts) as AsyncIterable<Uint8Array>)) {
		if (command.type === 'write') {
			writes.push(command.data.length);
		}
	}

	t.deepEqual(writes, [49_152, 49_152, 49_152, 49_152, 3392]);
});

test('owners are mapped where that is asked for', async t => {
	const folder = await makeFolder(t);
	const source = path.join(folder, 'source');
	fs.mkdirSync(source);
	fs.writeFileSync(path.join(source, 'file'), '');
	const own = fs.statSync(source);
	const asked: number[] = [];
	const mapped = isRoot() ? 1000 : 0;
	await applyTo(stream(undefined, source), path.join(folder, 'made'), {
		mapOwner({uid, gid}) {
			asked.push(uid);
			return {uid: uid + mapped, gid};
		},
	});
	t.deepEqual(asked, [own.uid, own.uid]);
	t.is(fs.statSync(path.join(folder, 'made/file')).uid, own.uid + mapped);
});

test('a stream that can\'t be carried out says where and why', async t => {
	const folder = await makeFolder(t);
	const [a, b] = [path.join(folder, 'a'), path.join(folder, 'b')];
	fs.mkdirSync(a);
	fs.mkdirSync(b);
	fs.writeFileSync(path.join(a, 'gone'), 'x');
	const increment = stream(a, b);
	fs.mkdirSync(path.join(folder, 'into'));
	// Without a base to look at, the checker can't know that there is no such file.
	await t.throwsAsync(applyStream(increment, path.join(folder, 'into'), {skipSync: true}), {message: /can't be applied at byte \d+ \(unlink "gone"\): ENOENT/v});
});

if (isRoot()) {
	test('a user without rights gets a tree with read-only folders, and is told what is left out', async t => {
		const folder = await makeFolder(t);
		fs.chmodSync(folder, 0o777);
		const [a, b] = [path.join(folder, 'a'), path.join(folder, 'b')];
		fs.mkdirSync(path.join(a, 'closed/inner'), {recursive: true});
		fs.writeFileSync(path.join(a, 'closed/inner/file'), 'one');
		fs.writeFileSync(path.join(a, 'other'), 'of root');
		fs.chmodSync(path.join(a, 'closed/inner/file'), 0o400);
		fs.chmodSync(path.join(a, 'closed/inner'), 0o500);
		fs.chmodSync(path.join(a, 'closed'), 0o555);
		await runCommand(['chown', '-R', '65534:65534', a]);
		fs.lchownSync(path.join(a, 'other'), 0, 0);
		await runCommand(['cp', '--archive', a, b]);
		fs.writeFileSync(path.join(b, 'closed/inner/file'), 'two');
		fs.writeFileSync(path.join(b, 'closed/new'), 'new');
		fs.chownSync(path.join(b, 'closed/new'), 65_534, 65_534);
		fs.writeFileSync(path.join(folder, 'full'), await Array.fromAsync(stream(undefined, a)).then(parts => Buffer.concat(parts)));
		fs.writeFileSync(path.join(folder, 'increment'), await Array.fromAsync(stream(a, b)).then(parts => Buffer.concat(parts)));
		const script = `
			import {createReadStream, mkdirSync} from 'node:fs';
			import {execFileSync} from 'node:child_process';
			import {applyStream} from ${JSON.stringify(path.resolve(import.meta.dirname, '../../source/stream/apply-stream.ts'))};
			process.setgid(65534); process.setgroups([]); process.setuid(65534);
			const folder = process.argv[1];
			mkdirSync(folder + '/one');
			const first = await applyStream(createReadStream(folder + '/full'), folder + '/one', {skipSync: true});
			execFileSync('cp', ['-a', folder + '/one', folder + '/two']);
			await applyStream(createReadStream(folder + '/increment'), folder + '/two', {skipSync: true, base: folder + '/one'});
			console.log(JSON.stringify(first.leftOut));
		`;
		const {stdout} = await runCommand([process.execPath, '--input-type=module-typescript', '--eval', script, folder]);
		const leftOut = JSON.parse(stdout) as ReadonlyArray<{what: string; path: string; count: number}>;
		t.deepEqual(leftOut.filter(({what}) => what.startsWith('owners')).map(({path: where, count}) => [where, count]), [['other', 1]]);
		const withoutOwners = {...facts, owners: false};
		t.deepEqual(treeFacts(path.join(folder, 'one'), withoutOwners), treeFacts(a, withoutOwners));
		t.deepEqual(treeFacts(path.join(folder, 'two'), withoutOwners), treeFacts(b, withoutOwners));
	});
} else {
	skipAloud('a user without rights gets a tree with read-only folders, and is told what is left out', 'only root can become somebody else');
}
