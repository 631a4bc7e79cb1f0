/**
Fetches and pushes that are killed, cancelled or cut: what came is kept, nothing is half done, the next command goes on.
*/
import {Buffer} from 'node:buffer';
import {randomBytes, randomFillSync} from 'node:crypto';
import {
	glob,
	readFile,
	stat,
	writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import {execa} from 'execa';
import test from 'ava';
import type {Transfer} from '../../../source/actions/transfers.ts';
import {cliEnvironment, cliPath} from '../../fixtures/built-cli.ts';
import {some} from '../../fixtures/soak.ts';
import {makeTwoSides, type Side, type TwoSides} from './two-sides.ts';

/** The names of failpoints that a command passes, as far as a pattern allows: the other side has others. */
const failpointsOf = async (side: Side, arguments_: readonly string[], log: string, pattern: RegExp): Promise<string[]> => {
	await side.run(arguments_, {COPPICE_FAILPOINT_LOG: log});
	const text = await readFile(log, 'utf8');
	return [...new Set(text.split('\n').filter(name => pattern.test(name)))];
};

const start = async ({home}: TwoSides, side: Side, arguments_: readonly string[]) => execa(process.execPath, [cliPath, ...arguments_, '--json'], {
	cwd: side.folder, reject: false, extendEnv: false, stdin: 'ignore', env: cliEnvironment({COPPICE_HOME: home, NO_COLOR: '1'}),
});

/** The transfer that runs, once so many bytes have come. */
const waitForBytes = async (side: Side, bytes: number): Promise<Transfer> => {
	for (;;) {
		const transfers = await side.json('transfers');
		const running = transfers.find(({state}) => state === 'running');
		if (running !== undefined && running.streamBytes >= bytes) {
			return running;
		}

		await delay(50);
	}
};

test.serial('a fetch that is killed: the remote branch moves whole or not at all, and the next fetch makes it whole', async t => {
	const sides = await makeTwoSides(t);
	const {here, there, root} = sides;
	let tip = await there.commit('commit-0');
	const names = await failpointsOf(here, ['fetch', 'there'], path.join(root, 'failpoints'), /^fetch /v);
	t.true(names.includes('fetch received') && names.includes('fetch moved'), names.join(','));
	for (const [index, name] of some(names, 3).entries()) {
		const before = tip;
		tip = await there.commit(`commit-${index + 1}`);
		const killed = await here.run(['fetch', 'there'], {COPPICE_FAILPOINT: name});
		t.is(killed.exitCode, 137, `${name}: ${killed.stderr}`);
		const remote = (await here.history.remoteBranches()).get('there/main');
		t.true(remote === before || remote === tip, name);
		t.like(await here.history.readAnyCommit(remote!), {state: 'here'}, name);
		const log = await here.run(['log', 'there/main']);
		t.is(log.exitCode, 0, `${name}: ${log.stderr}`);
		await here.json('fetch', 'there');
		t.is((await here.history.remoteBranches()).get('there/main'), tip, name);
		t.like(await here.history.readAnyCommit(tip), {state: 'here'}, name);
	}

	t.like(await here.json('pull'), {did: 'fast-forward', to: tip});
});

test.serial('a push killed at each place: the branch there moves whole or not at all', async t => {
	const sides = await makeTwoSides(t);
	const {here, there, root} = sides;
	await here.json('switch', '-c', 'fix');
	await here.commit('commit-0');
	const names = await failpointsOf(here, ['push', 'there'], path.join(root, 'failpoints'), /^push (?:offered|sent|finished)$/v);
	t.deepEqual(names, ['push offered', 'push sent', 'push finished']);
	for (const [index, name] of names.entries()) {
		const before = await there.tip('fix');
		const tip = await here.commit(`commit-${index + 1}`);
		const killed = await here.run(['push', 'there'], {COPPICE_FAILPOINT: name});
		t.is(killed.exitCode, 137, `${name}: ${killed.stderr}`);
		const now = await there.tip('fix');
		t.true(now === before || now === tip, name);
		const again = await here.json('push', 'there');
		t.is(again.to, tip, name);
		t.is(await there.tip('fix'), tip, name);
		t.is((await here.history.remoteBranches()).get('there/fix'), tip, name);
	}
});

test.serial('killed in the middle of the data, the next fetch goes on; cancelled, retried and followed from another process', async t => {
	const sides = await makeTwoSides(t);
	const {here, there} = sides;
	await there.write('large', randomBytes(14 * 1024 * 1024));
	const tip = await there.commit('second');
	const first = start(sides, here, ['fetch', 'there', '--limit', '4M']);
	const running = await waitForBytes(here, 5_000_000);
	process.kill(running.processId, 'SIGKILL');
	await first;
	const [cut] = await here.json('transfers');
	t.like(cut, {id: running.id, state: 'cut', verb: 'fetch'});
	t.falsy((await here.history.commitIds()).includes(tip));

	const second = start(sides, here, ['transfers', 'retry', running.id]);
	const again = await waitForBytes(here, 7_000_000);
	t.not(again.id, running.id);
	const cancelled = await here.run(['transfers', 'cancel', again.id]);
	t.is(cancelled.exitCode, 0, cancelled.stderr);
	const {exitCode} = await second;
	t.is(exitCode, 130);
	t.like((await here.json('transfers'))[0], {id: again.id, state: 'cancelled'});

	const third = start(sides, here, ['fetch', 'there', '--limit', '4M']);
	const last = await waitForBytes(here, 1);
	const attached = await here.run(['transfers', 'attach', last.id.slice(0, 6)]);
	t.is(attached.exitCode, 0, attached.stderr);
	t.regex(attached.stdout, /is done: 14/v);
	const {stdout} = await third;
	const result = JSON.parse(stdout) as {resumedBytes: number; streamBytes: number; wireBytes: number};
	// What was on its way when it was cut may be lost, at most.
	t.true(result.resumedBytes >= 4 * 1024 * 1024, String(result.resumedBytes));
	t.true(result.wireBytes < result.streamBytes - result.resumedBytes + 1_000_000);
	t.like(await here.history.readAnyCommit(tip), {state: 'here'});
	const busy = await here.run(['transfers', 'cancel', last.id]);
	t.is(busy.exitCode, 5, busy.stderr);
	t.is((await here.run(['transfers', 'attach', 'ffff'])).exitCode, 3);
});

test.serial('a push of what has to be sent as it is, killed, goes on from there with the next', async t => {
	const sides = await makeTwoSides(t);
	const {here, there} = sides;
	const rows = randomBytes(16 * (2 ** 20));
	await here.commit('rows', rows);
	await here.json('branch', 'fix');
	await here.json('push', 'there', 'fix');
	const [damaged] = await Array.fromAsync(glob('stacks/shop/volumes/data/snapshots/*/data/rows', {cwd: there.pool}));
	await writeFile(path.join(there.pool, damaged!), Buffer.from(rows).fill('damaged', 8192, 8292));

	await here.json('switch', 'fix');
	for (let page = 0; page < rows.length; page += 4096) {
		randomFillSync(rows, page, 1900);
	}

	await here.commit('rows', rows);
	const killed = start(sides, here, ['push', 'there', 'fix', '--limit', '4M']);
	const spool = path.join(there.pool, 'stacks/shop/volumes/data/incoming');
	for (;;) {
		const [request] = await Array.fromAsync(glob('*/request.json', {cwd: spool}));
		// What was begun as differences goes meanwhile.
		const text = request === undefined ? '' : await readFile(path.join(spool, request), 'utf8').catch(() => '');
		if (text.includes('plain')) {
			const {size} = await stat(path.join(spool, path.dirname(request!), 'frames'));
			if (size > 2e6) {
				break;
			}
		}

		await delay(50);
	}

	const {processId} = await waitForBytes(here, 0);
	process.kill(processId, 'SIGKILL');
	t.regex((await killed).stderr, /can't be told here as differences/v);
	const pushed = await here.run(['push', 'there', 'fix']);
	t.is(pushed.exitCode, 0, pushed.stderr);
	t.regex(pushed.stderr, /goes on from there/v);
	t.notRegex(pushed.stderr, /was removed|all of it is sent/v);
	await there.json('switch', 'fix');
	t.true((await readFile(path.join(there.pool, 'stacks/shop/volumes/data/current/data/rows'))).equals(rows));
});
