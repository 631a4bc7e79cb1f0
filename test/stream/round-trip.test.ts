/**
Random trees, changed at random, through every maker of streams and every taker: what comes out is what went in. `STREAM_RUNS` tells
how many trees; a few unless told.
*/
import {Buffer} from 'node:buffer';
import {spawn} from 'node:child_process';
import {randomUUID} from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import test from 'ava';
import fc from 'fast-check';
import {applyStream, lookUpIn} from '../../source/stream/apply-stream.ts';
import {checkParts, StreamChecker} from '../../source/stream/check-stream.ts';
import {ConfinedTree} from '../../source/stream/confined-tree.ts';
import type {StreamHeader, StreamCommand, StreamPart} from '../../source/stream/commands.ts';
import {decodeParts, decodeStream} from '../../source/stream/decode-stream.ts';
import {diffTrees, type DiffOptions} from '../../source/stream/diff-trees.ts';
import {encodeStream} from '../../source/stream/encode-stream.ts';
import {nativeCalls} from '../../source/stream/native-calls.ts';
import {runCommand, tryCommand} from '../../source/system/run-command.ts';
import {loopBtrfs, loopBtrfsMissing} from '../fixtures/loop-btrfs.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';
import {type Change, changeTree, someChanges} from './random-tree.ts';
import {type FactOptions, treeFacts} from './tree-facts.ts';

const runs = Number(process.env.STREAM_RUNS ?? 2);
const timeout = Math.max(4 * 60_000, runs * 60_000);
const native = await nativeCalls() !== undefined;
const missing = await loopBtrfsMissing();

// Without koffi a time is set to a quarter of a microsecond.
const facts: FactOptions = native ? {} : {timeStep: 10_000n, xattrs: false};

const collect = async (source: AsyncIterable<Uint8Array>): Promise<Buffer> => {
	const parts: Uint8Array[] = await Array.fromAsync(source);

	return Buffer.concat(parts);
};

const slices = function * (bytes: Buffer): Generator<Buffer> {
	for (let at = 0; at < bytes.length; at += 100_000) {
		yield bytes.subarray(at, at + 100_000);
	}
};

const bytesOf = (bytes: Buffer): AsyncIterable<Uint8Array> => Readable.from(slices(bytes)) as AsyncIterable<Uint8Array>;

const nativeSend = async (...options: readonly string[]): Promise<Buffer> => {
	const child = spawn('btrfs', ['send', '--quiet', ...options], {stdio: ['ignore', 'pipe', 'inherit']});
	return collect(child.stdout);
};

const make = async (oldRoot: string | undefined, newRoot: string, options: DiffOptions): Promise<Buffer> =>
	collect(encodeStream(diffTrees(oldRoot, newRoot, options)));

const commandsOf = async function * (parts: AsyncIterable<StreamPart>): AsyncGenerator<StreamHeader | StreamCommand> {
	for await (const {command} of parts) {
		yield command;
	}
};

/** The validator in front of `btrfs receive`: only what it lets pass arrives. */
const receive = async (stream: Buffer, folder: string, base: string | undefined): Promise<void> => {
	using tree = base === undefined ? undefined : new ConfinedTree(base);
	const checker = new StreamChecker(tree === undefined ? {limits: {path: 4095}} : {limits: {path: 4095}, lookUp: lookUpIn(tree)});
	const child = spawn('btrfs', ['receive', '--quiet', '-C', folder], {stdio: ['pipe', 'ignore', 'pipe']});
	const said = collect(child.stderr);
	const exited = new Promise<number | null>(resolve => {
		child.once('close', resolve);
	});
	await pipeline(Readable.from(encodeStream(commandsOf(checkParts(decodeParts(bytesOf(stream)), checker)))), child.stdin);
	const code = await exited;
	if (code === 0) {
		return;
	}

	fs.writeFileSync('/tmp/h7t/failed.s', stream);
	throw new Error(`btrfs receive: ${String(await said)}`);
};

/** A copy for the applier to work on. */
const copyOf = async (folder: string, to: string): Promise<string> => {
	await runCommand(['cp', '--archive', '--sparse=always', '--no-target-directory', folder, to]);
	return to;
};

const differences = (one: readonly string[], other: readonly string[]): string[] => {
	const [left, right] = [new Set(one), new Set(other)];
	return [...one.filter(line => !right.has(line)).map(line => `- ${line.slice(0, 400)}`), ...other.filter(line => !left.has(line)).map(line => `+ ${line.slice(0, 400)}`)];
};

