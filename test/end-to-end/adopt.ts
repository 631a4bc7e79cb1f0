/* eslint-disable ava/no-ignored-test-files -- Tests of soak.config.js. */
/**
Taking Docker volumes over and giving them back, on a real Postgres that plain Compose had brought up.
*/
import {stat} from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import type {AdoptionResult} from '../../source/actions/adopt.ts';
import type {DropResult} from '../../source/actions/drop-originals.ts';
import type {EjectResult} from '../../source/actions/eject.ts';
import type {InitResult} from '../../source/actions/init.ts';
import {tryCommand} from '../../source/system/run-command.ts';
import {makeAdoptionStack, type AdoptionStack} from '../fixtures/docker/adoption-stack.ts';
import {dockerMissing} from '../fixtures/docker/engine.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';

const missing = await dockerMissing();

if (missing === undefined) {
	let stack: AdoptionStack;

	test.before(async () => {
		stack = await makeAdoptionStack();
		await stack.project.compose('up', '--detach');
		await stack.query('create table kept as select generate_series(1, 1000) as number');
	});

	test.after.always(async () => {
		await stack?.dispose();
	});

	const count = async (): Promise<number> => {
		const [row] = await stack.query<{count: number}>('select count(*)::int as count from kept');
		return row!.count;
	};

	test.serial('plain init leaves data in Docker alone and says so', async t => {
		const {volumes} = await stack.init();
		t.like(volumes[0], {name: 'data', managed: false, adoptable: true});
		t.is(await count(), 1000);
	});

	test.serial('a stranger that uses the volume is named, and nothing is changed', async t => {
		const stranger = `${stack.project.name}-stranger`;
		await tryCommand(['docker', 'create', '--name', stranger, '--volume', `${stack.volume}:/x`, 'postgres:15', 'true']);
		const {exitCode, stderr} = await stack.run(['init', '--adopt']);
		t.is(exitCode, 5);
		t.regex(stderr, new RegExp(`${stranger} outside stack`, 'v'));
		await tryCommand(['docker', 'rm', '--force', stranger]);
		t.deepEqual(await stack.volumes(), [stack.volume]);
		t.is(await count(), 1000);
	});

	test.serial('adopt moves the data, commits them and keeps the original', async t => {
		const {adoption, volumes} = await stack.json<InitResult & {adoption: AdoptionResult}>('init', '--adopt');
		t.like(volumes[0], {name: 'data', managed: true});
		t.like(adoption, {adopted: [{volume: 'data', keptAs: `${stack.volume}.coppice-original`, replaces: false}], restarted: ['db']});
		t.regex(adoption.adopted[0]!.treeHash!, /^[\da-f]{64}$/v);
		t.is(await count(), 1000);
		const {Options: options, Labels: labels} = await stack.inspect(stack.volume);
		t.is(options?.device, path.join(stack.pool, 'stacks', stack.project.name, 'volumes/data/current/data'));
		t.is(labels?.['com.docker.compose.volume'], 'data');
		t.deepEqual(await stack.volumes(), [stack.volume, `${stack.volume}.coppice-original`]);
		const [commit] = await stack.json<ReadonlyArray<{message: string}>>('log');
		t.is(commit?.message, 'adopted from Docker');
		const again = await stack.json<InitResult & {adoption: AdoptionResult}>('init', '--adopt');
		t.deepEqual(again.adoption.adopted, []);
	});

	test.serial('plain Compose goes on with the same data', async t => {
		await stack.project.compose('down');
		await stack.project.compose('up', '--detach');
		await stack.query('insert into kept values (1001)');
		t.is(await count(), 1001);
		await stack.json('reset');
		t.is(await count(), 1000);
	});

	test.serial('the originals go when that is confirmed', async t => {
		const refused = await stack.run(['init', '--drop-originals']);
		t.is(refused.exitCode, 2);
		const {dropped} = await stack.json<DropResult>('init', '--drop-originals', '--yes');
		t.like(dropped, [{volume: 'data', engineVolume: `${stack.volume}.coppice-original`}]);
		t.deepEqual(await stack.volumes(), [stack.volume]);
	});

	test.serial('eject gives plain volumes back, and no trace is left', async t => {
		await stack.query('insert into kept values (1001)');
		const ejected = await stack.json<EjectResult>('eject');
		t.like(ejected, {restarted: ['db'], volumes: [{volume: 'data', engineVolume: stack.volume}]});
		t.is(await count(), 1001);
		const {Options: options} = await stack.inspect(stack.volume);
		t.is(options?.device, undefined);
		t.deepEqual(await stack.volumes(), [stack.volume]);
		await stack.project.compose('down');
		await stack.project.compose('up', '--detach');
		t.is(await count(), 1001);
		const {exitCode} = await stack.run(['status']);
		t.is(exitCode, 6, 'it is no stack any more');
	});

	test.serial('adopted again, it goes on with its history; what the pool had is kept', async t => {
		await stack.query('insert into kept values (1002)');
		await stack.init();
		const {adoption} = await stack.json<InitResult & {adoption: AdoptionResult}>('init', '--adopt');
		t.true(adoption.adopted[0]!.replaces);
		t.is(await count(), 1002);
		const log = await stack.json<ReadonlyArray<{message: string; kind: string}>>('log');
		t.deepEqual(log.map(({message}) => message), ['adopted from Docker', 'adopted from Docker']);
		await stack.json('undo');
		t.is(await count(), 1001, 'undo brings the data back that the pool had');
		await stack.json('redo');
		t.is(await count(), 1002);
	});

	test.serial('eject --purge removes the history too', async t => {
		const refused = await stack.run(['eject', '--purge']);
		t.is(refused.exitCode, 2);
		await stack.json('eject', '--purge', '--yes');
		t.is(await count(), 1002);
		await t.throwsAsync(stat(path.join(stack.pool, 'stacks', stack.project.name)), {code: 'ENOENT'});
	});
} else {
	skipAloud('volumes of a Docker project are taken over and given back', missing);
}
