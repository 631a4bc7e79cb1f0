/**
What a key that is limited to a role gets, whatever it says: through the methods, through `send` and `receive`, and through the forced command.
*/
import {randomBytes} from 'node:crypto';
import pLimit from 'p-limit';
import test, {type ExecutionContext} from 'ava';
import {CoppiceError, type ErrorCode} from '../../../source/system/errors.ts';
import {agentProtocol, type AgentMethod, type ParamsOf} from '../../../source/host/agent-protocol.ts';
import {isBaseDifferent} from '../../../source/transfer/failure.ts';
import {
	makeAgentHost,
	makeOtherSide,
	type AgentHost,
	type MadeCommit,
	type OtherSide,
} from './agent-stack.ts';
import {
	frame,
	sayRaw,
	startServe,
	type Client,
} from './agent-process.ts';
import {hostileCommands} from './hostile-commands.ts';

const policy = `
protected: [release/*]
roles:
  laptop:
    - stacks: [shop]
      branches: [main]
      allow: [read, pull]
  trusted:
    - stacks: [shop]
      allow: [pull]
      secrets: true
  developer:
    - stacks: [shop]
      branches: [dev*, release/*]
      allow: [pull, push]
  dropper:
    - stacks: [shop]
      branches: [drop]
      allow: [push]
  nobody: []
`;

let host: AgentHost;
let other: OtherSide;

/** Commits of `shop` and `wiki` that the tests speak of. */
let commits: {readonly main: string; readonly dev: string; readonly hidden: string; readonly wiki: string};
let snapshots: typeof commits;
const clients: Client[] = [];

const as = async (role: string | undefined, env: Record<string, string> = {}): Promise<Client> => {
	const client = await startServe(role === undefined ? [] : ['--policy', role], {...host.env, ...env});
	clients.push(client);
	return client;
};

test.before(async () => {
	host = await makeAgentHost();
	other = await makeOtherSide();
	const {shop} = host;
	await shop.json('switch', 'dev');
	await host.setLive('on dev');
	await shop.json('commit', '-m', 'on dev');
	await shop.run(['switch', '-c', 'hidden']);
	await host.setLive('hidden');
	await shop.json('commit', '-m', 'hidden');
	await shop.run(['tag', 'secret-tag']);
	await shop.json('switch', 'main');
	const branches = await host.history('shop').branches();
	const wiki = await host.history('wiki').branches();
	commits = {
		main: branches.get('main')!, dev: branches.get('dev')!, hidden: branches.get('hidden')!, wiki: wiki.get('main')!,
	};
	const dataOf = async (stack: string, id: string): Promise<string> => {
		const {volumes: {data}} = await host.history(stack).readCommit(id);
		return data!;
	};

	snapshots = {
		main: await dataOf('shop', commits.main), dev: await dataOf('shop', commits.dev), hidden: await dataOf('shop', commits.hidden), wiki: await dataOf('wiki', commits.wiki),
	};
	await host.writePolicy(policy);
});

test.after.always(async () => {
	await Promise.all(clients.map(async client => client.close()));
	await other?.dispose();
	await host?.dispose();
});

const failure = async (t: ExecutionContext, call: Promise<unknown>): Promise<CoppiceError> => t.throwsAsync(call, {instanceOf: CoppiceError});

const fails = async (t: ExecutionContext, call: Promise<unknown>, code: ErrorCode, message: RegExp): Promise<void> => {
	const error = await failure(t, call);
	t.is(error.code, code, error.message);
	t.regex(error.message, message);
};

