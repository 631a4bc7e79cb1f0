/* eslint-disable ava/no-ignored-test-files -- Tests of soak.config.js. */
/**
Sync for long: transfers cut at more points and on more file systems than `npm test` does, and a Postgres of 1 GiB under load that goes between a
laptop (btrfs) and staging (ZFS), ten increments each way, each started and asked. `SOAK_MEGABYTES` makes it smaller. Run by `npm run soak`.
*/
import process from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import type {LogEntry} from '../../source/actions/log.ts';
import type {PullResult} from '../../source/actions/pull.ts';
import type {PushResult} from '../../source/actions/push.ts';
import {makeLaptop} from '../fixtures/hosts/laptop.ts';
import {hostsMissing, makeTestHosts} from '../fixtures/hosts/test-hosts.ts';
import {loopBtrfsMissing} from '../fixtures/loop-btrfs.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';
import {postgresCompose} from '../fixtures/test-stack.ts';
import {makeCuts} from './sync-cuts.ts';

const missing = await hostsMissing(['btrfs', 'zfs', 'directory']) ?? await loopBtrfsMissing();
const megabytes = Number(process.env.SOAK_MEGABYTES ?? 1024);
const mebibyte = 2 ** 20;

/** What a stream needs beside the blocks: times, names, headers. */
const smallIncrement = mebibyte;

type Logged = Pick<LogEntry, 'id'> & {readonly changedBytes: number | null};

if (missing === undefined) {
	for (const host of ['btrfs', 'zfs', 'directory'] as const) {
		test.serial(`transfers that are cut at 1, 50 and 99 percent, to ${host}`, async t => {
			t.timeout(1_800_000);
			const cuts = await makeCuts({
				laptop: 'btrfs', host, mebibytes: 48, rate: '40mbit',
			});
			try {
				for (const share of [0.01, 0.5, 0.99]) {
					await cuts.killSender(t, share);
					await cuts.killReceiver(t, share);
					await cuts.powerOff(t, share);
				}

				await cuts.cutLine(t, 0.5);
			} finally {
				await cuts.dispose();
			}
		});

		// On a host of its own: zfs-fuse does not survive a full disk after power was cut, whatever it is used for.
		test.serial(`a transfer to a disk that is full, to ${host}`, async t => {
			t.timeout(600_000);
			const cuts = await makeCuts({
				laptop: 'btrfs', host, mebibytes: 48, rate: '40mbit',
			});
			try {
				await cuts.fillDisk(t);
			} finally {
				await cuts.dispose();
			}
		});
	}

	test.serial('a large Postgres under load, ten increments each way between btrfs and ZFS', async t => {
		t.timeout(1_800_000);
		const diskBytes = (megabytes * 16 * mebibyte) + (4 * (2 ** 30));
		const hosts = await makeTestHosts([{name: 'staging', driver: 'zfs', diskBytes}]);
		try {
			const laptop = await makeLaptop(hosts, {driver: 'btrfs', sizeBytes: diskBytes});
			try {
				const there = ['-H', 'staging', '--stack', 'shop'];
				await laptop.json(['host', 'add', 'staging', 'root@staging']);
				await hosts.host('staging').run(['sh', '-c', 'mkdir /root/shop; cat > /root/shop/compose.yaml'], {input: postgresCompose(laptop.port)});
				await laptop.json(['-H', 'staging', '-C', '/root/shop', 'init', '--runtime', 'process']);
				await laptop.json([...there, 'up']);
				await laptop.queryThere('staging', 'create table filler (id bigint primary key, pad text not null)');
				await laptop.queryThere('staging', `insert into filler select i, repeat(md5(i::text), 29) from generate_series(1, ${megabytes * 1000}) as i`);
				await laptop.queryThere('staging', 'create table accounts as select i as id, 1000::bigint as balance from generate_series(1, 200) as i');
				await laptop.json([...there, 'commit', '-m', 'First']);
				await laptop.json(['clone', 'staging', 'shop'], {timeout: 600_000});
				await laptop.json(['up']);

				const sum = 'select sum(balance) from accounts';
				const transfer = 'update accounts set balance = balance + case when id % 2 = 0 then 1 else -1 end';
				const load = (pass: number) => `update filler set pad = repeat(md5((id * ${pass})::text), 29) where id % 100 = ${pass}; ${transfer}`;
				/** Blocks that changed, as the commit has measured them, against what was sent for them. */
				const check = async (words: readonly string[], streamBytes: number, what: string): Promise<void> => {
					const [logged] = await laptop.json<readonly Logged[]>([...words, 'log']);
					t.true(streamBytes <= ((logged?.changedBytes ?? 0) * 1.1) + smallIncrement, `${what}: ${streamBytes} bytes for ${logged?.changedBytes} that changed`);
					t.log(`${what}: ${(streamBytes / (logged?.changedBytes ?? NaN)).toFixed(3)} times the changed blocks`);
				};

				/** Commits while somebody writes. */
				const underLoad = async (write: () => Promise<unknown>, commit: () => Promise<unknown>): Promise<void> => {
					const stop = new AbortController();
					const writing = (async () => {
						while (!stop.signal.aborted) {
							await write();
							await delay(5);
						}
					})();
					try {
						await commit();
					} finally {
						stop.abort();
						await writing;
					}
				};

				for (let pass = 1; pass <= 10; pass++) {
					await laptop.query(load(pass));
					await underLoad(async () => laptop.query(transfer), async () => laptop.json(['commit', '-m', `Here ${pass}`]));
					const pushed = await laptop.json<PushResult>(['push', 'staging', '--switch'], {timeout: 600_000});
					t.true(pushed.snapshots.every(({base}) => base !== undefined), 'an increment');
					await check([], pushed.streamBytes, `push ${pass}`);
					t.is(await laptop.queryThere('staging', sum), '200000');

					await laptop.queryThere('staging', load(pass + 20));
					await underLoad(async () => laptop.queryThere('staging', transfer), async () => laptop.json([...there, 'commit', '-m', `There ${pass}`]));
					const pulled = await laptop.json<PullResult>(['pull', 'staging'], {timeout: 600_000});
					t.true(pulled.fetched.snapshots.every(({base}) => base !== undefined), 'an increment');
					await check([], pulled.fetched.streamBytes, `pull ${pass}`);
					t.deepEqual(await laptop.query(sum), [{sum: '200000'}]);
				}
			} finally {
				await laptop.dispose();
			}
		} finally {
			await hosts.dispose();
		}
	});
} else {
	skipAloud('sync for long', missing);
}
