/**
The lock of a stack, between real processes.
*/
import {randomUUID} from 'node:crypto';
import {once} from 'node:events';
import {mkdtemp, readFile, rm} from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import {execa} from 'execa';
import test, {type ExecutionContext} from 'ava';
import {lockAddress, withLock} from '../../source/history/lock.ts';
import {failsAs} from './fixture.ts';

const holder = path.join(import.meta.dirname, 'hold-lock.ts');
const newName = () => `/pool/${randomUUID()}\0shop`;

/** Another process that holds the lock; it is ended with the test. In an object, since a child is a promise that waits for its end. */
const holdElsewhere = async (t: ExecutionContext, name: string, verb = 'reset') => {
	const child = execa(process.execPath, [holder, name, verb], {reject: false, stdin: 'pipe'});
	t.teardown(() => {
		child.kill('SIGKILL');
	});
	const [chunk] = await once(child.stdout, 'data') as [Uint8Array];
	t.is(String(chunk), 'held\n');
	return {child};
};

test('a free lock is taken, the result returned, and the lock freed', async t => {
	const name = newName();
	for (let round = 0; round < 3; round++) {
		t.is(await withLock({name, verb: 'commit', waitMilliseconds: 0}, async () => round), round);
	}
});

test('the lock is freed when what runs in it fails', async t => {
	const name = newName();
	await t.throwsAsync(withLock({name, verb: 'commit'}, async () => {
		throw new Error('inside');
	}), {message: 'inside'});
	t.is(await withLock({name, verb: 'commit', waitMilliseconds: 0}, async () => 'free'), 'free');
});

test('a second writer is told who holds it: verb, process and since when', async t => {
	const name = `/pool/${randomUUID()}`;
	const before = Date.now();
	const {child} = await holdElsewhere(t, name, 'reset');
	for (const waitMilliseconds of [0, 300]) {
		const error = await failsAs(t, 'conflict', async () => withLock({name, verb: 'commit', waitMilliseconds}, async () => t.fail()));
		t.true(error.message.includes('`coppice reset`'));
		t.true(error.message.includes(`process ${child.pid!}`));
		t.true(error.hint!.includes(`kill ${child.pid!}`));
		const {since = ''} = /since (?<since>[\d\-.:TZ]+)/v.exec(error.message)!.groups!;
		t.true(Date.parse(since) >= before && Date.parse(since) <= Date.now());
	}

	t.is(await withLock({name: `${name}-other`, verb: 'commit', waitMilliseconds: 0}, async () => 'another stack'), 'another stack');
});

test('whoever waits gets the lock when the holder is through', async t => {
	const name = `/pool/${randomUUID()}`;
	const {child} = await holdElsewhere(t, name);
	let isHeldElsewhere = true;
	const waiting = withLock({name, verb: 'commit', waitMilliseconds: 60_000}, async () => {
		t.false(isHeldElsewhere);
	});
	await delay(100);
	isHeldElsewhere = false;
	child.stdin.end();
	await waiting;
	const {stdout} = await child;
	t.true(stdout.endsWith('released'));
});

test('a holder that is killed holds nothing', async t => {
	const name = `/pool/${randomUUID()}`;
	const {child} = await holdElsewhere(t, name);
	const waiting = withLock({name, verb: 'commit', waitMilliseconds: 60_000}, async () => 'mine');
	await delay(100);
	child.kill('SIGKILL');
	t.is(await waiting, 'mine');
	await child;
	t.is(await withLock({name, verb: 'commit', waitMilliseconds: 0}, async () => 'mine again'), 'mine again');
});

test('a holder that is stopped and does not answer is a conflict too', async t => {
	const name = `/pool/${randomUUID()}`;
	const {child} = await holdElsewhere(t, name);
	child.kill('SIGSTOP');
	const error = await failsAs(t, 'conflict', async () => withLock({name, verb: 'commit', waitMilliseconds: 0}, async () => t.fail()));
	t.regex(error.message, /does not say which/v);
});

