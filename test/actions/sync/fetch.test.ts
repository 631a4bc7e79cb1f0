/**
Fetching and pulling between two pools, through the built command.
*/
import {randomBytes, randomUUID} from 'node:crypto';
import {
	mkdir,
	readdir,
	rename,
	utimes,
} from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import type {PruneResult} from '../../../source/actions/prune.ts';
import {makeTwoSides} from './two-sides.ts';

test.serial('a fetch brings increments, of any branch, from the best snapshot that both sides have; what is here stays', async t => {
	const {here, there} = await makeTwoSides(t);
	t.deepEqual(await here.files(), ['first']);
	const cloned = await here.tip();
	await there.write('large', randomBytes(3_000_000));
	const second = await there.commit('second');
	await there.json('switch', '-c', 'fix');
	const fixed = await there.commit('fixed');
	const first = await here.json('fetch');
	t.deepEqual(first.branches.map(({remote, from, to}) => [remote, from, to]), [['there/fix', null, fixed], ['there/main', cloned, second]]);
	t.is(first.newCommits, 2);
	t.deepEqual(first.snapshots.map(({kind}) => kind), Array.from({length: 4}, () => 'increment'));
	// 3 MB once: the other branch's increment starts from what has just come.
	t.true(first.streamBytes > 3_000_000 && first.streamBytes < 3_500_000, String(first.streamBytes));
	t.is(await here.tip(), cloned);
	t.deepEqual(await here.files(), ['first']);
	t.deepEqual(await here.history.remoteBranches(), new Map([['there/fix', fixed], ['there/main', second]]));
	for (const side of [here, there]) {
		const pins = await side.history.pins();
		t.true(pins.some(({commits}) => commits.includes(second)), 'what both have is kept on both sides');
	}

	await there.json('switch', 'main');
	await there.commit('third');
	await there.json('branch', '-d', 'fix', '--yes');
	const pruned = await there.run(['prune', second]);
	t.is(pruned.exitCode, 5, pruned.stderr);
	t.regex(pruned.stderr, /has it too, and the next increment/v);
	const rules = await there.json('prune', '--keep-last', '1', '--dry-run') as PruneResult;
	t.regex(rules.kept.find(({id}) => id === second)?.why ?? '', /has it too/v);
	t.false(rules.removed.map(({id}) => id).includes(fixed));

	await here.json('fetch', 'there');
	const again = await here.json('fetch', 'there');
	t.deepEqual([again.newCommits, again.snapshots.length, again.data.length], [0, 0, 0]);
	const diff = await here.run(['diff', 'main', 'there/main']);
	t.regex(diff.stdout, /data +changed +2\.86 MiB in 3 files/v);
	t.is((await here.run(['log', 'there/main'])).exitCode, 0);
});

test.serial('without history only the tips\' data come; a commit by name, and all of them, can be fetched later', async t => {
	const {here, there} = await makeTwoSides(t);
	const middle = await there.commit('middle');
	const older = await there.commit('older');
	const tip = await there.commit('tip');
	const fetched = await here.json('fetch');
	t.deepEqual(fetched.data, [tip]);
	t.like(await here.history.readAnyCommit(middle), {state: 'elsewhere'});
	const log = await here.run(['log', 'there/main']);
	t.regex(log.stdout, /middle .*data on there/v);
	const reset = await here.run(['reset', 'there/main~2']);
	t.is(reset.exitCode, 6, reset.stderr);
	t.true(reset.stderr.includes(`coppice fetch there ${middle.slice(0, 8)}`), reset.stderr);

	const one = await here.json('fetch', 'there', 'there/main~2');
	t.deepEqual(one.data, [middle]);
	await here.json('reset', middle);
	t.deepEqual(await here.files(), ['first', 'middle']);
	const all = await here.json('fetch', 'there', 'main', '--history');
	t.deepEqual(all.data, [older]);
	t.deepEqual(await here.history.elsewhereIds(), []);
});

test.serial('pull moves the current branch forward with its data, keeps what was not committed, and can be undone', async t => {
	const {here, there} = await makeTwoSides(t);
	const before = await here.tip();
	const second = await there.commit('second');
	await here.write('mine', 'not committed');
	const pulled = await here.json('pull');
	t.like(pulled, {
		did: 'fast-forward', branch: 'main', remote: 'there/main', from: before, to: second, hadChanges: true,
	});
	t.deepEqual(await here.files(), ['first', 'second']);
	await here.json('undo');
	t.is(await here.tip(), before);
	t.deepEqual(await here.files(), ['first', 'mine']);
	await here.json('redo');
	t.deepEqual(await here.files(), ['first', 'second']);
	t.like(await here.json('pull'), {did: 'nothing', ahead: 0});

	await here.commit('ours');
	t.like(await here.json('pull', 'there', 'main'), {did: 'nothing', ahead: 1});
});

