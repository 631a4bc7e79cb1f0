/**
What a host tells by itself, and to whom; and what is new in a history, asked again and again over one connection.
*/
import {mkdir, readFile, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {createAnnouncements} from '../../../source/actions/agent/announcements.ts';
import {decodeCommit} from '../../../source/history/commit.ts';
import type {ChangePart, Changes} from '../../../source/host/view-methods.ts';
import {coppice} from '../../fixtures/built-cli.ts';
import {makeAgentHost, type AgentHost} from './agent-stack.ts';
import {startServe, type Client} from './agent-process.ts';

let host: AgentHost;
const clients: Client[] = [];

test.before(async () => {
	host = await makeAgentHost();
	await host.writePolicy('roles:\n  laptop:\n    - stacks: [shop]\n      branches: [main]\n      allow: [pull]\n  reader:\n    - stacks: [shop]\n      allow: [read]\n');
});

test.after.always(async () => {
	await Promise.all(clients.map(async client => client.close()));
	await host?.dispose();
});

/** A connection that notes what it is told. */
const connect = async (...words: string[]) => {
	const client = await startServe(words, host.env);
	clients.push(client);
	const heard: Array<Changes[number]> = [];
	client.onChanged(changes => {
		heard.push(...changes);
	});
	return {
		client,
		heard,

		/** Waits for news of a stack, from now on. */
		async next(stack: string | null, part: ChangePart): Promise<void> {
			const end = performance.now() + 15_000;
			while (heard.every(change => change.stack !== stack || !change.parts.includes(part))) {
				if (performance.now() > end) {
					throw new Error(`nothing was told of ${stack ?? 'the list'}, ${part}: ${JSON.stringify(heard)}`);
				}

				await delay(20);
			}

			heard.length = 0;
		},
	};
};

test.serial('a stack in focus tells of its commits, services and definition; only new commits are sent, safety commits too', async t => {
	const {shop} = host;
	const {client, next} = await connect();
	await client.call('watch', {focus: ['shop']});
	const first = await client.call('history', {stack: 'shop', known: []});
	t.true(first.complete);
	t.deepEqual(first.commits.map(({id, text}) => decodeCommit(text, id, '').message), ['shop 1', 'shop 2']);
	t.is(first.count, 2);
	t.regex(first.undo ?? '', /branch dev/v);

	await host.setLive('shop 3');
	await shop.json('reset');
	await next('shop', 'history');
	const tip = first.branches.main!;
	const second = await client.call('history', {stack: 'shop', known: [tip], places: first.places.key});
	t.deepEqual(second.commits.map(({id, text}) => decodeCommit(text, id, '').kind), ['safety']);
	t.is(second.places.elsewhere, undefined, 'nothing of the places has changed');
	t.is(second.count, 3);

	await shop.json('up');
	await next('shop', 'services');
	const {services} = await client.call('services', {stack: 'shop'});
	t.like(services[0], {name: 'app', state: 'running', ready: true});
	t.deepEqual((await client.call('data', {stack: 'shop'})).volumes.map(({name, changed}) => [name, changed]), [['data', false]]);

	await writeFile(path.join(shop.project, '.env'), 'A=1\n');
	await next('shop', 'definition');
	const outline = await client.call('outline', {stack: 'shop'});
	t.like(outline, {runtime: 'process', folder: shop.project});
	t.deepEqual(outline.services[0]?.environmentNames.toSorted(), ['API_TOKEN', 'GREETING']);
	t.false(JSON.stringify(outline).includes('sesame'));

	// Of one that is not in focus it is told to which branch it goes.
	await host.inWiki('switch', '-c', 'draft');
	await next('wiki', 'history');

	const folder = path.join(shop.root, 'added');
	await mkdir(folder);
	await writeFile(path.join(folder, 'compose.yaml'), 'name: added\nservices: {web: {image: alpine, volumes: ["data:/d"]}}\nvolumes: {data: {}}\n');
	const {exitCode, stderr} = await coppice(['init', '--pool', shop.pool, '--runtime', 'process'], {cwd: folder, env: host.env});
	t.is(exitCode, 0, `it said: ${stderr}`);
	await next(null, 'stacks');
	t.true((await client.call('stacks', {})).stacks.some(({name}) => name === 'added'));

	await shop.json('down');
});

test.serial('a limited key hears of stacks that it may read alone, and of them only what it may see', async t => {
	const limited = await connect('--policy', 'laptop');
	const all = await connect();
	await limited.client.call('watch', {focus: ['shop', 'wiki']});
	await all.client.call('watch', {focus: ['shop', 'wiki']});
	await host.setLive('wiki 2', 'wiki');
	await host.inWiki('commit', '-m', 'wiki 2');
	await all.next('wiki', 'history');
	await host.shop.json('tag', 'v2');
	await limited.next('shop', 'history');
	t.false(limited.heard.some(({stack}) => stack !== 'shop'));

	const history = await limited.client.call('history', {stack: 'shop', known: []});
	t.deepEqual(Object.keys(history.branches), ['main']);
	t.is(history.undo, undefined);
	t.deepEqual(history.commits.map(({id, text}) => decodeCommit(text, id, '').message), ['shop 1', 'shop 2'], 'no safety commits');
	await t.throwsAsync(limited.client.call('history', {stack: 'wiki', known: []}), {message: /no stack wiki/v});
	await t.throwsAsync(limited.client.call('services', {stack: 'wiki'}), {message: /no stack wiki/v});
	await t.throwsAsync(limited.client.call('data', {stack: 'wiki'}), {message: /no stack wiki/v});
	const outline = await limited.client.call('outline', {stack: 'shop'});
	t.is(outline.folder, null);
	t.false(JSON.stringify(outline).includes(host.shop.root));

	const reader = await connect('--policy', 'reader');
	await t.throwsAsync(reader.client.call('outline', {stack: 'shop'}), {message: /does not let the role reader pull/v});
	t.is((await reader.client.call('services', {stack: 'shop'})).services.length, 1);
});

test.serial('a project that can\'t be opened is tried again: when it can, that is told, and it is watched from then on', async t => {
	const file = path.join(host.shop.project, 'compose.yaml');
	const content = await readFile(file, 'utf8');
	await writeFile(file, 'services: [');
	const {client, heard, next} = await connect();
	await client.call('watch', {focus: ['shop']});
	await t.throwsAsync(client.call('services', {stack: 'shop'}));
	t.false(heard.some(({parts}) => parts.includes('services')));
	await writeFile(file, content);
	await next('shop', 'services');
	t.is((await client.call('services', {stack: 'shop'})).services.length, 1);
	const isTold = (): boolean => heard.some(({stack, parts}) => stack === 'shop' && parts.includes('definition'));
	for (let count = 2; count < 50 && !isTold(); count++) {
		await writeFile(path.join(host.shop.project, '.env'), `A=${count}\n`);
		await delay(200);
	}

	t.true(isTold());
});

test('what changes while a message is on its way is told with the next one, once', async t => {
	const announcements = createAnnouncements();
	const sent: Changes[] = [];
	const {promise: written, resolve: write} = Promise.withResolvers<void>();
	const {promise: begun, resolve: begin} = Promise.withResolvers<void>();
	announcements.connect(async changes => {
		sent.push(changes);
		begin();
		await (sent.length === 1 ? written : undefined);
	});
	announcements.add('shop', 'history');
	announcements.add('shop', 'services');
	await begun;
	for (let index = 0; index < 1000; index++) {
		announcements.add('shop', 'history');
		announcements.add(null, 'stacks');
	}

	await delay(300);
	t.is(sent.length, 1, 'the first was not read yet');
	write();
	while (sent.length < 2) {
		await delay(20);
	}

	announcements.stop();
	announcements.add('shop', 'history');
	await delay(200);
	t.deepEqual(sent, [
		[{stack: 'shop', parts: ['history', 'services']}],
		[{stack: 'shop', parts: ['history']}, {stack: null, parts: ['stacks']}],
	]);
});
