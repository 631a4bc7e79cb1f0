/**
Commits that are known though their data are on another host, and what is kept for other hosts.
*/
import {readdir, readFile, writeFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {execa} from 'execa';
import test from 'ava';
import {commitId, encodeCommit} from '../../source/history/commit.ts';
import {openHistory} from '../../source/history/open-history.ts';
import {resolve} from '../../source/history/revision.ts';
import {
	failsAs,
	failsNaming,
	fakeId,
	linesOf,
	makeCommit,
	makeHistory,
} from './fixture.ts';

test('a commit whose data are elsewhere is found, walked over and named, and verbs that need its data say where they are', async t => {
	const history = await makeHistory(t);
	const old = makeCommit({message: 'old'});
	const middle = makeCommit({message: 'middle', parents: [commitId(old)]});
	const tip = makeCommit({message: 'tip', parents: [commitId(middle)]});
	const oldId = await history.writeCommit(old);
	const middleId = await history.writeElsewhere(encodeCommit(middle));
	const tipId = await history.writeElsewhere(tip);
	await history.setRemoteBranch('staging', 'main', tipId);

	t.is(middleId, commitId(middle));
	t.deepEqual([await history.commitIds(), await history.elsewhereIds()], [[oldId], [middleId, tipId].toSorted()]);
	const {state, removed} = await history.readAnyCommit(tipId);
	t.deepEqual([state, removed], ['elsewhere', false]);
	t.is(await resolve(history, 'staging/main'), tipId);
	t.is(await resolve(history, 'staging/main~1'), middleId);
	t.is(await resolve(history, 'staging/main~2'), oldId);
	t.is(await resolve(history, tipId.slice(0, 12)), tipId);
	const error = await failsNaming(t, 'precondition', 'its data are on staging', async () => history.readCommit(middleId));
	t.true(error.hint!.includes(`coppice fetch staging ${middleId.slice(0, 8)}`));
	const {commits} = await history.elsewhereCommits();
	t.deepEqual(commits.map(({message}) => message), ['tip', 'middle']);
	const {commits: here} = await history.allCommits();
	t.deepEqual(here.map(({message}) => message), ['old']);
});

test('a commit that came is one of this host, whatever it was before', async t => {
	const history = await makeHistory(t);
	const id = await history.writeElsewhere(makeCommit());
	await history.promoteCommit(id);
	await history.promoteCommit(id);
	t.deepEqual([await history.commitIds(), await history.elsewhereIds()], [[id], []]);
	t.is(await history.writeElsewhere(await history.readCommit(id)), id);
	t.deepEqual(await history.elsewhereIds(), [], 'one that is here was written as elsewhere');

	await history.removeCommit(id);
	await history.writeElsewhere(makeCommit({volumes: {data: (await history.readAnyCommit(id)).volumes.data!}}));
	t.deepEqual([await history.elsewhereIds(), await history.removedIds()], [[id], [id]]);
	t.is(await resolve(history, id), id, 'known again from another host');
	await history.restoreCommit(id);
	t.deepEqual([await history.commitIds(), await history.elsewhereIds(), await history.removedIds()], [[id], [], []]);

	await history.removeCommit(id);
	await history.promoteCommit(id);
	t.deepEqual([await history.commitIds(), await history.removedIds()], [[id], []]);
	await failsAs(t, 'not-found', async () => history.promoteCommit(fakeId('c')));
});

test('what another host sends is not written unless it is a commit', async t => {
	const history = await makeHistory(t);
	const text = encodeCommit(makeCommit());
	for (const wrong of [`${text} `, '{}', 'x', text.replace('"main"', '"../x"'), encodeCommit(makeCommit({volumes: {'../x': 'y'}}))]) {
		await failsAs(t, 'failed', async () => history.writeElsewhere(wrong));
	}

	t.deepEqual(await history.elsewhereIds(), []);
});

test('promoting: killed at each place, then done again', async t => {
	const history = await makeHistory(t);
	const module = path.join(import.meta.dirname, '../../source/history/open-history.ts');
	const log = path.join(history.folder, 'failpoints');
	const promote = async (id: string, environment: Readonly<Record<string, string>>) => execa(process.execPath, ['--input-type=module', '--eval', `
		const {openHistory} = await import(${JSON.stringify(module)});
		await openHistory(${JSON.stringify(history.folder)}).promoteCommit(${JSON.stringify(id)});
	`], {env: environment, reject: false});
	const first = await promote(await history.writeElsewhere(makeCommit({message: 'first'})), {COPPICE_FAILPOINT_LOG: log});
	t.is(first.exitCode, 0, first.stderr);
	for (const failpoint of await linesOf(log)) {
		const id = await history.writeElsewhere(makeCommit({message: failpoint}));
		const killed = await promote(id, {COPPICE_FAILPOINT: failpoint});
		t.is(killed.signal, 'SIGKILL', `killed at ${failpoint}`);
		t.like(await history.readAnyCommit(id), {state: 'here'});
		const again = await promote(id, {});
		t.is(again.exitCode, 0);
		t.deepEqual(await history.elsewhereIds(), []);
	}
});

test('pins are kept for each peer, one in place of those before', async t => {
	const history = await makeHistory(t);
	t.deepEqual(await history.pins(), []);
	await history.setPins('pool-1', [fakeId('a'), fakeId('b')], 'staging');
	await history.setPins('../../etc/passwd', [fakeId('c')]);
	await history.setPins('pool-1', [fakeId('b')], 'staging');
	const pins = await history.pins();
	t.deepEqual(pins.toSorted((a, b) => a.peer.localeCompare(b.peer)), [
		{peer: '../../etc/passwd', commits: [fakeId('c')]},
		{peer: 'pool-1', name: 'staging', commits: [fakeId('b')]},
	]);
	await history.setPins('../../etc/passwd', []);
	t.is((await history.pins()).length, 1);
	await t.throwsAsync(history.setPins('pool-1', ['../x']), {instanceOf: TypeError});
});

test('pins that were cut are never read as none', async t => {
	const history = await makeHistory(t);
	await history.setPins('pool-1', [fakeId('a')]);
	const [name] = await readdir(path.join(history.folder, 'pins'));
	const file = path.join(history.folder, 'pins', name!);
	const text = await readFile(file, 'utf8');
	await writeFile(file, text.slice(0, 20));
	await failsNaming(t, 'failed', file, async () => history.pins());
});

test('where a branch came from is noted and forgotten; a damaged note is only a habit lost', async t => {
	const history = await makeHistory(t);
	await history.setUpstream('main', {host: 'staging', branch: 'main'});
	await history.setUpstream('feature/x', {host: 'laptop', branch: 'y'});
	t.deepEqual(await openHistory(history.folder).upstreams(), new Map([
		['main', {host: 'staging', branch: 'main'}], ['feature/x', {host: 'laptop', branch: 'y'}],
	]));
	await history.setUpstream('main', undefined);
	t.false((await history.upstreams()).has('main'));
	await writeFile(path.join(history.folder, 'upstreams.json'), '{"main":{"host":"../x","branch":"main"},"b":7,"c"');
	t.is((await history.upstreams()).size, 0);
});