test.serial('where both have gone on, pull stops and changes nothing; told so, it takes theirs beside ours, or instead', async t => {
	const {here, there} = await makeTwoSides(t);
	const theirs = await there.commit('theirs');
	const ours = await here.commit('ours');
	const stopped = await here.run(['pull']);
	t.is(stopped.exitCode, 5, stopped.stderr);
	t.regex(stopped.stderr, /1 here, 1 there/v);
	t.regex(stopped.stderr, /--reset.*--into/v);
	t.deepEqual([await here.tip(), await here.files()], [ours, ['first', 'ours']]);

	t.like(await here.json('pull', '--into', 'beside'), {did: 'new-branch', branch: 'beside'});
	t.deepEqual([await here.tip(), await here.tip('beside')], [ours, theirs]);

	t.like(await here.json('pull', '--reset'), {did: 'reset', keptBranch: 'main-before-pull'});
	t.deepEqual([await here.tip(), await here.tip('main-before-pull')], [theirs, ours]);
	t.deepEqual(await here.files(), ['first', 'theirs']);
	await here.json('undo');
	t.deepEqual([await here.tip(), await here.tip('main-before-pull')], [ours, undefined]);
	t.deepEqual(await here.files(), ['first', 'ours']);
});

test.serial('what was removed here on purpose does not come back by a fetch, but by undo', async t => {
	const {here, there} = await makeTwoSides(t);
	const second = await there.commit('second');
	await there.commit('third');
	await here.json('fetch', 'there', '--history');
	await here.json('prune', second);
	t.like(await here.history.readAnyCommit(second), {state: 'removed'});
	// It is not a tip: neither a fetch nor one of all history brings back what was removed on purpose.
	const again = await here.json('fetch', 'there', '--history');
	t.deepEqual(again.data, []);
	const named = await here.run(['fetch', 'there', second.slice(0, 12)]);
	t.is(named.exitCode, 3, named.stderr);
	t.regex(named.stderr, /was removed.*undo/sv);
	await here.json('undo');
	t.like(await here.history.readAnyCommit(second), {state: 'here'});
});

test.serial('where nothing is common, all of it is announced and not sent unasked', async t => {
	const {here, there} = await makeTwoSides(t);
	await there.commit('second');
	// As if all snapshots of what both had were pruned there: only what is new is left.
	const [cloned] = await here.history.commitIds();
	const {volumes} = await here.history.readCommit(cloned!);
	await rename(`${there.pool}/stacks/shop/volumes/data/snapshots/${volumes.data!}`, `${there.pool}/gone`);
	const refused = await here.run(['fetch']);
	t.is(refused.exitCode, 6, refused.stderr);
	t.regex(refused.stderr, /No increment can be sent from there: no snapshot of data \(\d/v);
	t.regex(refused.stderr, /--full/v);
	t.is((await here.history.remoteBranches()).get('there/main'), cloned);
	const full = await here.json('fetch', '--full');
	t.deepEqual(Object.fromEntries(full.snapshots.map(({volume, kind}) => [volume, kind])), {data: 'full', cache: 'increment'});
});

test.serial('a host that can\'t answer is never one that has nothing', async t => {
	const {here, there} = await makeTwoSides(t);
	const before = await here.history.remoteBranches();
	await rename(there.pool, `${there.pool}-away`);
	const lost = await here.run(['fetch', 'there', '--prune']);
	t.not(lost.exitCode, 0);
	t.deepEqual(await here.history.remoteBranches(), before);
	await rename(`${there.pool}-away`, there.pool);
	const unknown = await here.run(['fetch', 'nobody']);
	t.is(unknown.exitCode, 3, unknown.stderr);
	const branch = await here.run(['pull', 'there', 'none']);
	t.is(branch.exitCode, 3);
	t.regex(branch.stderr, /there has no branch none of stack shop/v);
});

test.serial('what came of a transfer is removed when nobody went on with it for a week', async t => {
	const {here} = await makeTwoSides(t);
	const incoming = path.join(here.pool, 'stacks/shop/volumes/data/incoming');
	const [old, young] = [randomUUID(), randomUUID()];
	for (const name of [old, young]) {
		await mkdir(path.join(incoming, name), {recursive: true, mode: 0o700});
	}

	await utimes(path.join(incoming, old), new Date(), new Date(Date.now() - (8 * 86_400_000)));
	const dry = await here.json('prune', '--keep-last', '9', '--dry-run') as PruneResult;
	t.is(dry.abandoned, 1);
	t.is((await here.json('prune', '--keep-last', '9') as PruneResult).abandoned, 1);
	t.deepEqual(await readdir(incoming), [young]);
});

test.serial('branches that are gone there are told, and forgotten when asked', async t => {
	const {here, there} = await makeTwoSides(t);
	await there.json('branch', 'extra');
	await here.json('fetch');
	await there.json('branch', '-d', 'extra', '--yes');
	t.deepEqual((await here.json('fetch')).gone, ['there/extra']);
	const remote = await here.json('remote', 'there');
	t.deepEqual(remote.map(({name, gone}) => [name, gone === true]), [['extra', true], ['main', false]]);
	t.deepEqual((await here.json('fetch', '--prune')).forgotten, ['there/extra']);
	t.deepEqual((await here.history.remoteBranches()).keys().toArray(), ['there/main']);
	const listed = await here.run(['branch', '--remote']);
	t.regex(listed.stdout, /there\/main .*same as main/v);
});
