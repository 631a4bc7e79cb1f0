/**
Databases in containers that publish no port: asked by their address, and by the client inside where this host reaches none.
*/
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {askCheckpoint, askReadiness} from '../../../source/actions/databases/ask-database.ts';
import {postgres} from '../../../source/database/postgres.ts';
import {redis} from '../../../source/database/redis.ts';
import type {Database} from '../../../source/database/database.ts';
import type {Runtime, ServiceState} from '../../../source/runtime/runtime.ts';
import {dockerMissing} from '../../fixtures/docker/engine.ts';
import {skipAloud} from '../../fixtures/skip-aloud.ts';
import {makeService} from '../../runtime/fixtures/make-stack.ts';
import {openDockerStack} from '../../runtime/fixtures/open-docker-stack.ts';

const missing = await dockerMissing();

const services = [
	makeService('db', {image: 'postgres:15', environment: {POSTGRES_PASSWORD: 'a secret'}}),
	makeService('cache', {image: 'redis:7', command: ['redis-server', '--appendonly', 'yes']}),
	// The image of a server, and nothing that serves.
	makeService('idle', {image: 'redis:7', command: ['sleep', '600']}),
	makeService('bare', {command: ['sleep', '600']}),
];

if (missing === undefined) {
	test('by its address, by its client, and not at all', async t => {
		t.timeout(120_000);
		const {runtime: real, stack} = await openDockerStack(t, services, {idle: {init: true}, bare: {init: true}});
		const inside: string[] = [];
		const runtime: Runtime = {
			...real,
			async exec(service, command, options) {
				inside.push(service);
				t.false(command.some(word => word.includes('a secret')));
				return real.exec(service, command, options);
			},
		};
		const unsure = (database: Database): Database => ({...database, isCertain: false});
		const workspace = {stack, runtime, databases: new Map([['db', postgres], ['cache', redis], ['idle', redis], ['bare', unsure(redis)]])};
		await runtime.start();
		const stateOf = async (name: string): Promise<ServiceState> => {
			const states = await runtime.states();
			return states.find(state => state.name === name)!;
		};

		/** As on an engine whose networks this host has no way into. */
		const unreachable = async (name: string): Promise<ServiceState> => {
			const {address, ...state} = await stateOf(name);
			t.truthy(address);
			t.deepEqual(state.ports, []);
			return state;
		};

		for (const name of ['db', 'cache'] as const) {
			const state = await stateOf(name);
			let readiness = await askReadiness(workspace, state);
			for (let round = 0; round < 300 && readiness?.ready !== true; round++) {
				await delay(50);
				readiness = await askReadiness(workspace, state);
			}

			t.deepEqual(readiness, {ready: true});
			await t.notThrowsAsync(askCheckpoint(workspace, state, stack.services[name]!, workspace.databases.get(name)!));
		}

		t.deepEqual(inside, [], 'all that went to their addresses');
		for (const name of ['db', 'cache'] as const) {
			const state = await unreachable(name);
			t.deepEqual(await askReadiness(workspace, state), {ready: true});
			await t.notThrowsAsync(askCheckpoint(workspace, state, stack.services[name]!, workspace.databases.get(name)!));
		}

		t.true(inside.includes('db') && inside.includes('cache'));
		t.like(await askReadiness(workspace, await stateOf('idle')), {ready: false, kind: 'absent'});
		t.like(await askReadiness(workspace, await unreachable('idle')), {ready: false, kind: 'absent'});

		// Only its data say that it is one: then that nothing answers tells nothing, unless its image declares the port.
		t.is(await askReadiness(workspace, await stateOf('bare')), undefined);
		t.is(await askReadiness(workspace, await unreachable('bare')), undefined);
		t.deepEqual((await stateOf('idle')).declaredPorts, [6379]);
		const unsureOfIdle = {...workspace, databases: new Map([['idle', unsure(redis)]])};
		t.like(await askReadiness(unsureOfIdle, await stateOf('idle')), {ready: false, kind: 'absent'});

		const client = {...workspace, databases: new Map([['bare', redis]])};
		t.is(await askReadiness(client, await unreachable('bare')), undefined, 'an image without a client');
		await t.throwsAsync(askCheckpoint(client, await unreachable('bare'), stack.services.bare!, redis), {name: 'CoppiceError'});
	});
} else {
	skipAloud('databases in containers that publish no port', missing);
}