test.serial('it sees the stacks, branches and commits that its rules name, and no others', async t => {
	const laptop = await as('laptop');
	t.is((await laptop.call('hello', {protocol: agentProtocol, version: '1'})).role, 'laptop');
	const {stacks} = await laptop.call('stacks', {});
	t.deepEqual(stacks.map(({name}) => name), ['shop']);
	t.deepEqual(stacks[0]?.branches, {main: commits.main});
	t.deepEqual(stacks[0]?.tags, {v1: commits.main});
	const {commits: listed} = await laptop.call('commits', {stack: 'shop', tips: [commits.main], known: []});
	t.is(listed.length, 2);
	const {volumes: {data}} = await laptop.call('snapshots', {stack: 'shop'});
	t.is(data?.length, 2);
	t.true(data?.includes(snapshots.main));
	const nobody = await as('nobody');
	t.deepEqual(await nobody.call('stacks', {}), {stacks: []});
});

test.serial('what it may not see is answered as what is not there', async t => {
	const laptop = await as('laptop');
	const none = 'f'.repeat(64);
	const noSnapshot = '00000000-0000-4000-8000-000000000000';
	const methods: {readonly [Method in AgentMethod]?: (stack: string) => ParamsOf<Method>} = {
		stack: stack => ({stack}),
		snapshots: stack => ({stack}),
		commits: stack => ({stack, tips: [commits.wiki], known: []}),
		pin: stack => ({stack, peer: 'p', commits: []}),
		definition: stack => ({stack, commit: commits.wiki}),
		estimate: stack => ({
			stack, volume: 'data', snapshot: snapshots.wiki, bases: [],
		}),
		offerPush: stack => ({
			stack, branch: 'main', tip: none, commits: [], switch: false,
		}),
		finishPush: stack => ({
			stack, branch: 'main', from: null, tip: none, commits: [], switch: false,
		}),
	};
	for (const [method, make] of Object.entries(methods)) {
		const hidden = await failure(t, laptop.say(method, make('wiki')));
		const absent = await failure(t, laptop.say(method, make('nope')));
		t.is(hidden.code, 'not-found');
		t.deepEqual([hidden.code, hidden.message.replaceAll('wiki', () => 'nope'), hidden.hint], [absent.code, absent.message, absent.hint], method);
	}

	const same = async (call: (id: string) => Promise<unknown>, hidden: string, absent: string): Promise<void> => {
		const [one, two] = [await failure(t, call(hidden)), await failure(t, call(absent))];
		t.is(one.message.replaceAll(hidden.slice(0, 8), () => absent.slice(0, 8)), two.message);
		t.is(one.code, 'not-found');
	};

	await same(async id => laptop.call('commits', {stack: 'shop', tips: [id], known: []}), commits.dev, none);
	await same(async id => laptop.call('definition', {stack: 'shop', commit: id}), commits.hidden, none);
	const estimate = async (snapshot: string) => failure(t, laptop.call('estimate', {
		stack: 'shop', volume: 'data', snapshot, bases: [],
	}));
	t.is((await estimate(snapshots.hidden)).message.replace(snapshots.hidden, () => noSnapshot), (await estimate(noSnapshot)).message);
	t.deepEqual((await laptop.call('estimate', {
		stack: 'shop', volume: 'data', snapshot: snapshots.main, bases: [snapshots.dev],
	})).increments, {});
	await laptop.call('pin', {stack: 'shop', peer: 'p', commits: [commits.main, commits.hidden]});
	const pins = await host.history('shop').pins();
	t.deepEqual(pins.map(({peer, commits: pinned}) => [peer, pinned]), [['laptop: p', [commits.main]]]);
});

test.serial('it pulls snapshots of its branches, and none else in the pool', async t => {
	const words = ['send', '--policy', 'laptop'];
	const request = {stack: 'shop', volume: 'data', branch: 'main'};
	await other.pull(host.env, words, {...request, snapshot: snapshots.main});
	t.is(await other.read(snapshots.main), 'shop 2');
	await fails(t, other.pull(host.env, words, {...request, snapshot: snapshots.dev}), 'not-found', /no snapshot/v);
	await fails(t, other.pull(host.env, words, {...request, snapshot: snapshots.hidden, base: snapshots.main}), 'not-found', /no snapshot/v);
	await fails(t, other.pull(host.env, words, {...request, snapshot: snapshots.dev, branch: 'dev'}), 'permission', /role laptop pull branch dev/v);
	await fails(t, other.pull(host.env, words, {...request, stack: 'wiki', snapshot: snapshots.wiki}), 'not-found', /no stack wiki/v);
	await fails(t, other.pull(host.env, words, {...request, volume: '../data', snapshot: snapshots.main}), 'failed', /./v);
});

