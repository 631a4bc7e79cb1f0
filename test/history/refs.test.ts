/**
Branches, tags, remote branches, the current branch, and their reflogs.
*/
import {
	readdir,
	readFile,
	rm,
	truncate,
	writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import {
	failsAs,
	failsNaming,
	fakeId,
	linesOf,
	makeHistory,
	movesOf,
	tipOf,
} from './fixture.ts';

const [a, b, c] = ['a', 'b', 'c'].map(digit => fakeId(digit)) as [string, string, string];

/** A clock that goes on by a second each time it is asked. */
const ticking = () => {
	let seconds = 0;
	return () => new Date(Date.UTC(2026, 10, 20, 14, 0, seconds++));
};

test('a branch without a commit is there, with null', async t => {
	const history = await makeHistory(t);
	t.deepEqual(await history.branches(), new Map([['main', null]]));
	t.is(await readFile(path.join(history.folder, 'refs/heads/main'), 'utf8'), 'none\n');
	t.deepEqual(await history.reflog('main'), []);
	t.is(await history.currentBranch(), 'main');
	t.is(await readFile(path.join(history.folder, 'HEAD'), 'utf8'), 'main\n');
});

test('a branch moves, and its reflog says from where, to where, when and why', async t => {
	const history = await makeHistory(t, ticking());
	await history.setBranch('main', a, 'commit: first');
	await history.setBranch('main', b, 'commit: second');
	await history.setBranch('main', null, 'undo');
	t.deepEqual(await movesOf(history, 'main'), [[null, a, 'commit: first'], [a, b, 'commit: second'], [b, null, 'undo']]);
	const entries = await history.reflog('main');
	const times = entries.map(({time}) => time);
	t.deepEqual(times, times.toSorted());
	t.regex(times[0]!, /^2026-11-20T14:00:\d\d\.000Z$/v);
});

test('a move that is done again is recorded once', async t => {
	const history = await makeHistory(t);
	await history.setBranch('main', a, 'commit: first');
	await history.setBranch('main', a, 'commit: first');
	t.deepEqual(await movesOf(history, 'main'), [[null, a, 'commit: first']]);
	await history.setBranch('main', a, 'reset');
	t.deepEqual(await movesOf(history, 'main'), [[null, a, 'commit: first'], [a, a, 'reset']], 'another reason is another move');
});

test('a crash between a ref and its reflog entry is made good when the move is done again', async t => {
	const history = await makeHistory(t);
	const ref = path.join(history.folder, 'refs/heads/main');
	const log = path.join(history.folder, 'reflog/heads/main');
	await history.setBranch('main', a, 'one');
	const [oldRef, oldLog] = await Promise.all([readFile(ref, 'utf8'), readFile(log, 'utf8')]);
	await history.setBranch('main', b, 'two');
	const whole = await movesOf(history, 'main');

	// The entry was written, the ref not.
	await writeFile(ref, oldRef);
	await history.setBranch('main', b, 'two');
	t.deepEqual(await movesOf(history, 'main'), whole);
	t.is(await tipOf(history, 'main'), b);

	// The ref was written, the entry not, or only a part of it.
	for (const left of [oldLog, `${oldLog}{"time":"2026`]) {
		await writeFile(log, left);
		await history.setBranch('main', b, 'two');
		t.deepEqual(await movesOf(history, 'main'), whole);
	}

	// The same when the branch loses its commit.
	await history.setBranch('main', null, 'three');
	const last = await movesOf(history, 'main');
	const lines = await linesOf(log);
	await writeFile(log, `${lines.slice(0, 2).join('\n')}\n`);
	await history.setBranch('main', null, 'three');
	t.deepEqual(await movesOf(history, 'main'), last);
});

test('feature and feature/x live side by side, and so do their reflogs', async t => {
	const history = await makeHistory(t);
	await history.setBranch('feature', a, 'x');
	await history.setBranch('feature/x', b, 'y');
	await history.setTag('release', a);
	await history.setTag('release/1', b);
	t.is(await tipOf(history, 'feature'), a);
	t.is(await tipOf(history, 'feature/x'), b);
	t.deepEqual(await history.tags(), new Map([['release', a], ['release/1', b]]));
	t.deepEqual(await movesOf(history, 'feature/x'), [[null, b, 'y']]);
	const files = await readdir(path.join(history.folder, 'refs/heads'));
	t.deepEqual(files.toSorted(), ['feature', 'feature:x', 'main']);
});

test('names are checked before they touch a path', async t => {
	const history = await makeHistory(t);
	for (const name of ['../x', '', '.', '/etc/passwd', 'a//b', 'x:y', 'HEAD', 'x.lock', 'a\nb']) {
		await failsAs(t, 'usage', async () => history.setBranch(name, a, 'x'));
		await failsAs(t, 'usage', async () => history.removeBranch(name, 'x'));
		await failsAs(t, 'usage', async () => history.renameBranch('main', name));
		await failsAs(t, 'usage', async () => history.renameBranch(name, 'other'));
		await failsAs(t, 'usage', async () => history.setCurrentBranch(name));
		await failsAs(t, 'usage', async () => history.setTag(name, a));
		await failsAs(t, 'usage', async () => history.removeTag(name));
		await failsAs(t, 'usage', async () => history.reflog(name));
		await failsAs(t, 'usage', async () => history.setRemoteBranch('staging', name, a));
	}

	await failsAs(t, 'usage', async () => history.setRemoteBranch('../x', 'main', a));
	t.deepEqual(await readdir(path.join(history.folder, 'refs/remotes')), []);
	t.deepEqual(await history.branches(), new Map([['main', null]]));
});

test('tags are set, moved and removed, each safe to repeat', async t => {
	const history = await makeHistory(t);
	await history.setTag('v1', a);
	await history.setTag('v1', a);
	await history.setTag('v1', b);
	t.deepEqual(await history.tags(), new Map([['v1', b]]));
	await history.removeTag('v1');
	await history.removeTag('v1');
	t.deepEqual(await history.tags(), new Map());
});

test('remote branches are those of each host', async t => {
	const history = await makeHistory(t);
	await history.setRemoteBranch('staging', 'main', a);
	await history.setRemoteBranch('staging', 'feature/x', b);
	await history.setRemoteBranch('backup', 'main', c);
	t.deepEqual(await history.remoteBranches(), new Map([['backup/main', c], ['staging/feature/x', b], ['staging/main', a]]));
	await history.removeRemoteBranch('staging', 'main');
	await history.removeRemoteBranch('staging', 'main');
	t.deepEqual(await history.remoteBranches(), new Map([['backup/main', c], ['staging/feature/x', b]]));
});

test('a branch that is removed keeps its reflog, which goes on when it is made again', async t => {
	const history = await makeHistory(t);
	await history.setBranch('x', a, 'made');
	await history.removeBranch('x', 'deleted');
	await history.removeBranch('x', 'deleted');
	t.is(await tipOf(history, 'x'), undefined);
	t.deepEqual(await movesOf(history, 'x'), [[null, a, 'made'], [a, null, 'deleted']]);
	await history.setBranch('x', b, 'made');
	t.deepEqual(await movesOf(history, 'x'), [[null, a, 'made'], [a, null, 'deleted'], [null, b, 'made']]);
});

test('a branch is renamed with its reflog, and stays current', async t => {
	const history = await makeHistory(t);
	await history.setBranch('main', a, 'commit');
	await history.setBranch('gone', b, 'made');
	await history.removeBranch('gone', 'deleted');
	await history.renameBranch('main', 'gone');
	await history.renameBranch('main', 'gone');
	t.deepEqual(await history.branches(), new Map([['gone', a]]));
	t.is(await history.currentBranch(), 'gone');
	t.deepEqual(await movesOf(history, 'gone'), [[null, a, 'commit'], [a, a, 'branch: renamed from main']]);
	const logs = await readdir(path.join(history.folder, 'reflog/heads'));
	t.true(logs.includes('gone~1'), 'what the earlier branch of that name held can be found');
	t.deepEqual(await history.reflog('main'), []);

	await history.setBranch('other', c, 'made');
	await failsAs(t, 'conflict', async () => history.renameBranch('other', 'gone'));
	await failsAs(t, 'not-found', async () => history.renameBranch('nowhere', 'somewhere'));
	await history.renameBranch('other', 'third');
	t.is(await history.currentBranch(), 'gone');
});

test('switching is recorded once each', async t => {
	const history = await makeHistory(t);
	await history.setCurrentBranch('x');
	await history.setCurrentBranch('x');
	await history.setCurrentBranch('main');
	const entries = await history.headlog();
	t.deepEqual(entries.map(({from, to, reason}) => [from, to, reason]), [
		[null, 'main', 'init'], ['main', 'x', 'switch'], ['x', 'main', 'switch'],
	]);
});

test('a ref file that was cut or altered is named, with what it should hold', async t => {
	const history = await makeHistory(t);
	await history.setBranch('main', a, 'commit');
	const file = path.join(history.folder, 'refs/heads/main');
	for (const content of ['', 'aaaa\n', 'garbage\n', `${a}x\n`, `${a.toUpperCase()}\n`, `${a}\n${b}\n`]) {
		await writeFile(file, content);
		for (const use of [async () => history.branches(), async () => history.setBranch('main', b, 'x'), async () => history.removeBranch('main', 'x')]) {
			const error = await failsNaming(t, 'failed', file, use);
			t.true(error.hint!.includes(a), 'the reflog knows what it should hold');
		}
	}

	await writeFile(file, a);
	t.is(await tipOf(history, 'main'), a, 'written by hand without a line end');
	await history.setTag('v1', a);
	await truncate(path.join(history.folder, 'refs/tags/v1'), 10);
	await failsNaming(t, 'failed', 'refs/tags/v1', async () => history.tags());
	await writeFile(path.join(history.folder, 'refs/tags/v1'), 'none\n');
	await failsAs(t, 'failed', async () => history.tags());
});

test('a HEAD that was cut, altered or lost is named, and can be set again', async t => {
	const history = await makeHistory(t);
	const file = path.join(history.folder, 'HEAD');
	for (const content of ['', 'ma', '../x\n', '\0\0\0\0\n']) {
		await writeFile(file, content);
		const error = await failsAs(t, 'failed', async () => history.currentBranch());
		t.true(error.message.includes(file));
		await failsAs(t, 'failed', async () => history.create('main'));
	}

	await history.setCurrentBranch('main');
	t.is(await history.currentBranch(), 'main');
	await rm(file);
	await failsAs(t, 'failed', async () => history.currentBranch());
});

test('a reflog line that was altered is named; a torn last one is left out', async t => {
	const history = await makeHistory(t);
	await history.setBranch('main', a, 'one');
	await history.setBranch('main', b, 'two');
	const file = path.join(history.folder, 'reflog/heads/main');
	const whole = await readFile(file, 'utf8');
	await truncate(file, whole.length - 10);
	t.deepEqual(await movesOf(history, 'main'), [[null, a, 'one']]);
	await writeFile(file, `garbage\n${whole}`);
	await failsNaming(t, 'failed', `Line 1 of the reflog ${file}`, async () => history.reflog('main'));
	await history.setBranch('main', c, 'three');
	t.is(await tipOf(history, 'main'), c, 'a damaged log stops no move');
});

test('a move is recorded once in a long reflog too', async t => {
	const history = await makeHistory(t);
	const file = path.join(history.folder, 'reflog/heads/main');
	await history.setBranch('main', a, 'first');
	const [line] = await linesOf(file);
	await writeFile(file, `${line}\n`.repeat(2000));
	await history.setBranch('main', a, 'first');
	await history.setBranch('main', b, 'last');
	const entries = await history.reflog('main');
	t.is(entries.length, 2001);
});
