/**
What was last known of other hosts when the program is started again: shown with its age until they answer, forgotten with them, and never relied on where
it is not what a host could have said.
*/
import {
	mkdir,
	mkdtemp,
	readdir,
	readFile,
	rm,
	writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import {removeHost, writeHost} from '../../../source/host/host-registry.ts';
import {findHome, type Home} from '../../../source/host/home.ts';
import {createHostMemory} from '../../../source/tui/sources/host-memory.ts';
import {createHostsSource} from '../../../source/tui/sources/hosts-source.ts';
import {makeStore} from '../../../source/tui/state/store.ts';
import {emptyState} from '../sample.ts';

const record = {name: 'old', kind: 'pool', address: '/pool'} as const;

const stack = (name: string, currentBranch = 'main') => ({
	name, pool: 'p', driver: 'zfs' as const, hasProject: true, currentBranch, branches: {[currentBranch]: 'a'.repeat(64)}, tags: {}, volumes: ['data'],
});

const makeHome = async (t: ExecutionContext): Promise<Home> => {
	const folder = await mkdtemp(path.join(os.tmpdir(), 'coppice-seen-'));
	t.teardown(async () => rm(folder, {recursive: true, force: true}));
	return findHome({COPPICE_HOME: folder});
};

const fileIn = (home: Home): string => path.join(home.state, 'hosts-seen/old.json');

test('what was noted is known to the next one: the last of many, whole', async t => {
	const home = await makeHome(t);
	const memory = createHostMemory(home);
	t.is(await memory.recall(record), undefined);
	for (const [index, name] of ['one', 'two', 'three'].entries()) {
		memory.note(record, {seenAt: 1000 + index, stacks: [stack(name)]});
	}

	await memory.settled();
	t.deepEqual(await createHostMemory(home).recall(record), {seenAt: 1002, stacks: [stack('three')]});
	t.deepEqual(await readdir(path.dirname(fileIn(home))), ['old.json']);
});

test('the same stacks are not written again, until the host is left', async t => {
	const home = await makeHome(t);
	const memory = createHostMemory(home);
	const stacks = [stack('shop')];
	memory.note(record, {seenAt: 1, stacks});
	await memory.settled();
	memory.note(record, {seenAt: 2, stacks});
	await memory.settled();
	t.is((await createHostMemory(home).recall(record))?.seenAt, 1);
	memory.leave(record, {seenAt: 3, stacks});
	await memory.settled();
	t.is((await createHostMemory(home).recall(record))?.seenAt, 3);
});

test('nothing is known of a host that has another address by now', async t => {
	const home = await makeHome(t);
	const memory = createHostMemory(home);
	memory.leave(record, {seenAt: 1, stacks: [stack('shop')]});
	t.is(await memory.recall({...record, address: '/other'}), undefined);
	t.is(await memory.recall({...record, kind: 'ssh'}), undefined);
	t.is(await memory.recall({
		...record, kind: 'ssh', address: '/pool', port: 22,
	}), undefined);
	t.is((await memory.recall(record))?.stacks.length, 1);
});

test('a file that is damaged, or says what no host could, is ignored', async t => {
	const home = await makeHome(t);
	const memory = createHostMemory(home);
	const seen = {
		version: 1, kind: 'pool', address: '/pool', seenAt: 1, stacks: [stack('shop')],
	};
	await mkdir(path.dirname(fileIn(home)), {recursive: true});
	const recalled = async (content: unknown): Promise<number | undefined> => {
		await writeFile(fileIn(home), typeof content === 'string' ? content : JSON.stringify(content));
		return (await memory.recall(record))?.stacks.length;
	};

	t.is(await recalled(seen), 1);
	for (const content of [
		'',
		'null',
		JSON.stringify(seen).slice(0, -9),
		{...seen, version: 2},
		{...seen, seenAt: 1e300},
		{...seen, seenAt: 'yesterday'},
		{...seen, stacks: [stack('../shop')]},
		{...seen, stacks: [stack('shop', '\u{1B}[2J')]},
		{...seen, stacks: [{name: 'shop'}]},
	]) {
		t.is(await recalled(content), undefined, JSON.stringify(content));
	}

	t.true((await memory.recall(record)) === undefined);
	const before = Date.now();
	t.is(await recalled({...seen, seenAt: before + 1_000_000_000}), 1);
	t.true((await memory.recall(record))!.seenAt <= Date.now(), 'not of the future');
});

test('hosts that are forgotten are forgotten here, whatever was about to be written of them', async t => {
	const home = await makeHome(t);
	const memory = createHostMemory(home);
	memory.leave(record, {seenAt: 1, stacks: []});
	memory.leave({...record, name: 'other'}, {seenAt: 1, stacks: []});
	memory.note(record, {seenAt: 2, stacks: [stack('shop')]});
	memory.retain([{...record, name: 'other'}]);
	await memory.settled();
	t.deepEqual(await readdir(path.dirname(fileIn(home))), ['other.json']);
});

test.serial('a host that can\'t be reached shows what it had when the program ran last, with its age; `host rm` takes that away too', async t => {
	const home = await makeHome(t);
	process.env.COPPICE_HOME = path.dirname(home.state);
	await writeHost(home, record);
	const tiny = path.join(import.meta.dirname, '../../host/fixtures/tiny-agent.mjs');
	process.env.TINY_AGENT = JSON.stringify({answers: {stacks: {stacks: [stack('shop', 'dev'), stack('wiki')]}}});
	const start = (entry: string) => {
		process.env.COPPICE_ENTRY = entry;
		const store = makeStore(emptyState());
		const source = createHostsSource({store, home, onChange() {}});
		t.teardown(() => {
			source.stop();
		});
		const until = async (isSo: () => boolean | Promise<boolean>): Promise<void> => {
			const end = performance.now() + 20_000;
			while (!await isSo()) {
				if (performance.now() > end) {
					throw new Error(`it did not come: ${JSON.stringify([store.getState().hosts, store.getState().stacks])}`);
				}

				await delay(20);
			}
		};

		return {store, source, until};
	};

	const first = start(tiny);
	await first.until(() => first.store.getState().stacks.length === 2);
	const seenAt = first.store.getState().hosts[1]!.seenAt!;
	first.source.stop();
	await first.source.settled();

	const second = start(path.join(home.state, 'no-such-engine.mjs'));
	const early: string[] = [];
	second.store.subscribe(({stacks, hosts}) => {
		early.push(`${hosts[1]?.status} ${stacks.length}`);
	});
	try {
		await second.until(() => second.store.getState().hosts[1]?.status === 'stale');
		const {hosts, stacks} = second.store.getState();
		t.true(early.includes('connecting 2'), 'they are shown before it was tried');
		t.true(hosts[1]!.seenAt! >= seenAt);
		t.true(hosts[1]!.seenAt! <= Date.now());
		t.deepEqual(stacks.map(({id, branch, hasProject}) => [id, branch, hasProject]), [['old:shop', 'dev', true], ['old:wiki', 'main', true]]);

		await removeHost(home, 'old');
		await second.until(async () => second.store.getState().stacks.length === 0 && (await readdir(path.dirname(fileIn(home)))).length === 0);
	} finally {
		second.source.stop();
		await second.source.settled();
	}

	await writeHost(home, record);
	const third = start(path.join(home.state, 'no-such-engine.mjs'));
	try {
		await third.until(() => third.store.getState().hosts[1]?.status === 'stale');
		t.deepEqual(third.store.getState().stacks, []);
		t.is(third.store.getState().hosts[1]?.seenAt, undefined);
	} finally {
		third.source.stop();
	}

	await t.throwsAsync(readFile(fileIn(home)), {code: 'ENOENT'});
});
