/**
A push as the other side's engine takes it: offered, received, finished; and what a running stack keeps whatever is pushed.
*/
import {readdirSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {CoppiceError, type ErrorCode} from '../../../source/system/errors.ts';
import {incomingFolder} from '../../../source/storage/layout.ts';
import {loopBtrfs, loopBtrfsMissing} from '../../fixtures/loop-btrfs.ts';
import {some} from '../../fixtures/soak.ts';
import {
	makeAgentHost,
	makeOtherSide,
	type AgentHost,
	type MadeCommit,
	type OtherSide,
} from './agent-stack.ts';
import {startServe, type Client} from './agent-process.ts';

const missing = await loopBtrfsMissing();
let host: AgentHost;
let other: OtherSide;
let client: Client;
let undo: (() => Promise<void>) | undefined;

test.before(async () => {
	// Two file systems, where this machine lets us have them.
	host = await makeAgentHost(missing === undefined ? 'btrfs' : 'directory');
	other = await makeOtherSide();
	client = await startServe([], host.env);
});

test.after.always(async () => {
	await client?.close();
	await undo?.();
	await other?.dispose();
	await host?.dispose();
});

const fails = async (t: ExecutionContext, call: Promise<unknown>, code: ErrorCode, message: RegExp): Promise<void> => {
	const error = await t.throwsAsync(call, {instanceOf: CoppiceError});
	t.is(error?.code, code, error?.message);
	t.regex(error?.message ?? '', message);
};

const tipOf = async (stack: string, branch: string): Promise<string | null | undefined> => {
	const branches = await host.history(stack).branches();
	return branches.get(branch);
};

type PushWishes = {readonly from?: string | null | undefined; readonly isSwitch?: boolean; readonly base?: string};

/** All of a push, as a verb of the other side does it. */
const push = async (stack: string, branch: string, commits: readonly MadeCommit[], {from = null, isSwitch = false, base}: PushWishes = {}) => {
	const tip = commits.at(-1)!;
	const offer = {
		stack, branch, tip: tip.id, commits: commits.map(({id, text}) => ({id, text})), switch: isSwitch,
	};
	const {wanting} = await client.call('offerPush', offer);
	for (const [volume, snapshots] of Object.entries(wanting)) {
		for (const snapshot of snapshots) {
			await other.push(host.env, ['receive'], {
				stack, volume, snapshot, branch, ...(base !== undefined && {base}),
			});
		}
	}

	return client.call('finishPush', {...offer, from});
};

test.serial('a stack that is not there is made, of data alone', async t => {
	const one = await other.commit('new 1', [], {stack: 'fresh'});
	const two = await other.commit('new 2', [one.id], {stack: 'fresh'});
	const offer = {
		stack: 'fresh', branch: 'main', tip: two.id, commits: [two, one].map(({id, text}) => ({id, text})), switch: false,
	};
	const {wanting} = await client.call('offerPush', offer);
	t.deepEqual(wanting, {data: [two.snapshot]}, 'only the data of the tip are asked for');
	await fails(t, client.call('finishPush', {...offer, from: null}), 'precondition', /have not all come: data/v);
	await push('fresh', 'main', [one, two]);

	const summary = await client.call('stack', {stack: 'fresh'});
	t.false(summary.hasProject);
	t.deepEqual(summary.branches, {main: two.id});
	const {commits} = await client.call('commits', {stack: 'fresh', tips: [two.id], known: []});
	t.deepEqual(commits.map(({id, hasData}) => [id, hasData]), [[one.id, false], [two.id, true]]);
	const {volumes} = await client.call('snapshots', {stack: 'fresh'});
	t.deepEqual(volumes, {data: [two.snapshot]});
});

test.serial('data alone are pushed to again, as an increment, and to a branch more', async t => {
	const from = await tipOf('fresh', 'main');
	const {volumes: {data: base}} = await host.history('fresh').readCommit(from!);
	const three = await other.commit('new 3', [from!], {stack: 'fresh'});
	t.deepEqual(await push('fresh', 'main', [three], {from, base: base!}), {kept: [], restarted: [], notices: []});
	t.is(await tipOf('fresh', 'main'), three.id);
	const side = await other.commit('side', [three.id], {stack: 'fresh'});
	await push('fresh', 'feature/side', [side], {base: three.snapshot});
	t.is(await tipOf('fresh', 'feature/side'), side.id);
	t.is(await tipOf('fresh', 'main'), three.id);

	// What arrived is what was sent.
	const away = await makeOtherSide();
	undo = async () => away.dispose();
	await away.pull(host.env, ['send'], {
		stack: 'fresh', volume: 'data', snapshot: side.snapshot, branch: 'feature/side',
	});
	t.is(await away.read(side.snapshot, 'fresh'), 'side');
});

test.serial('a second push of the same is nothing', async t => {
	const tip = await tipOf('fresh', 'main');
	const {commits} = await client.call('commits', {stack: 'fresh', tips: [tip!], known: []});
	const offer = {
		stack: 'fresh', branch: 'main', tip: tip!, commits: [commits.at(-1)!].map(({id, text}) => ({id, text})), switch: false,
	};
	const {wanting} = await client.call('offerPush', offer);
	t.deepEqual(wanting, {});
	t.deepEqual(await client.call('finishPush', {...offer, from: null}), {kept: [], restarted: [], notices: []});
});

test.serial('what is no fast-forward is refused, at the offer and at the end', async t => {
	const tip = await tipOf('fresh', 'main');
	const unrelated = await other.commit('unrelated', [], {stack: 'fresh'});
	await fails(t, push('fresh', 'main', [unrelated], {from: tip}), 'conflict', /does not descend from/v);

	// Another push comes between the offer and the end.
	const [ours, theirs] = [await other.commit('ours', [tip!], {stack: 'fresh'}), await other.commit('theirs', [tip!], {stack: 'fresh'})];
	const rival = await startServe([], host.env);
	t.teardown(async () => rival.close());
	const offer = {
		stack: 'fresh', branch: 'main', tip: theirs.id, commits: [{id: theirs.id, text: theirs.text}], switch: false,
	};
	await rival.call('offerPush', offer);
	await other.push(host.env, ['receive'], {
		stack: 'fresh', volume: 'data', snapshot: theirs.snapshot, branch: 'main',
	});
	await push('fresh', 'main', [ours], {from: tip});
	await fails(t, rival.call('finishPush', {...offer, from: tip!}), 'conflict', /does not descend from/v);
	t.is(await tipOf('fresh', 'main'), ours.id);
});

test.serial('what is offered has to be whole, of the stack, and what its id says', async t => {
	const tip = await tipOf('fresh', 'main');
	const one = await other.commit('gap 1', [tip!], {stack: 'fresh'});
	const two = await other.commit('gap 2', [one.id], {stack: 'fresh'});
	const offer = async (commits: ReadonlyArray<{id: string; text: string}>, last = two.id) => client.call('offerPush', {
		stack: 'fresh', branch: 'main', tip: last, commits: commits.map(({id, text}) => ({id, text})), switch: false,
	});
	await fails(t, offer([two]), 'failed', /not whole: commit/v);
	await fails(t, offer([one]), 'failed', /not whole: commit/v);
	await fails(t, offer([one, {id: two.id, text: two.text.replace('gap 2', 'gap 3')}]), 'failed', /does not give its id/v);
	await fails(t, offer([one, {id: two.id, text: `${two.text} `}]), 'failed', /does not give its id/v);
	const foreign = await other.commit('foreign', [], {stack: 'wiki'});
	await fails(t, offer([foreign], foreign.id), 'failed', /of stack wiki/v);
	t.is(await tipOf('fresh', 'main'), tip);
});

test.serial('nothing can be finished without its commits; the connection that they were offered on may be another', async t => {
	const tip = await tipOf('fresh', 'main');
	const {volumes: {data}} = await host.history('fresh').readCommit(tip!);
	const next = await other.commit('next', [tip!], {stack: 'fresh'});
	const offer = {
		stack: 'fresh', branch: 'main', tip: next.id, commits: [{id: next.id, text: next.text}], switch: false,
	};
	await client.call('offerPush', offer);
	await other.push(host.env, ['receive'], {
		stack: 'fresh', volume: 'data', snapshot: next.snapshot, base: data!, branch: 'main',
	});
	const again = await startServe([], host.env);
	t.teardown(async () => again.close());
	await fails(t, again.call('finishPush', {...offer, commits: [], from: tip!}), 'failed', /not whole/v);
	t.is(await tipOf('fresh', 'main'), tip);
	await again.call('finishPush', {...offer, from: tip!});
	t.is(await tipOf('fresh', 'main'), next.id);
});

test.serial('a snapshot that is there is not received again, and not from a base that is not', async t => {
	const tip = await tipOf('fresh', 'main');
	const {volumes: {data}} = await host.history('fresh').readCommit(tip!);
	const request = {stack: 'fresh', volume: 'data', branch: 'main'};
	await fails(t, other.push(host.env, ['receive'], {...request, snapshot: data!}), 'conflict', /on this host already/v);
	const {snapshot} = await other.commit('later', [tip!], {stack: 'fresh'});
	await fails(t, other.push(host.env, ['receive'], {...request, snapshot, base: '00000000-0000-4000-8000-000000000000'}), 'not-found', /no snapshot 0000/v);
	await fails(t, other.push(host.env, ['receive'], {...request, stack: 'nowhere', snapshot}), 'not-found', /no stack nowhere/v);
});

test.serial('the current branch of a stack with a project is refused, and nothing of it changes', async t => {
	await host.shop.run(['up']);
	await host.setLive('unsaved');
	const tip = await tipOf('shop', 'main');
	const next = await other.commit('pushed', [tip!]);
	await fails(t, push('shop', 'main', [next], {from: tip}), 'conflict', /is the current branch/v);
	t.is(await host.live(), 'unsaved');
	t.is(await tipOf('shop', 'main'), tip);
	const {services} = await host.shop.json('status');
	t.is(services[0]?.state, 'running');
});

test.serial('a branch that is not current gets its commit and its live data, and what runs goes on', async t => {
	const before = (await host.shop.json('status')).services[0]?.processId;
	const tip = await tipOf('shop', 'dev');
	const next = await other.commit('pushed to dev', [tip!]);
	const {kept, restarted} = await push('shop', 'dev', [next], {from: tip});
	t.is(kept.length, 1, 'the live data of dev are kept');
	t.deepEqual(restarted, []);
	t.is(await host.live(), 'unsaved');
	t.is((await host.shop.json('status')).services[0]?.processId, before);

	const made = await other.commit('pushed anew', [tip!]);
	t.deepEqual((await push('shop', 'feature/new', [made])).kept, []);
	await host.shop.json('commit', '-m', 'saved');
	for (const [branch, content] of [['dev', 'pushed to dev'], ['feature/new', 'pushed anew']] as const) {
		await host.shop.json('switch', branch);
		t.is(await host.live(), content);
		t.false((await host.shop.json('status')).changed);
	}

	await host.shop.json('switch', 'main');
});

test.serial('with --switch the services run on what was pushed, and what was there is kept', async t => {
	await host.setLive('precious');
	const tip = await tipOf('shop', 'main');
	const next = await other.commit('pushed to main', [tip!]);
	const {kept, restarted} = await push('shop', 'main', [next], {from: tip, isSwitch: true});
	t.deepEqual(restarted, ['app']);
	t.is(await host.live(), 'pushed to main');
	const status = await host.shop.json('status');
	t.is(status.services[0]?.state, 'running');
	t.is(status.head, next.id);
	t.false(status.changed);
	t.is((await host.history('shop').readCommit(kept[0]!)).kind, 'safety');

	await host.shop.json('undo');
	t.is(await host.live(), 'precious');
	t.is(await tipOf('shop', 'main'), tip);
	await host.shop.json('redo');
	t.is(await host.live(), 'pushed to main');
});

test.serial('with --switch another branch becomes the current one', async t => {
	const tip = await tipOf('shop', 'dev');
	const next = await other.commit('on dev now', [tip!]);
	const {restarted} = await push('shop', 'dev', [next], {from: tip, isSwitch: true});
	t.deepEqual(restarted, ['app']);
	t.is((await host.shop.json('status')).branch, 'dev');
	t.is(await host.live(), 'on dev now');
});

test.serial('an agent that is killed while it finishes a push leaves what the next one makes whole', async t => {
	const log = path.join(host.shop.root, 'failpoints');
	const finish = async (content: string, env: Record<string, string>): Promise<{readonly commit: MadeCommit; readonly from: string}> => {
		const from = await tipOf('shop', 'dev');
		const commit = await other.commit(content, [from!]);
		const agent = await startServe([], {...host.env, ...env});
		const offer = {
			stack: 'shop', branch: 'dev', tip: commit.id, commits: [{id: commit.id, text: commit.text}], switch: true,
		};
		await agent.call('offerPush', offer);
		await other.push(host.env, ['receive'], {
			stack: 'shop', volume: 'data', snapshot: commit.snapshot, branch: 'dev',
		});
		try {
			await agent.call('finishPush', {...offer, from: from!});
		} catch (error) {
			if (!String(error).includes('it ended with null')) {
				throw error;
			}
		}

		await agent.close();
		return {commit, from: from!};
	};

	await finish('not killed', {COPPICE_FAILPOINT_LOG: log});
	const points = [...new Set((await readFile(log, 'utf8')).trim().split('\n'))].filter(name => name.startsWith('push '));
	t.true(points.length > 8, points.join(', '));
	// The steps are those of every verb; a few of them show that nothing is done around them.
	for (const point of some(points, Math.ceil(points.length / 3))) {
		const content = `killed at ${point}`;
		const {commit, from} = await finish(content, {COPPICE_FAILPOINT: point});
		await push('shop', 'dev', [commit], {from, isSwitch: true});
		t.is(await host.live(), content);
		const {services, head, changed} = await host.shop.json('status');
		t.is(services[0]?.state, 'running', point);
		t.is(head, commit.id, point);
		t.false(changed, point);
	}
});

test.serial('nothing is left behind of what was received', t => {
	for (const stack of ['shop', 'fresh']) {
		t.deepEqual(readdirSync(incomingFolder(host.shop.pool, {stack, volume: 'data'})), []);
	}
});

if (missing === undefined) {
	test.serial('a pool on btrfs gives and takes the same', async t => {
		const disk = await loopBtrfs();
		t.teardown(async () => disk.dispose());
		const native = await makeOtherSide(`${disk.path}/pool`);
		t.is(native.pool.driver.name, 'btrfs');
		const tip = await tipOf('shop', 'dev');
		const {volumes: {data}} = await host.history('shop').readCommit(tip!);
		await native.pull(host.env, ['send'], {
			stack: 'shop', volume: 'data', snapshot: data!, branch: 'dev',
		});
		t.is(await native.read(data!), await host.live());
		await host.setLive('three');
		const {commit} = await host.shop.json('commit', '-m', 'three');
		await native.pull(host.env, ['send'], {
			stack: 'shop', volume: 'data', snapshot: commit.volumes.data!, base: data!, branch: 'dev', limit: 2 ** 20,
		});
		t.is(await native.read(commit.volumes.data!), 'three');
	});
}
