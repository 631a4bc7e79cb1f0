/**
Pushing between two pools, through the built command.
*/
import {Buffer} from 'node:buffer';
import {randomBytes} from 'node:crypto';
import {
	glob,
	mkdir,
	readFile,
	writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import {makeTwoSides} from './two-sides.ts';

test.serial('a push moves a branch there forward, and never the data under its services unless told to', async t => {
	const {here, there} = await makeTwoSides(t);
	const cloned = await there.tip();
	const ours = await here.commit('ours');
	const refused = await here.run(['push']);
	t.is(refused.exitCode, 5, refused.stderr);
	t.regex(refused.stderr, /--switch/v);
	t.is(await there.tip(), cloned);
	t.deepEqual(await there.files(), ['first']);

	await here.json('branch', 'fix');
	const beside = await here.json('push', 'there', 'fix');
	t.like(beside, {from: null, to: ours, remoteBranch: 'fix'});
	t.true(beside.snapshots.every(({kind}) => kind === 'increment'));
	t.is(await there.tip('fix'), ours);
	t.deepEqual(await there.files(), ['first']);

	await there.write('unsaved', 'there');
	const switched = await here.json('push', '--switch');
	t.like(switched, {from: cloned, to: ours});
	t.deepEqual([switched.kept.length, switched.snapshots.length], [1, 0], 'what came with another branch is not sent again');
	t.deepEqual(await there.files(), ['first', 'ours']);
	t.is((await here.history.remoteBranches()).get('there/main'), ours);
	await there.json('undo');
	t.deepEqual(await there.files(), ['first', 'unsaved']);
});

test.serial('a push that is no fast-forward is refused before anything goes', async t => {
	const {here, there} = await makeTwoSides(t);
	const theirs = await there.commit('theirs');
	await here.commit('ours');
	const unknown = await here.run(['push', '--switch']);
	t.is(unknown.exitCode, 5, unknown.stderr);
	t.regex(unknown.stderr, /there\/main has commits that are not known here/v);
	await here.json('fetch');
	const apart = await here.run(['push', '--switch']);
	t.is(apart.exitCode, 5, apart.stderr);
	t.regex(apart.stderr, /1 here, 1 there/v);
	t.is(await there.tip(), theirs);
	t.deepEqual(await here.json('transfers').then(list => list.filter(({verb}) => verb === 'push')), []);

	await here.json('pull', '--reset');
	t.like(await here.json('push', '--switch'), {from: theirs, to: theirs, commits: 0});
});

test.serial('a stack that is not there is made by a push, and comes from there with all that is known of it', async t => {
	const {here, there, side} = await makeTwoSides(t, {isCloned: false});
	await there.commit('second');
	const tip = await there.commit('third');
	await there.json('host', 'add', 'backup', '--pool', here.pool, '--driver', 'directory');
	const pushed = await there.json('push', 'backup');
	t.like(pushed, {from: null, to: tip, commits: 3});
	t.deepEqual(pushed.snapshots.map(({volume, kind}) => `${volume} ${kind}`).toSorted(), ['cache full', 'data full']);
	t.like(await here.history.readAnyCommit(tip), {state: 'here'});

	const next = await there.commit('fourth');
	const increment = await there.json('push');
	t.like(increment, {host: 'backup', to: next, commits: 1});
	t.true(increment.snapshots.every(({kind}) => kind === 'increment'));

	// Data alone are no application.
	const clone = await there.run(['clone', 'backup', 'shop', path.join(side('other').folder, 'x'), '--pool', side('other').pool]);
	t.is(clone.exitCode, 6, clone.stderr);
	t.regex(clone.stderr, /no definition of it/v);
});

test.serial('where the base is damaged there, what changed is sent as it is', async t => {
	const {here, there} = await makeTwoSides(t);
	const rows = randomBytes(40_000);
	await here.commit('rows', rows);
	await here.json('branch', 'fix');
	t.true((await here.json('push', 'there', 'fix')).snapshots.length > 0);
	const [damaged] = await Array.fromAsync(glob('stacks/shop/volumes/data/snapshots/*/data/rows', {cwd: there.pool}));
	await writeFile(path.join(there.pool, damaged!), Buffer.from(rows).fill('damaged', 8192, 8292));

	await here.json('switch', 'fix');
	await here.commit('rows', Buffer.from(rows).fill('changed', 8200, 8250));
	const pushed = await here.run(['push', 'there', 'fix']);
	t.is(pushed.exitCode, 0, pushed.stderr);
	t.regex(pushed.stderr, /can't be told here as differences/v);
	await there.json('switch', 'fix');
	t.true((await readFile(path.join(there.pool, 'stacks/shop/volumes/data/current/data/rows'))).subarray(8200, 8250).toString().startsWith('changedchanged'));
});

test.serial('a push to production has to be confirmed', async t => {
	const {here, there, side} = await makeTwoSides(t, {isCloned: false});
	const backup = side('backup');
	await mkdir(path.dirname(backup.pool), {recursive: true});
	await there.json('host', 'add', 'live', '--pool', here.pool, '--driver', 'directory', '--production');
	const refused = await there.run(['push', 'live']);
	t.is(refused.exitCode, 2, refused.stderr);
	t.regex(refused.stderr, /marked as production/v);
	t.is(await here.tip(), undefined);
	t.is((await there.run(['push', 'live', '--yes'])).exitCode, 0);
	t.is(await here.tip(), await there.tip());
	await writeFile(path.join(there.folder, 'note'), '');
});
