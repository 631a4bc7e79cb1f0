/**
A stack goes between three hosts whose pools have nothing in common: a laptop (btrfs), staging (ZFS, as root) and a backup (a plain folder, as an
ordinary user), over ssh, as a whole and in increments, both ways. Each copy is started and asked.
*/
import path from 'node:path';
import test from 'ava';
import type {CloneResult} from '../../source/actions/clone.ts';
import type {CommitResult} from '../../source/actions/commit.ts';
import type {LogEntry} from '../../source/actions/log.ts';
import type {PullResult} from '../../source/actions/pull.ts';
import type {PushResult} from '../../source/actions/push.ts';
import type {Status} from '../../source/actions/status.ts';
import {makeLaptop, type Laptop} from '../fixtures/hosts/laptop.ts';
import {hostsMissing, makeTestHosts, type TestHosts} from '../fixtures/hosts/test-hosts.ts';
import {loopBtrfsMissing} from '../fixtures/loop-btrfs.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';
import {postgresCompose} from '../fixtures/test-stack.ts';

const missing = await hostsMissing(['zfs', 'directory']) ?? await loopBtrfsMissing();

let hosts: TestHosts;
let laptop: Laptop;
let other: Laptop;

test.before(async () => {
	if (missing !== undefined) {
		return;
	}

	hosts = await makeTestHosts([{name: 'staging', driver: 'zfs'}, {name: 'backup', driver: 'directory', node: false}]);
	laptop = await makeLaptop(hosts, {driver: 'btrfs'});
	other = await makeLaptop(hosts, {driver: 'directory'}, laptop.port);
});

test.after.always(async () => {
	await other?.dispose();
	await laptop?.dispose();
	await hosts?.dispose();
});

const commit = async (place: Laptop, words: readonly string[], message: string): Promise<CommitResult['commit']> =>
	(await place.json<CommitResult>([...words, 'commit', '-m', message])).commit;

const sum = 'select sum(balance) from accounts';

/** What is in the folder of volumes that are being received, on a host. */
const incoming = async (name: string): Promise<string> => {
	const {stdout} = await hosts.host(name).exec(['sh', '-c', 'ls /pool/coppice/stacks/shop/volumes/data/incoming 2> /dev/null']);
	return stdout;
};

const there = ['-H', 'staging', '--stack', 'shop'];

