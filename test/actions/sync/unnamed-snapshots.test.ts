/**
What came whole by a transfer that was given up: `prune` removes it a week later, and nothing that a commit names or that may still be wanted.
*/
import {randomUUID} from 'node:crypto';
import {
	mkdir,
	readdir,
	rm,
	utimes,
	writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import {findUnnamed, removeUnnamed} from '../../../source/actions/sync/unnamed-snapshots.ts';
import {exclusively} from '../../../source/actions/change/transact.ts';
import {openWorkspace} from '../../../source/actions/workspace/open-workspace.ts';
import type {Workspace} from '../../../source/actions/workspace/workspace.ts';
import type {PruneResult} from '../../../source/actions/prune.ts';
import {makeTwoSides} from './two-sides.ts';

const address = {stack: 'shop', volume: 'data'};
const days = 86_400_000;

/** What is found now, and what will be in eight days. */
const find = async (workspace: Workspace, restorable: readonly string[] = []) => {
	const place = {...workspace, stack: workspace.stack.name};
	const found = await Promise.all([0, 8].map(async after => findUnnamed(place, {restorable: new Set(restorable), now: Date.now() + (after * days)})));
	return found.map(list => list.map(({snapshot}) => snapshot).toSorted());
};

test.serial('what no commit names goes after a week, unless something is on its way or a commit can\'t be read', async t => {
	const {here, there} = await makeTwoSides(t);
	const workspace = await openWorkspace({directory: here.folder});
	const {pool: {driver}, history} = workspace;
	const come = async (): Promise<string> => {
		const snapshot = randomUUID();
		await driver.snapshot([{address, branch: 'main', snapshot}]);
		return snapshot;
	};

	// Of a commit of each kind that is known: here, on another host, pruned.
	await here.commit('ours');
	const pruned = await here.commit('pruned');
	await here.commit('tip');
	await there.commit('theirs');
	await here.json('fetch');
	const before = await driver.contents(address);
	t.deepEqual(await find(workspace), [[], []]);

	const lost = await come();
	t.deepEqual(await find(workspace), [[], [lost]]);
	const dry = await here.json('prune', '--keep-last', '9', '--dry-run') as PruneResult;
	t.deepEqual(dry.unnamed, []);

	// Known of another host only, whose data came but for one volume.
	const commit = await history.readCommit(pruned);
	const elsewhere = await come();
	const {id: _, ...fields} = commit;
	const known = await history.writeElsewhere({...fields, message: 'elsewhere', volumes: {...commit.volumes, data: elsewhere}});
	t.deepEqual(await find(workspace), [[], [lost]]);

	// A pruned commit that can be brought back names its data still.
	await history.removeCommit(pruned);
	t.deepEqual(await find(workspace, [pruned]), [[], [lost]]);
	t.deepEqual(await find(workspace), [[], [lost, commit.volumes.data!].toSorted()]);
	await history.restoreCommit(pruned);

	// Another transfer is on its way: it may be built upon this one.
	const incoming = path.join(here.pool, 'stacks/shop/volumes/cache/incoming', randomUUID());
	await mkdir(incoming, {recursive: true});
	await utimes(incoming, new Date(), new Date(Date.now() + (8 * days)));
	t.deepEqual(await find(workspace), [[], []]);
	await rm(incoming, {recursive: true});

	// A commit that can't be read may name anything.
	const file = path.join(history.folder, 'commits', `${randomUUID().replaceAll('-', '').padEnd(64, '0')}.json`);
	await writeFile(file, 'damaged');
	t.deepEqual(await find(workspace), [[], []]);
	await rm(file);

	const removed = await exclusively(workspace, 'prune', async () => removeUnnamed(workspace, {restorable: new Set(), now: Date.now() + (8 * days)}));
	t.is(removed.length, 1);
	t.is(removed[0]!.snapshot, lost);
	t.is(removed[0]!.volume, 'data');
	t.true(removed[0]!.bytes > 0);
	const after = await driver.contents(address);
	t.deepEqual({...after, snapshots: after.snapshots.toSorted()}, {...before, snapshots: [...before.snapshots, elsewhere].toSorted()});
	t.deepEqual(await history.openJournal(), []);
	t.true((await history.elsewhereIds()).includes(known));
});

test.serial('killed before any step, the next command removes the rest', async t => {
	const {here} = await makeTwoSides(t);
	const workspace = await openWorkspace({directory: here.folder});
	const {pool: {driver}, history} = workspace;
	const before = await driver.contents(address);
	const snapshots = [randomUUID(), randomUUID()];
	for (const snapshot of snapshots) {
		await driver.snapshot([{address, branch: 'main', snapshot}]);
	}

	// As a process leaves it that was killed within the first step, after the snapshot was put into the trash.
	await history.writeJournal({
		id: randomUUID(), verb: 'remove-unnamed', time: new Date().toISOString(), payload: {
			phase: 'apply', steps: snapshots.map(snapshot => ({do: 'discard-snapshot', volume: 'data', snapshot})),
		},
	});
	await driver.remove(address, snapshots[0]!);
	await here.json('prune', '--keep-last', '9');
	t.deepEqual(await driver.contents(address), before);
	t.deepEqual(await readdir(path.join(history.folder, 'journal')), []);
});