test.serial('it has commits kept for so many pools, and no more', async t => {
	const laptop = await as('laptop');
	const letGo = async () => {
		const history = host.history('shop');
		for (const {peer} of await history.pins()) {
			await history.setPins(peer, []);
		}
	};

	await letGo();
	const pin = async (number: number) => laptop.call('pin', {stack: 'shop', peer: `pool ${number}`, commits: [commits.main]});
	for (let number = 0; number < 64; number++) {
		await pin(number);
	}

	await fails(t, pin(64), 'conflict', /kept for 64 pools/v);
	await pin(0);
	await letGo();
});

test.serial('it can\'t push', async t => {
	const laptop = await as('laptop');
	const next = await other.commit('pushed', [commits.main]);
	for (const branch of ['main', 'dev', 'new']) {
		await fails(t, laptop.call('offerPush', {
			stack: 'shop', branch, tip: next.id, commits: [{id: next.id, text: next.text}], switch: true,
		}), 'permission', new RegExp(`role laptop push to branch ${branch}`, 'v'));
		await fails(t, laptop.call('finishPush', {
			stack: 'shop', branch, from: commits.main, tip: next.id, commits: [{id: next.id, text: next.text}], switch: true,
		}), 'permission', /role laptop push/v);
		await fails(t, other.push(host.env, ['receive', '--policy', 'laptop'], {
			stack: 'shop', volume: 'data', snapshot: next.snapshot, branch,
		}), 'permission', /role laptop push/v);
	}

	t.deepEqual(await host.history('shop').elsewhereIds(), []);
});

test.serial('values of the environment go along only where its rules say so', async t => {
	const [laptop, trusted, free] = [await as('laptop'), await as('trusted'), await as(undefined)];
	const {variables, compose} = await laptop.call('definition', {stack: 'shop', commit: commits.main});
	t.deepEqual(variables, {API_TOKEN: null, GREETING: null});
	t.false(compose!.includes('sesame'));
	for (const client of [trusted, free]) {
		t.deepEqual((await client.call('definition', {stack: 'shop', commit: commits.main})).variables, {API_TOKEN: 'sesame-of-the-test', GREETING: 'hello'});
	}
});