if (missing === undefined) {
	test.serial('host add puts the engine there by itself, and verbs run on the host', async t => {
		const added = await laptop.run(['host', 'add', 'staging', 'root@staging']);
		t.is(added.exitCode, 0, added.stderr);
		t.regex(added.stdout, /engine/v);
		const staging = hosts.host('staging');
		await staging.run(['sh', '-c', 'mkdir /root/shop; cat > /root/shop/compose.yaml'], {input: postgresCompose(laptop.port)});
		await laptop.json(['-H', 'staging', '-C', '/root/shop', 'init', '--runtime', 'process']);
		await laptop.json([...there, 'up']);
		await laptop.queryThere('staging', 'create table accounts as select i as id, 1000 as balance from generate_series(1, 200) as i');
		const {driver} = JSON.parse(await staging.run(['cat', '/pool/coppice/pool.json'])) as {driver: string};
		t.is(driver, 'zfs');
		const made = await commit(laptop, there, 'On staging');
		const [logged] = await laptop.json<readonly LogEntry[]>([...there, 'log']);
		t.is(logged?.id, made.id);
		t.is((await laptop.json<Status>([...there, 'status'])).head, made.id);
		const unknown = await laptop.run(['-H', 'nowhere', 'status']);
		t.is(unknown.exitCode, 3, unknown.stderr);
	});

	test.serial('clone brings the project and its data, ready to be started', async t => {
		const cloned = await laptop.json<CloneResult>(['clone', 'staging', 'shop']);
		t.is(cloned.folder, path.join(laptop.root, 'shop'));
		t.is(cloned.fetched.snapshots.length, 1);
		await laptop.json([...there, 'down']);
		await laptop.json(['up']);
		t.deepEqual(await laptop.query(sum), [{sum: '200000'}]);
		await laptop.json([...there, 'up']);
	});

	test.serial('a push brings an increment; what runs there stays on its data until it is told to switch', async t => {
		await laptop.query('insert into accounts values (201, 5)');
		const made = await commit(laptop, [], 'On the laptop');
		const refused = await laptop.run(['push', 'staging']);
		t.is(refused.exitCode, 5, refused.stderr);
		t.regex(refused.stderr, /--switch/v);
		t.is(await laptop.queryThere('staging', sum), '200000');

		const pushed = await laptop.json<PushResult>(['push', 'staging', '--switch']);
		t.is(pushed.to, made.id);
		t.is(await laptop.queryThere('staging', sum), '200005');
		t.is(await incoming('staging'), '');
	});

	test.serial('a pull moves the branch forward with its data', async t => {
		await laptop.queryThere('staging', 'insert into accounts values (202, 7)');
		const made = await commit(laptop, there, 'On staging again');
		const pulled = await laptop.json<PullResult>(['pull', 'staging']);
		t.is(pulled.did, 'fast-forward');
		t.is(pulled.to, made.id);
		t.true(pulled.fetched.snapshots.every(({base}) => base !== undefined), 'an increment');
		t.deepEqual(await laptop.query(sum), [{sum: '200012'}]);
		t.is((await laptop.json<readonly LogEntry[]>(['log', 'staging/main']))[0]?.id, made.id);
		const diff = await laptop.run(['diff', 'main', 'staging/main']);
		t.is(diff.exitCode, 0, diff.stderr);
	});

	test.serial('where both have gone on, nothing is lost: pull stops, push is refused, and each way out keeps both', async t => {
		await laptop.query('insert into accounts values (301, 1)');
		await commit(laptop, [], 'Ours');
		await laptop.queryThere('staging', 'insert into accounts values (302, 2)');
		const theirs = await commit(laptop, there, 'Theirs');
		const pull = await laptop.run(['pull', 'staging']);
		t.is(pull.exitCode, 5, pull.stderr);
		t.regex(pull.stderr, /different ways/v);
		t.is((await laptop.run(['push', 'staging'])).exitCode, 5);
		t.deepEqual(await laptop.query(sum), [{sum: '200013'}]);
		t.is(await laptop.queryThere('staging', sum), '200014');
		const taken = await laptop.json<PullResult>(['pull', 'staging', '--reset']);
		t.is(taken.to, theirs.id);
		t.deepEqual(await laptop.query(sum), [{sum: '200014'}]);
		await laptop.json(['switch', taken.keptBranch!]);
		t.deepEqual(await laptop.query(sum), [{sum: '200013'}]);
		await laptop.json(['switch', 'main']);
	});

	test.serial('to a plain folder of an ordinary user, as a whole and then an increment; from there to another machine and back', async t => {
		await laptop.json(['host', 'add', 'backup', 'dev@backup']);
		await laptop.json(['push', 'backup', '--full']);
		await laptop.query('insert into accounts values (401, 10)');
		await commit(laptop, [], 'For the backup');
		const increment = await laptop.json<PushResult>(['push', 'backup']);
		t.true(increment.snapshots.every(({base}) => base !== undefined), 'an increment');
		t.is(await incoming('backup'), '');
		await laptop.json(['down']);

		await other.json(['host', 'add', 'staging', 'root@staging']);
		await other.json(['host', 'add', 'backup', 'dev@backup']);
		const cloned = await other.json<CloneResult>(['clone', 'staging', 'shop']);
		t.true(cloned.fetched.snapshots.every(({base}) => base === undefined), 'as a whole');
		const onward = await other.json<PullResult>(['pull', 'backup']);
		t.is(onward.did, 'fast-forward');
		await other.json(['up']);
		t.deepEqual(await other.query(sum), [{sum: '200024'}]);
		await other.query('insert into accounts values (402, 20)');
		const made = await commit(other, [], 'Elsewhere');
		await other.json(['push', 'backup']);
		await other.json(['down']);

		await laptop.json(['up']);
		const pulled = await laptop.json<PullResult>(['pull', 'backup']);
		t.is(pulled.to, made.id);
		t.deepEqual(await laptop.query(sum), [{sum: '200044'}]);
		const toStaging = await laptop.json<PushResult>(['push', 'staging', '--switch']);
		t.is(toStaging.to, made.id);
		t.is(await laptop.queryThere('staging', sum), '200044');
	});
} else {
	skipAloud('sync between hosts', missing);
}
