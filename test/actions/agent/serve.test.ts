/**
What `coppice serve` answers, and to whom: over a real process with real stacks, for a caller that nothing limits.
*/
import {Buffer} from 'node:buffer';
import {
	mkdir,
	readdir,
	readFile,
	writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {parse} from 'yaml';
import {agentProtocol} from '../../../source/host/agent-protocol.ts';
import {CoppiceError, type ErrorCode} from '../../../source/system/errors.ts';
import {
	decodeCommit,
	encodeCommit,
	commitId,
	type Commit,
} from '../../../source/history/commit.ts';
import {makeAgentHost, type AgentHost} from './agent-stack.ts';
import {
	frame,
	sayRaw,
	startServe,
	type Client,
} from './agent-process.ts';

let host: AgentHost;
let client: Client;

test.before(async () => {
	host = await makeAgentHost();
	client = await startServe([], host.env);
});

/** Tests made in a loop ask the client and the host of when they run. */
const there = {
	say: async (method: string, params: unknown) => client.say(method, params),
	hear: async (input: string) => sayRaw(['serve'], host.env, input),
};

test.after.always(async () => {
	await client?.close();
	await host?.dispose();
});

const fails = async (t: ExecutionContext, call: Promise<unknown>, code: ErrorCode, message: RegExp): Promise<void> => {
	const error = await t.throwsAsync(call, {instanceOf: CoppiceError});
	t.is(error?.code, code, error?.message);
	t.regex(error?.message ?? '', message);
};

const recordOf = async ({shop}: AgentHost, name: string): Promise<string> => {
	const folder = path.join(shop.home, 'state/projects');
	for (const file of await readdir(folder)) {
		const record = path.join(folder, file);
		if ((JSON.parse(await readFile(record, 'utf8')) as {readonly stack: string}).stack === name) {
			return record;
		}
	}

	throw new Error(`No record of ${name}`);
};

test('it says who is there', async t => {
	const hello = await client.call('hello', {protocol: agentProtocol, version: '0.1.0'});
	t.is(hello.protocol, agentProtocol);
	t.is(hello.role, null);
	t.false(hello.production);
	t.is(hello.driver, 'directory');
	await fails(t, client.call('hello', {protocol: 99, version: '9.0.0'}), 'precondition', new RegExp(`version ${agentProtocol} of the protocol`, 'v'));
});

test('it lists the stacks of projects with their branches, tags and volumes', async t => {
	const {stacks} = await client.call('stacks', {});
	t.deepEqual(stacks.map(({name}) => name), ['shop', 'wiki']);
	const shop = await client.call('stack', {stack: 'shop'});
	t.deepEqual(stacks[0], shop);
	t.true(shop.hasProject);
	t.is(shop.currentBranch, 'main');
	t.deepEqual(Object.keys(shop.branches).toSorted(), ['dev', 'main']);
	t.is(shop.tags.v1, shop.branches.main!);
	t.deepEqual(shop.volumes, ['data']);
	await fails(t, client.call('stack', {stack: 'nothing'}), 'not-found', /no stack nothing/v);
});

test('it gives the commits that are not known, parents first, each as the text that gives its id', async t => {
	const {branches: {main}} = await client.call('stack', {stack: 'shop'});
	const tips = [main!];
	const {commits, complete} = await client.call('commits', {stack: 'shop', tips, known: []});
	t.true(complete);
	t.is(commits.length, 2);
	t.is(commits[1]?.id, main!);
	t.true(commits.every(({hasData}) => hasData));
	for (const {id, text} of commits) {
		t.is(decodeCommit(text, id, 'file').stack, 'shop');
	}

	const rest = await client.call('commits', {stack: 'shop', tips, known: [commits[0]!.id, 'f'.repeat(64)]});
	t.deepEqual(rest.commits.map(({id}) => id), [main!]);
	await fails(t, client.call('commits', {stack: 'shop', tips: ['f'.repeat(64)], known: []}), 'not-found', /no commit ffffffff/v);
	await fails(t, client.call('commits', {stack: 'wiki', tips, known: []}), 'not-found', /no commit/v);
});

test('a long history comes in pages, each given as known for the next', async t => {
	const {branches: {main}} = await client.call('stack', {stack: 'wiki'});
	const folder = path.join(host.history('wiki').folder, 'elsewhere');
	await mkdir(folder, {recursive: true});
	let tip = main!;
	for (let number = 0; number < 1100; number++) {
		// Clocks that go backwards are no reason to lose the order.
		const commit: Commit = {
			version: 1, stack: 'wiki', parents: [tip], time: new Date(2_000_000_000_000 - (number * 1000)).toISOString(), message: `${number}`, kind: 'commit', branch: 'long',
			consistency: 'stopped', stillMilliseconds: 0, volumes: {}, definition: {services: {}, volumes: []},
		};
		tip = commitId(commit);
		await writeFile(path.join(folder, `${tip}.json`), encodeCommit(commit));
	}

	const known: string[] = [];
	let pages = 0;
	for (let isComplete = false; !isComplete; pages++) {
		const {commits, complete} = await client.call('commits', {stack: 'wiki', tips: [tip], known: known.slice(-1)});
		for (const {id, text} of commits) {
			t.true(decodeCommit(text, id, 'file').parents.every(parent => known.includes(parent)) || known.length === 0);
			known.push(id);
		}

		isComplete = complete;
	}

	t.is(pages, 3);
	t.is(known.length, 1101);
	t.is(known.at(-1), tip);
});

test('it lists whole snapshots and estimates what a send would be', async t => {
	const {branches: {main}} = await client.call('stack', {stack: 'shop'});
	const {volumes: {data}} = await client.call('snapshots', {stack: 'shop'});
	t.is(data?.length, 2);
	const {volumes: {data: snapshot}} = await host.history('shop').readCommit(main!);
	t.true(data?.includes(snapshot!));
	const bases = data!.filter(id => id !== snapshot);
	const {full, increments} = await client.call('estimate', {
		stack: 'shop', volume: 'data', snapshot: snapshot!, bases: [...bases, '00000000-0000-4000-8000-000000000000'],
	});
	t.is(full, undefined, 'nobody walks over everything where an increment is small');
	t.deepEqual(Object.keys(increments), bases);
	t.true((await client.call('estimate', {
		stack: 'shop', volume: 'data', snapshot: snapshot!, bases: [],
	})).full! > 0);
	await fails(t, client.call('estimate', {
		stack: 'shop', volume: 'data', snapshot: '00000000-0000-4000-8000-000000000000', bases: [],
	}), 'not-found', /no snapshot/v);
	await fails(t, client.call('estimate', {
		stack: 'wiki', volume: 'data', snapshot: snapshot!, bases: [],
	}), 'not-found', /no snapshot/v);
});

test('it keeps commits that the other side shares', async t => {
	const {branches: {main}} = await client.call('stack', {stack: 'shop'});
	await client.call('pin', {stack: 'shop', peer: 'pool-of-the-laptop', commits: [main!, 'f'.repeat(64)]});
	const pins = await host.history('shop').pins();
	t.deepEqual(pins.map(({peer, commits}) => ({peer, commits})), [{peer: 'pool-of-the-laptop', commits: [main!]}]);
});

test('it gives a compose file for elsewhere, with the values that are in none', async t => {
	const {branches: {main}} = await client.call('stack', {stack: 'shop'});
	const {compose, variables, runtime, images} = await client.call('definition', {stack: 'shop', commit: main!});
	t.is(runtime, 'process');
	t.deepEqual(images.map(({service}) => service), ['app']);
	t.deepEqual(variables, {API_TOKEN: 'sesame-of-the-test', GREETING: 'hello'});
	t.false(compose!.includes('sesame'));
	/* eslint-disable no-template-curly-in-string -- Variables of a compose file. */
	const {services} = parse(compose!) as {services: Record<string, {environment: unknown; volumes: unknown}>};
	t.deepEqual(services.app?.environment, {API_TOKEN: '${API_TOKEN}', GREETING: '${GREETING}'});
	/* eslint-enable no-template-curly-in-string */
	t.deepEqual(services.app?.volumes, ['data:/data']);
	await fails(t, client.call('definition', {stack: 'wiki', commit: main!}), 'not-found', /no commit/v);
});

for (const [method, params] of [
	['stack', {stack: '../shop'}],
	['stack', {stack: '/etc'}],
	['stack', {stack: ''}],
	['stack', {stack: 'shop\0'}],
	['stack', {stack: ['shop']}],
	['stack', {}],
	['commits', {stack: 'shop', tips: ['../../pool.json'], known: []}],
	['commits', {stack: 'shop', tips: 'all', known: []}],
	['estimate', {
		stack: 'shop', volume: '../data', snapshot: '00000000-0000-4000-8000-000000000000', bases: [],
	}],
	['estimate', {
		stack: 'shop', volume: 'data', snapshot: '../..', bases: [],
	}],
	['pin', {stack: 'shop', peer: '', commits: []}],
	['definition', {stack: 'shop', commit: 'HEAD'}],
	['offerPush', {
		stack: 'shop', branch: '../main', tip: 'f'.repeat(64), commits: [], switch: false,
	}],
	['finishPush', {
		stack: 'shop', branch: 'main', from: 'x', tip: 'f'.repeat(64), commits: [], switch: false,
	}],
	['hello', null],
	['hello', [1, 2]],
] as const) {
	test(`${method} does not take ${JSON.stringify(params)}`, async t => {
		await fails(t, there.say(method, params), 'usage', /are not right/v);
	});
}

for (const method of ['status', 'exec', '__proto__', 'constructor', 'toString', '']) {
	test(`there is no method ${JSON.stringify(method)}`, async t => {
		await t.throwsAsync(there.say(method, {}), {message: /no such method/v});
	});
}

for (const [title, input, isFailure] of [
	['text', 'hello there\n', true],
	['a body that is not JSON', frame('{"jsonrpc": '), true],
	['a message that is too large', `Content-Length: ${2 ** 31}\r\n\r\n`, true],
	['a negative length', 'Content-Length: -1\r\n\r\n{}', true],
	['two lengths', 'Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}', true],
	['a head without an end', `Content-Length: ${'1'.repeat(10_000)}`, true],
	['half a message', frame({
		jsonrpc: '2.0', id: 1, method: 'stacks', params: {},
	}).slice(0, -5), false],
	['an empty list', frame('[]'), false],
	['a notification', frame({jsonrpc: '2.0', method: 'finishPush', params: {}}), false],
	['an answer that nobody asked for', frame({jsonrpc: '2.0', id: 7, result: {}}), false],
] as const) {
	test(`it ends at ${title}, without a word on its output`, async t => {
		const {stdout, stderr, exitCode} = await there.hear(input);
		t.is(stdout, '');
		t.is(exitCode, isFailure ? 4 : 0);
		t.is(stderr.includes('no message of Coppice'), isFailure);
	});
}

test('its output has nothing but the protocol, and it answers what was asked before the input ended', async t => {
	const {stdout, exitCode} = await sayRaw(['serve'], host.env, frame({
		jsonrpc: '2.0', id: 1, method: 'stack', params: {stack: 'nothing'},
	}));
	t.is(exitCode, 0);
	const [head = '', body = ''] = stdout.split('\r\n\r\n', 2);
	t.is(head, `Content-Length: ${Buffer.byteLength(body)}`);
	t.is((JSON.parse(body) as {error: {data: {code: string}}}).error.data.code, 'not-found');
});

test('with one pool named, there is nothing else', async t => {
	const other = await startServe(['--pool', host.shop.pool], host.env);
	const {stacks} = await other.call('stacks', {});
	t.deepEqual(stacks.map(({name, hasProject}) => [name, hasProject]), [['shop', true], ['wiki', true]]);
	t.is(await other.close(), 0);
	const none = await startServe(['--pool', path.join(host.shop.root, 'nothing')], host.env);
	await fails(t, none.call('stacks', {}), 'precondition', /no pool/v);
	t.is(await none.close(), 0);
});

test('a pool that is out of reach is no host that has nothing', async t => {
	const home = path.join(host.shop.root, 'other-home');
	const project = path.join(host.shop.root, 'other-project');
	await mkdir(project);
	await mkdir(path.join(home, 'state/projects'), {recursive: true});
	await writeFile(path.join(home, 'state/projects/one.json'), JSON.stringify({
		folder: project, stack: 'far', pool: path.join(host.shop.root, 'unmounted'), runtime: 'process',
	}));
	const away = await startServe([], {...host.env, COPPICE_HOME: home});
	await fails(t, away.call('stacks', {}), 'precondition', /no pool/v);
	await fails(t, away.call('stack', {stack: 'far'}), 'precondition', /no pool/v);

	// It keeps nobody from the stacks in others.
	const {folder, stack, pool} = JSON.parse(await readFile(await recordOf(host, 'shop'), 'utf8')) as {readonly folder: string; readonly stack: string; readonly pool: string};
	await writeFile(path.join(home, 'state/projects/two.json'), JSON.stringify({
		folder, stack, pool, runtime: 'process',
	}));
	t.like(await away.call('stack', {stack: 'shop'}), {name: 'shop', hasProject: true});
	t.like(await away.call('stack', {stack: 'wiki'}), {name: 'wiki', hasProject: false});
	await fails(t, away.call('stack', {stack: 'nowhere'}), 'precondition', /no pool/v);

	// Who may not see it is not told of it.
	await mkdir(path.join(home, 'config'));
	await writeFile(path.join(home, 'config/policy.yaml'), 'roles: {guest: [{stacks: [shop], allow: [read]}]}');
	const guest = await startServe(['--policy', 'guest'], {...host.env, COPPICE_HOME: home});
	const list = await guest.call('stacks', {});
	t.deepEqual(list.stacks.map(({name}) => name), ['shop']);
	// But that there may be more is said.
	t.is(list.incomplete, 'A pool of this host is out of reach, so these may not be all of its stacks.');
	t.is(await guest.close(), 0);
	t.is(await away.close(), 0);
});