test.serial('who may push to some branches pushes to these alone, and gets at nothing else by it', async t => {
	const developer = await as('developer');
	const offer = async (commit: {readonly id: string; readonly text: string}, branch = 'dev', isSwitch = false) => developer.call('offerPush', {
		stack: 'shop', branch, tip: commit.id, commits: [{id: commit.id, text: commit.text}], switch: isSwitch,
	});
	const next = await other.commit('from dev', [commits.dev]);
	await fails(t, offer(next, 'main'), 'permission', /push to branch main/v);
	await fails(t, offer(next, 'release/1'), 'permission', /push to branch release\/1/v);
	await fails(t, offer(next, 'dev', true), 'permission', /push to branch main/v);

	// A commit that names a hidden one as its parent would make that one its branch's.
	const merged = await other.commit('merge', [commits.dev, commits.hidden]);
	await fails(t, offer(merged), 'failed', /neither on this host nor was it offered/v);
	// So would one that has its snapshot.
	const stolen = await other.commit('stolen', [commits.dev], {volumes: {data: snapshots.hidden}});
	await fails(t, offer(stolen), 'permission', /keeps from this key/v);
	// What is said at the end is judged as what was offered was.
	for (const [commit, code] of [[merged, 'failed'], [stolen, 'permission']] as const) {
		await fails(t, developer.call('finishPush', {
			stack: 'shop', branch: 'dev', from: commits.dev, tip: commit.id, commits: [{id: commit.id, text: commit.text}], switch: false,
		}), code, /neither on this host nor was it offered|keeps from this key/v);
	}

	// Or an increment from it that changes nothing.
	await fails(t, other.push(host.env, ['receive', '--policy', 'developer'], {
		stack: 'shop', volume: 'data', snapshot: next.snapshot, base: snapshots.hidden, branch: 'dev',
	}), 'not-found', /no snapshot/v);

	t.deepEqual(await offer(next), {wanting: {data: [next.snapshot]}});
	await other.push(host.env, ['receive', '--policy', 'developer'], {
		stack: 'shop', volume: 'data', snapshot: next.snapshot, branch: 'dev',
	});
	await developer.call('finishPush', {
		stack: 'shop', branch: 'dev', from: commits.dev, tip: next.id, commits: [{id: next.id, text: next.text}], switch: false,
	});
	const branches = await host.history('shop').branches();
	t.is(branches.get('dev'), next.id);
	t.is(branches.get('hidden'), commits.hidden);
});

test.serial('who may push and not pull is told nothing of the data that it builds on', async t => {
	const dropper = await as('dropper');
	const rows = randomBytes(10_000).toString('hex');
	const bring = async (commit: MadeCommit, from: string | null, increment: {base?: string; plain?: true}) => {
		const offer = {
			stack: 'shop', branch: 'drop', tip: commit.id, commits: [{id: commit.id, text: commit.text}], switch: false,
		};
		await dropper.call('offerPush', offer);
		await other.push(host.env, ['receive', '--policy', 'dropper'], {
			stack: 'shop', volume: 'data', branch: 'drop', snapshot: commit.snapshot, ...increment,
		});
		await dropper.call('finishPush', {...offer, from});
	};

	const first = await other.commit(rows, []);
	await bring(first, null, {});
	const second = await other.commit(`changed${rows.slice(7)}`, [first.id]);
	const base = first.snapshot;
	const error = await t.throwsAsync(bring(second, first.id, {base}), {name: 'CoppiceError', message: /of which nothing may be asked/v});
	t.true(isBaseDifferent(error));
	await bring(second, first.id, {base, plain: true});
	const branches = await host.history('shop').branches();
	t.is(branches.get('drop'), second.id);
});

const forced = (command: string): Record<string, string> => ({SSH_ORIGINAL_COMMAND: command, SSH_CONNECTION: '192.0.2.1 40000 192.0.2.2 22'});

test.serial('it brings no data for commits that are not its own to push', async t => {
	const bring = async (snapshot: string) => other.push(host.env, ['receive', '--policy', 'developer'], {
		stack: 'shop', volume: 'data', snapshot, branch: 'dev',
	});
	const history = host.history('shop');

	// Known here, its data being elsewhere: whoever sends something under the id of its snapshot says what they are.
	const foreign = await other.commit('not what it was', []);
	await history.writeElsewhere(foreign.text);
	await fails(t, bring(foreign.snapshot), 'permission', /not of a branch that this key may push to alone/v);

	// So for what lies behind another branch too, though it lies behind its own as well.
	const behind = await other.commit('behind both', []);
	const tip = await other.commit('tip', [behind.id]);
	await history.writeElsewhere(behind.text);
	await history.writeElsewhere(tip.text);
	await history.setBranch('developed', tip.id, 'test');
	await history.setBranch('main-too', tip.id, 'test');
	await fails(t, bring(behind.snapshot), 'permission', /not of a branch that this key may push to alone/v);
	await history.removeBranch('main-too', 'test');
	await bring(behind.snapshot);
	await history.removeBranch('developed', 'test');
});