if (missing === undefined) {
	test('random trees come through every maker and taker as they are', async t => {
		t.timeout(timeout);
		const disk = await loopBtrfs({sizeBytes: 2 ** 30});
		const folder = await fs.promises.mkdtemp(path.join(os.tmpdir(), 'coppice-stream-'));
		let run = 0;
		const check = async (first: readonly Change[], second: readonly Change[]): Promise<void> => {
			const [here, there] = [path.join(disk.path, `run${run}`), path.join(folder, `run${run}`)];
			run++;
			await Promise.all([fs.promises.mkdir(here), fs.promises.mkdir(there)]);
			const same = (what: string, one: string, other: string): void => {
				const compared = {...facts, folderTimes: !what.startsWith('btrfs send')};
				const found = differences(treeFacts(one, compared), treeFacts(other, compared));
				if (found.length > 0) {
					throw new Error(`${what}:\n${found.join('\n')}`);
				}
			};

			const snapshot = async (name: string): Promise<string> => {
				const to = path.join(here, name);
				await runCommand(['btrfs', 'subvolume', 'snapshot', '-r', live, to]);
				return to;
			};

			const live = path.join(here, 'live');
			await runCommand(['btrfs', 'subvolume', 'create', live]);
			changeTree(live, first, {native});
			const a = await snapshot('a');
			changeTree(live, second, {native});
			const b = await snapshot('b');
			// Other inodes, on another file system.
			const [copyA, copyB] = [await copyOf(a, path.join(there, 'a')), await copyOf(b, path.join(there, 'b'))];
			// `btrfs receive` finds the base by its id, wherever it is on the file system.
			const pairOfIds = (): readonly [string, string] => [randomUUID(), randomUUID()];
			const [[idA, idB], [idCopyA, idCopyB]] = [pairOfIds(), pairOfIds()];
			const makers = {
				'btrfs send': [await nativeSend(a), await nativeSend('-p', a, b)],
				'differ on snapshots': [
					await make(undefined, a, {name: 'a', uuid: idA}),
					await make(a, b, {name: 'b', uuid: idB, base: {uuid: idA}}),
				],
				'differ on copies': [
					await make(undefined, copyA, {name: 'a', uuid: idCopyA}),
					await make(copyA, copyB, {name: 'b', uuid: idCopyB, base: {uuid: idCopyA}}),
				],
			} as const;
			for (const [maker, [full, increment]] of Object.entries(makers)) {
				const named = maker.replaceAll(' ', '-');
				// What the decoder reads the encoder writes, byte for byte.
				t.true(full.equals(await collect(encodeStream(decodeStream(bytesOf(full))))), maker);
				t.true(increment.equals(await collect(encodeStream(decodeStream(bytesOf(increment))))), maker);
				const {exitCode, stdout} = await tryCommand(['btrfs', 'receive', '--dump'], {input: increment});
				t.is(exitCode, 0);
				t.regex(stdout, /^snapshot /mv);

				const received = path.join(here, `received-${named}`);
				await fs.promises.mkdir(received);
				await receive(full, received, undefined);
				same(`${maker}, btrfs receive, full`, a, path.join(received, 'a'));
				await receive(increment, received, path.join(received, 'a'));
				same(`${maker}, btrfs receive, increment`, b, path.join(received, 'b'));

				const applied = path.join(there, `applied-${named}`);
				await fs.promises.mkdir(applied);
				await applyStream(bytesOf(full), applied, {skipSync: true, expects: 'full'});
				same(`${maker}, applier, full`, a, applied);
				const onto = await copyOf(applied, path.join(there, `onto-${named}`));
				await applyStream(bytesOf(increment), onto, {skipSync: true, expects: 'increment', base: applied});
				same(`${maker}, applier, increment`, b, onto);
				same(`${maker}, applier, base after`, a, applied);
			}

			await runCommand(['rm', '--recursive', '--force', there]);
		};

		try {
			await fc.assert(fc.asyncProperty(someChanges(40), someChanges(25), check), {numRuns: runs, endOnFailure: true, includeErrorInReport: true});
		} finally {
			await disk.dispose();
			await runCommand(['rm', '--recursive', '--force', folder]);
		}

		t.true(run >= runs);
	});
} else {
	skipAloud('random trees come through every maker and taker as they are', missing);
}
