/**
The first sync of a Postgres to another host and those of what changed afterwards, a hundredth of its rows, in runs and scattered, and a hundredth of its
blocks: time, bytes on the wire and memory of `coppice push` against what people use today and against the floor, all over the same link in the same run.

The hosts are namespaces of this machine with an sshd each; the link between has a rate and a latency: `BENCH_RATE` (`50mbit` unless told, as
`tc` takes it; `off` for none) and `BENCH_LATENCY` (milliseconds each way, 10 unless told). `BENCH_MEGABYTES` (1024) and `BENCH_RUNS` (increments; 3).
`BENCH_PEERS` (a part of their names, with commas between) runs only some. Needs `npm run setup`, and for the peers `apt-get install rsync btrbk sanoid zstd`.
*/
import path from 'node:path';
import process from 'node:process';
import {execa} from 'execa';
import {makeTestHosts, hostsMissing, type TestHost} from '../test/fixtures/hosts/test-hosts.ts';
import {loopBtrfsMissing} from '../test/fixtures/loop-btrfs.ts';
import {makeTestStack, type TestStack} from '../test/fixtures/test-stack.ts';
import {median, time} from './measure.ts';
import {change, fill} from './sync/database.ts';
import {watchMemory, type PeakMemory} from './sync/peak-memory.ts';
import * as peers from './sync/peers.ts';

const megabytes = Number(process.env.BENCH_MEGABYTES ?? 1024);
const runs = Number(process.env.BENCH_RUNS ?? 3);
const rate = process.env.BENCH_RATE ?? '50mbit';
const latency = Number(process.env.BENCH_LATENCY ?? 10);
const only = process.env.BENCH_PEERS?.split(',');
const mebibyte = 2 ** 20;

/** What is written anew for an increment. */
const changes = {
	rows: {share: 0.01, pattern: 'runs'},
	blocks: {share: 0.0018, pattern: 'runs'},
	scattered: {share: 0.01, pattern: 'scattered'},
} as const;

/** The first sync, or an increment of what. */
type Kind = 'first' | keyof typeof changes;

const increments = Object.keys(changes) as Array<keyof typeof changes>;

type Measured = {readonly milliseconds: number; readonly bytes: number; readonly memory?: PeakMemory};

/** Until it is on the disk over there: some of the peers leave that to the kernel. */
const measure = async (host: TestHost, work: () => Promise<unknown>): Promise<Measured> => {
	const before = await host.bytes();
	const milliseconds = await time(async () => {
		await work();
		await host.run(['sync', '--file-system', host.disk]);
	});
	const after = await host.bytes();
	return {milliseconds, bytes: after.sent - before.sent + after.received - before.received};
};

class Result {
	readonly peer: peers.Peer;
	readonly samples: Record<Kind, Measured[]> = {
		first: [], rows: [], blocks: [], scattered: [],
	};

	failure: string | undefined;

	constructor(peer: peers.Peer) {
		this.peer = peer;
	}

	/** A peer that can't run here is said aloud, with the end of what it said, where its reason is, and the others go on. */
	async attempt(work: () => Promise<unknown>): Promise<void> {
		if (this.failure !== undefined) {
			return;
		}

		try {
			await work();
		} catch (error) {
			this.failure = error instanceof Error ? error.message.trimEnd().split('\n').slice(-6).join('\n    ') : String(error);
			process.stdout.write(`  does not run here: ${this.peer.name}: ${this.failure}\n`);
		}
	}

	/** Keeps a sample, and tells of it: all of them together take half an hour. */
	add(kind: Kind, sample: Measured): void {
		this.samples[kind].push(sample);
		process.stderr.write(`  ${kind}: ${this.peer.name}: ${sample.milliseconds.toFixed(0)} ms, ${(sample.bytes / mebibyte).toFixed(1)} MiB\n`);
	}

	of(kind: Kind): {milliseconds: number; bytes: number} | undefined {
		const samples = this.samples[kind];
		return samples.length === 0
			? undefined
			: {milliseconds: median(samples.map(({milliseconds}) => milliseconds)), bytes: median(samples.map(({bytes}) => bytes))};
	}
}

const print = (title: string, kind: Kind, results: readonly Result[]): void => {
	const base = results[0]?.of(kind);
	process.stdout.write(`\n${title}\n`);
	for (const result of results) {
		const found = result.of(kind);
		if (found === undefined) {
			continue;
		}

		const ratios = base && `${(found.milliseconds / base.milliseconds).toFixed(2)}× the time, ${(found.bytes / base.bytes).toFixed(2)}× the bytes`;
		process.stdout.write(`  ${result.peer.name.padEnd(50)} ${found.milliseconds.toFixed(0).padStart(7)} ms ${(found.bytes / mebibyte).toFixed(1).padStart(8)} MiB  ${ratios ?? ''}\n`);
	}
};

const titles: Readonly<Record<Kind, string>> = {
	first: 'first', rows: '1 % of the rows, in runs', blocks: '1 % of the blocks, in runs', scattered: '1 % of the rows, scattered',
};

const goal = (title: string, value: number | undefined, isMet: (value: number) => boolean, show: (value: number) => string): void => {
	if (value !== undefined && !Number.isNaN(value)) {
		process.stdout.write(`  ${isMet(value) ? 'met    ' : 'NOT met'} ${title}: is ${show(value)}\n`);
	}
};