test.serial('as a forced command it serves who asks for Coppice, under the policy', async t => {
	const laptop = await as('laptop', forced('/opt/coppice/bin/coppice serve'));
	t.deepEqual((await laptop.call('stacks', {})).stacks.map(({name}) => name), ['shop']);
	const words = ['serve', '--policy', 'laptop'];
	await fails(t, other.pull({...host.env, ...forced('coppice send')}, words, {
		stack: 'shop', volume: 'data', branch: 'main', snapshot: snapshots.hidden,
	}), 'not-found', /no snapshot/v);
	await fails(t, other.push({...host.env, ...forced('coppice receive')}, words, {
		stack: 'shop', volume: 'data', branch: 'main', snapshot: snapshots.main,
	}), 'permission', /role laptop push/v);
});

test.serial('as a forced command it does nothing else, whatever it is told', async t => {
	const limit = pLimit(3);
	const ask = frame({
		jsonrpc: '2.0', id: 1, method: 'stacks', params: {},
	});
	// All of them are read by a test of its own; these go through the whole program.
	const some = hostileCommands.filter((command, index): command is Exclude<typeof command, undefined> =>
		command !== undefined && !command.includes('\0') && (index % 5 === 0 || command.includes('--')));
	t.true(some.length > 10);
	await Promise.all(some.map(async command => limit(async () => {
		const {stdout, stderr, exitCode} = await sayRaw(['serve', '--policy', 'laptop'], {...host.env, ...forced(command)}, ask);
		t.is(stdout, '', command);
		t.is(exitCode, 4, command);
		t.regex(stderr, /^error: This key may be used by Coppice only/v, command);
	})));
	const login = await sayRaw(['serve', '--policy', 'laptop'], {...host.env, SSH_CONNECTION: 'x'}, ask);
	t.is(login.exitCode, 4);
	t.is(login.stdout, '');
});

test.serial('a role that is not known, and a policy that can\'t be read, refuse everything', async t => {
	const refused = async (role: string | undefined, code: ErrorCode, message: RegExp): Promise<void> => {
		const client = await startServe(role === undefined ? [] : ['--policy', role], host.env);
		await fails(t, client.call('hello', {protocol: agentProtocol, version: '1'}), code, message);
		await fails(t, client.call('stacks', {}), code, message);
		t.not(await client.close(), 0);
		t.regex(client.stderr(), message);
		await fails(t, other.pull(host.env, ['send', ...role === undefined ? [] : ['--policy', role]], {
			stack: 'shop', volume: 'data', branch: 'main', snapshot: snapshots.main,
		}), code, message);
	};

	t.teardown(async () => host.writePolicy(policy));
	await refused('unknown', 'permission', /no role "unknown", so everything is refused/v);
	await refused('', 'permission', /no role "", so everything is refused/v);
	await host.writePolicy('roles: [');
	await refused('laptop', 'precondition', /can't be used, so everything is refused/v);
	await refused(undefined, 'precondition', /can't be used, so everything is refused/v);
});

test.serial('production is read-only for everyone until its policy says otherwise', async t => {
	t.teardown(async () => host.writePolicy(policy));
	await host.writePolicy('production: true');
	const client = await as(undefined);
	t.true((await client.call('hello', {protocol: agentProtocol, version: '1'})).production);
	t.is((await client.call('stacks', {})).stacks.length, 2);
	const next = await other.commit('to production', [commits.hidden]);
	const offer = {
		stack: 'shop', branch: 'hidden', tip: next.id, commits: [{id: next.id, text: next.text}], switch: false,
	};
	await fails(t, client.call('offerPush', offer), 'permission', /does not let anybody push/v);
	await host.writePolicy('production: true\nrules: [{stacks: [shop], branches: [hidden], allow: [push, pull]}]');
	const allowed = await as(undefined);
	t.deepEqual(await allowed.call('offerPush', offer), {wanting: {data: [next.snapshot]}});
});
