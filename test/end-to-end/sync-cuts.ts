/**
Transfers that are cut: by whatever means, at whatever point, the next try goes on where the last one was, and until all is there the destination is as it was.

A volume with one file of noise is pushed to a host. Each time, another file of noise is committed first, so that each transfer has as much to bring.
*/
import {createHash} from 'node:crypto';
import {writeFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import type {ExecutionContext} from 'ava';
import {execa} from 'execa';
import type {PushResult} from '../../source/actions/push.ts';
import {buildCli, cliEnvironment, cliPath} from '../fixtures/built-cli.ts';
import {makeLaptop, type Laptop} from '../fixtures/hosts/laptop.ts';
import {makeTestHosts, type PoolDriver, type TestHost} from '../fixtures/hosts/test-hosts.ts';
import {noise} from '../fixtures/noise.ts';

const mebibyte = 2 ** 20;

/** What may be sent once more, and what beside the data goes over the line in this time. */
const sentAgain = 8 * mebibyte;
const overhead = 1.5 * mebibyte;

export type CutOptions = {
	readonly laptop: 'btrfs' | 'directory';
	readonly host: PoolDriver;
	readonly mebibytes: number;
	readonly rate: string;
};

export type Cuts = {
	/** The process on this side is killed. */
	killSender(t: ExecutionContext, share: number): Promise<void>;

	/** The process on the other side is killed; the same command goes on by itself. */
	killReceiver(t: ExecutionContext, share: number): Promise<void>;

	/** The host loses power. */
	powerOff(t: ExecutionContext, share: number): Promise<void>;

	/** The line is dead for longer than ssh waits; the same command goes on by itself. */
	cutLine(t: ExecutionContext, share: number): Promise<void>;

	/** The disk of the host is full. */
	fillDisk(t: ExecutionContext): Promise<void>;
	dispose(): Promise<void>;
};

const volume = 'stacks/shop/volumes/data';

/**
Leaves so many bytes of the host's disk to its pool. zfs-fuse ends itself on a disk that is full to the last block, so there it is a quota.

@returns What takes it back.
*/
const leaveRoom = async (host: TestHost, bytes: number): Promise<() => Promise<unknown>> => {
	if (host.driver === 'zfs') {
		const used = Number(await host.run(['zfs', 'get', '-Hp', '-o', 'value', 'used', host.zpool]));
		await host.run(['zfs', 'set', `quota=${used + bytes}`, host.zpool]);
		return async () => host.run(['zfs', 'set', 'quota=none', host.zpool]);
	}

	const free = Number((await host.run(['sh', '-c', 'df --output=avail -B1 /pool | tail -1'])).trim());
	await host.run(['sh', '-c', `head -c ${Math.max(0, free - bytes)} /dev/urandom > /pool/filler; sync /pool/filler`]);
	return async () => host.run(['sh', '-c', 'rm /pool/filler; sync']);
};

export const makeCuts = async (options: CutOptions): Promise<Cuts> => {
	const {mebibytes, rate} = options;
	const bytes = mebibytes * mebibyte;
	// A plain folder may hold whole copies, each with all files so far.
	const diskBytes = (mebibytes * 160 * mebibyte) + (2 ** 29);
	const hosts = await makeTestHosts([{name: 'staging', driver: options.host, diskBytes}]);
	let laptop: Laptop | undefined;
	const dispose = async (): Promise<void> => {
		await laptop?.dispose();
		await hosts.dispose();
	};

	let host: TestHost;
	let side: Laptop;
	const write = async (seed: number): Promise<string> => {
		const content = noise(bytes, seed);
		await writeFile(path.join(side.pool, volume, 'branches/main/data', `noise${seed}`), content);
		await side.json(['commit', '-m', `Noise ${seed}`]);
		return createHash('sha256').update(content).digest('hex');
	};

	try {
		host = hosts.host('staging');
		laptop = await makeLaptop(hosts, {driver: options.laptop, sizeBytes: diskBytes});
		side = laptop;
		await side.json(['host', 'add', 'staging', 'root@staging']);
		await side.makeShop();
		await writeFile(path.join(side.pool, volume, 'branches/main/data/first'), 'first');
		await side.json(['commit', '-m', 'First']);
		await side.json(['push', 'staging', '--full']);
		await host.rate(rate);
	} catch (error) {
		await dispose();
		throw error;
	}

	let seed = 0;

	// On ZFS they are in no folder; which dataset one belongs to changes.
	const listSnapshots = options.host === 'zfs' ? 'zfs list -H -o name -t snapshot | sed "s/.*@//" | sort' : 'ls volumes/data/snapshots';

	/** Whole snapshots and where the branches are, as they are on the disk there. */
	const state = async (): Promise<string> => host.run(['sh', '-c', `cd /pool/coppice/stacks/shop && ${listSnapshots}; find history/refs history/commits -type f -exec sha256sum {} + | sort`]);
	const received = async (): Promise<number> => (await host.bytes()).received;

	const startPush = () => {
		const running = execa(process.execPath, [cliPath, 'push', 'staging', '--json'], {
			cwd: path.join(side.root, 'shop'), extendEnv: false, env: cliEnvironment(side.environment), reject: false, stdin: 'ignore',
		});
		return {
			async kill() {
				running.kill('SIGKILL');
				await running;
			},
			async end() {
				const {exitCode, stdout, stderr} = await running;
				return {exitCode, stdout, stderr};
			},
		};
	};

	/** Waits until so much of the data is over the line. */
	const waitFor = async (t: ExecutionContext, share: number, begun: number): Promise<void> => {
		const deadline = Date.now() + 120_000;
		while (await received() - begun < share * bytes) {
			t.true(Date.now() < deadline, 'nothing moves');
			await delay(10);
		}
	};

	const checkArrived = async (t: ExecutionContext, pushed: PushResult, name: string, hash: string): Promise<void> => {
		const snapshot = pushed.snapshots[0]?.snapshot ?? '';
		// On ZFS snapshots are opened, not mounted: the host's own engine reads it.
		if (options.host !== 'zfs') {
			const there = await host.run(['sha256sum', `/pool/coppice/${volume}/snapshots/${snapshot}/data/${name}`]);
			t.is(there.split(' ', 1)[0], hash);
		}

		// A clone through which a process that was killed has read its base is the next command's to remove.
		t.is(await host.run(['sh', '-c', `ls /pool/coppice/${volume}/incoming | grep -v ^open- || true`]), '', 'nothing is left of the transfer');
	};

	/** The next try, on its own. */
	const goOn = async (t: ExecutionContext, {share, name, hash}: {share: number; name: string; hash: string}): Promise<void> => {
		const begun = await received();
		const pushed = await side.json<PushResult>(['push', 'staging']);
		const again = await received() - begun;
		t.true(again <= ((1 - share) * bytes) + sentAgain + overhead, `${(again / mebibyte).toFixed(1)} MiB of ${mebibytes} went over the line again, cut at ${share}`);
		if (share * bytes > sentAgain) {
			t.true(pushed.resumedBytes >= (share * bytes) - sentAgain - overhead, `resumed ${pushed.resumedBytes}`);
		}

		await checkArrived(t, pushed, name, hash);
	};

	const next = async (): Promise<{name: string; hash: string}> => {
		seed++;
		const hash = await write(seed);
		return {name: `noise${seed}`, hash};
	};

	/** A cut after which the running command goes on by itself. */
	const goesOnAlone = async (t: ExecutionContext, share: number, cut: () => Promise<void>): Promise<void> => {
		const made = await next();
		const before = await state();
		const begun = await received();
		const running = startPush();
		await waitFor(t, share, begun);
		await cut();
		t.is(await state(), before, 'nothing is seen of what is half there');
		const {exitCode, stdout, stderr} = await running.end();
		t.is(exitCode, 0, stderr);
		const over = await received() - begun;
		t.true(over <= bytes + sentAgain + overhead, `${(over / mebibyte).toFixed(1)} MiB of ${mebibytes} went over the line`);
		await checkArrived(t, JSON.parse(stdout) as PushResult, made.name, made.hash);
	};

	await buildCli();
	return {
		async killSender(t, share) {
			const made = await next();
			const before = await state();
			const begun = await received();
			const running = startPush();
			await waitFor(t, share, begun);
			await running.kill();
			t.is(await state(), before, 'nothing is seen of what is half there');
			await goOn(t, {share, ...made});
		},
		async killReceiver(t, share) {
			await goesOnAlone(t, share, async () => {
				// In the host's own process namespace.
				await host.run(['pkill', '-KILL', '-f', 'coppice[.]js receive']);
			});
		},
		async powerOff(t, share) {
			const made = await next();
			const before = await state();
			const begun = await received();
			const running = startPush();
			await waitFor(t, share, begun);
			await host.powerOff();
			await running.kill();
			const refused = await side.run(['push', 'staging']);
			t.is(refused.exitCode, 4, refused.stderr);
			await host.boot();
			await host.rate(rate);
			t.is(await state(), before, 'nothing is seen of what is half there');
			await goOn(t, {share, ...made});
		},
		async cutLine(t, share) {
			await goesOnAlone(t, share, async () => {
				await host.cut();
				// Longer than ssh takes to give up.
				await delay(20_000);
				await host.heal();
			});
		},
		async fillDisk(t) {
			const made = await next();
			const before = await state();
			const makeRoom = await leaveRoom(host, bytes / 2);
			const refused = await side.run(['push', 'staging']);
			t.true([1, 6].includes(refused.exitCode), `${refused.exitCode}: ${refused.stderr}`);
			t.regex(refused.stderr, /space|room|full|quota/iv);
			t.is(await state(), before, 'nothing is seen of what is half there');
			await makeRoom();
			await goOn(t, {share: 0, ...made});
		},
		dispose,
	};
};