const largest = (results: readonly Result[], side: keyof PeakMemory): string => {
	const all = new Map<string, number>();
	for (const {memory} of results.flatMap(({samples}) => Object.values(samples).flat())) {
		for (const [verb, mebibytes] of memory?.[side] ?? []) {
			all.set(verb, Math.max(all.get(verb) ?? 0, mebibytes));
		}
	}

	return all.entries().map(([verb, mebibytes]) => `${verb} ${mebibytes.toFixed(0)}`).toArray().join(', ');
};

const printGoals = (results: readonly Result[]): void => {
	process.stdout.write('\nGoals\n');
	const find = (name: string): Result | undefined => results.find(({peer}) => peer.name.startsWith(name));
	const own = find('coppice push, btrfs to btrfs');
	const times = (value: number): string => `${value.toFixed(2)} times`;
	for (const kind of ['first', ...increments] as const) {
		const [mine, least] = [own?.of(kind), find('floor')?.of(kind)];
		goal(`${titles[kind]}: at most 1.15 times the floor's time`, (mine?.milliseconds ?? NaN) / (least?.milliseconds ?? NaN), value => value <= 1.15, times);
		const others = results.filter(({peer}) => !peer.name.startsWith('coppice')).map(result => result.of(kind)?.bytes).filter(bytes => bytes !== undefined);
		goal(`${titles[kind]}: never more bytes than any peer`, (mine?.bytes ?? NaN) / Math.min(...others), value => value <= 1, value => `${times(value)} those of the leanest`);
		if (kind !== 'first') {
			goal(`${titles[kind]}: at least 5 times as fast as rsync`, (find('rsync -a ')?.of(kind)?.milliseconds ?? NaN) / (mine?.milliseconds ?? NaN), value => value >= 5, times);
		}
	}

	const ours = results.filter(({peer}) => peer.name.startsWith('coppice'));
	process.stdout.write(`  memory at most (goal: 150 MB), MiB: here ${largest(ours, 'here')}; there ${largest(ours, 'there')}\n`);
};

const bench = async (stack: TestStack, hasZfs: boolean): Promise<void> => {
	await stack.json('up');
	await fill(stack, megabytes);
	const snapshots: string[] = [];
	const commit = async (message: string): Promise<number> => {
		const {commit: made, measure: found} = await stack.json('commit', '-m', message);
		snapshots.push(path.join(stack.pool, 'stacks/shop/volumes/data/snapshots', made.volumes.data!));
		return found.changedBytes;
	};

	await commit('First');
	const {stdout: size} = await execa('du', ['-sm', snapshots[0]!]);
	const diskBytes = (megabytes * 24 * mebibyte) + (4 * (2 ** 30));
	const hosts = await makeTestHosts([
		{name: 'desk', driver: 'btrfs', diskBytes},
		...(hasZfs ? [{name: 'left', driver: 'zfs', diskBytes} as const, {name: 'right', driver: 'zfs', diskBytes} as const] : []),
	]);
	try {
		const desk = hosts.host('desk');
		const context: peers.PeerContext = {
			stack, hosts, desk, snapshots: () => snapshots,
		};
		const all = [
			peers.floor(context),
			peers.coppicePush(context, desk, 'btrfs to btrfs'),
			...(hasZfs ? [peers.coppicePush(context, hosts.host('right'), 'btrfs to ZFS')] : []),
			peers.rsync(context, '-a'),
			peers.rsync(context, '-az'),
			peers.btrbk(context),
			...(hasZfs ? [peers.syncoid(context, hosts.host('left'), hosts.host('right'))] : []),
			peers.dump(context),
		];
		const results = all.filter(({name}) => only === undefined || only.some(part => name.includes(part))).map(peer => new Result(peer));
		for (const result of results) {
			await result.attempt(async () => result.peer.prepare?.());
		}

		for (const host of [desk, ...(hasZfs ? [hosts.host('right')] : [])]) {
			await host.rate(rate === 'off' ? undefined : rate);
			await host.latency(latency);
		}

		process.stdout.write(`\nA Postgres of ${megabytes} MB (${size.split('\t', 1)[0]} MiB on disk), over a link of ${rate === 'off' ? 'no set rate' : rate} and ${latency} ms each way\n`);
		for (const result of results) {
			await result.attempt(async () => {
				// Looking takes a part of a processor, which a second hardly has to spare: at the most bytes it is done, and counts.
				result.add('first', await watchMemory(async () => measure(result.peer.host, async () => result.peer.first())));
			});
		}

		print('The first sync', 'first', results);
		for (const kind of increments) {
			const changed: number[] = [];
			for (let run = 0; run < runs; run++) {
				await change(stack, megabytes, changes[kind]);
				changed.push(await commit(`Increment ${run}`));
				for (const result of results) {
					await result.attempt(async () => {
						await result.peer.prepareNext?.();
						result.add(kind, await measure(result.peer.host, async () => result.peer.next()));
					});
				}
			}

			print(`An increment: ${titles[kind]}, ${(median(changed) / mebibyte).toFixed(1)} MiB (medians of ${runs})`, kind, results);
		}

		printGoals(results);
	} finally {
		await hosts.dispose();
	}
};

const missing = await loopBtrfsMissing() ?? await hostsMissing(['btrfs']);
if (missing === undefined) {
	const zfsMissing = await hostsMissing(['zfs']);
	if (zfsMissing !== undefined) {
		process.stdout.write(`Without ZFS, so without syncoid: ${zfsMissing}\n`);
	}

	const stack = await makeTestStack({sizeBytes: (megabytes * 16 * mebibyte) + (4 * (2 ** 30))});
	try {
		await bench(stack, zfsMissing === undefined);
	} finally {
		await stack.dispose();
	}
} else {
	process.stdout.write(`Sync is not measured: ${missing}\n`);
}