test('many at once run one after the other, none is left out', async t => {
	const name = newName();
	let inside = 0;
	let done = 0;
	await Promise.all(Array.from({length: 12}, async () => withLock({name, verb: 'commit', waitMilliseconds: 60_000}, async () => {
		inside++;
		t.is(inside, 1);
		await delay(2);
		inside--;
		done++;
	})));
	t.is(done, 12);
});

test('two processes never hold it at one time', async t => {
	const name = `/pool/${randomUUID()}`;
	const folder = await mkdtemp(path.join(os.tmpdir(), 'coppice-lock-'));
	t.teardown(async () => rm(folder, {recursive: true}));
	// One file, since what arrives through two pipes has no order.
	const file = path.join(folder, 'notes');
	const children = Array.from({length: 4}, async () => {
		const child = execa(process.execPath, [holder, name, 'commit', file], {stdin: 'pipe'});
		child.stdout.once('data', () => {
			child.stdin.end();
		});
		return child;
	});
	await Promise.all(children);
	const text = await readFile(file, 'utf8');
	const notes = text.trim().split('\n');
	t.is(notes.length, 8);
	for (let index = 0; index < notes.length; index += 2) {
		t.is(notes[index + 1], notes[index]!.replace('held', 'released'), notes.join(', '));
	}
});

test('waiting ends when it is interrupted', async t => {
	const name = `/pool/${randomUUID()}`;
	await holdElsewhere(t, name);
	const controller = new AbortController();
	const waiting = withLock({
		name, verb: 'commit', waitMilliseconds: 60_000, signal: controller.signal,
	}, async () => t.fail());
	setTimeout(() => {
		controller.abort();
	}, 50);
	const error = await t.throwsAsync(waiting);
	t.like(error, {code: 'interrupted'});
	const late = withLock({name, verb: 'commit', signal: AbortSignal.abort()}, async () => undefined);
	await t.throwsAsync(late, {message: /Interrupted/v});
});

test('asking for a lock inside itself is an error in the code, at once', async t => {
	const name = newName();
	await withLock({name, verb: 'commit'}, async () => {
		const again = withLock({name, verb: 'commit'}, async () => undefined);
		await t.throwsAsync(again, {message: /inside itself/v});
		t.is(await withLock({name: `${name}2`, verb: 'commit'}, async () => 'another'), 'another');
	});
});

test('work that outlives the lock may take it again', async t => {
	const name = newName();
	let later: Promise<string> | undefined;
	await withLock({name, verb: 'commit'}, async () => {
		later = (async () => {
			await delay(50);
			return withLock({name, verb: 'commit'}, async () => 'again');
		})();
	});
	t.is(await later, 'again');
});

test('the lock alone keeps no process alive', async t => {
	const lock = path.join(import.meta.dirname, '../../source/history/lock.ts');
	const {exitCode, stdout} = await execa(process.execPath, ['--input-type=module', '--eval', `
		import {withLock} from ${JSON.stringify(lock)};
		withLock({name: ${JSON.stringify(randomUUID())}, verb: 'x'}, () => new Promise(() => console.log('inside')));
	`], {reject: false, timeout: 60_000});
	t.is(stdout, 'inside');
	t.is(exitCode, 0);
});

test('what a stranger says under the name of a lock does not get to the terminal', async t => {
	const name = newName();
	for (const answer of [JSON.stringify({pid: 1, verb: '\u{1B}[31mred', since: '2026-11-20T14:00:00.000Z'}), 'x'.repeat(10_000), '{"pid":"1"}\n', '']) {
		const server = net.createServer(socket => {
			socket.on('error', () => {
				// The asker has gone.
			});
			socket.end(`${answer}\n`);
		});
		server.listen(lockAddress(name));
		await once(server, 'listening');
		const waiting = withLock({name, verb: 'commit', waitMilliseconds: 200}, async () => 'free');
		const error = await t.throwsAsync(waiting, undefined, 'it still holds the name');
		t.like(error, {code: 'conflict'});
		t.regex(error.message, /does not say which/v);
		server.close();
		await once(server, 'close');
	}
});
