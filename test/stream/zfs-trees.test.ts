/**
Random trees on ZFS: snapshots compared by inode through read-only clones, and streams applied to a dataset. `STREAM_RUNS` tells how many; one
unless told.
*/
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import test from 'ava';
import fc from 'fast-check';
import {applyStream} from '../../source/stream/apply-stream.ts';
import {diffTrees} from '../../source/stream/diff-trees.ts';
import {encodeStream} from '../../source/stream/encode-stream.ts';
import {runCommand} from '../../source/system/run-command.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';
import {makeZfsPool, zfsMissing} from '../fixtures/zfs-fuse.ts';
import {type Change, changeTree, someChanges} from './random-tree.ts';
import {type FactOptions, treeFacts} from './tree-facts.ts';

const runs = Number(process.env.STREAM_RUNS ?? 1);
const title = 'random trees come from ZFS to ZFS and to a folder as they are';
const missing = await zfsMissing();

// What zfs-fuse takes: owners below 2^31, and times, but now and then it refuses a time that it took before.
const changed = {native: false, largestOwner: 60_000} as const;
const withoutTimes = (changes: readonly Change[]): Change[] => changes.filter(({kind}) => kind !== 'times');
// What it keeps: whole seconds, and attributes only where it was started for them.
const facts: FactOptions = {timeStep: 1_000_000_000n, xattrs: false};

if (missing === undefined) {
	test(title, async t => {
		t.timeout(Math.max(4 * 60_000, runs * 60_000));
		const pool = await makeZfsPool();
		const folder = await fs.promises.mkdtemp(path.join(os.tmpdir(), 'coppice-zfs-stream-'));
		let run = 0;
		const check = async (first: readonly Change[], second: readonly Change[]): Promise<void> => {
			const dataset = `${pool.name}/run${run}`;
			const [live, there] = [path.join(pool.mountpoint, `run${run}`), path.join(folder, `run${run}`)];
			run++;
			await fs.promises.mkdir(there);
			await runCommand(['zfs', 'create', dataset]);
			const snapshot = async (name: string): Promise<string> => {
				await runCommand(['zfs', 'snapshot', `${dataset}@${name}`]);
				await runCommand(['zfs', 'clone', `${dataset}@${name}`, `${dataset}-${name}`]);
				return `${live}-${name}`;
			};

			changeTree(live, withoutTimes(first), changed);
			const a = await snapshot('a');
			changeTree(live, withoutTimes(second), changed);
			const b = await snapshot('b');
			for (const target of [there, pool.mountpoint]) {
				const [one, two] = [path.join(target, `one${run}`), path.join(target, `two${run}`)];
				for (const made of [one, two]) {
					await fs.promises.mkdir(made);
					await applyStream(encodeStream(diffTrees(undefined, a)), made, {skipSync: true});
					t.deepEqual(treeFacts(made, facts), treeFacts(a, facts));
				}

				await applyStream(encodeStream(diffTrees(a, b, {clones: 'inode'})), two, {skipSync: true, base: one});
				t.deepEqual(treeFacts(two, facts), treeFacts(b, facts));
			}
		};

		try {
			await fc.assert(fc.asyncProperty(someChanges(30), someChanges(20), check), {numRuns: runs, endOnFailure: true, includeErrorInReport: true});
		} finally {
			await pool.dispose();
			await runCommand(['rm', '--recursive', '--force', folder]);
		}
	});
} else {
	skipAloud(title, missing);
}
