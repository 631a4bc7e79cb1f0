/**
Whether a database takes connections, asked of a server that notes what it is greeted with.
*/
import {Buffer} from 'node:buffer';
import {mkdtemp} from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {accepts} from '../../../source/runtime/process/accept-check.ts';
import {HealthMonitor} from '../../../source/runtime/process/health.ts';
import {removeTree} from '../../fixtures/remove-tree.ts';

/** Answers everybody as Postgres does who may sign in. */
const openServer = async (t: ExecutionContext) => {
	const folder = await mkdtemp(path.join(os.tmpdir(), 'coppice-accept-'));
	const greetings: string[] = [];
	const server = net.createServer(socket => {
		socket.on('error', () => {});
		socket.once('data', greeting => {
			greetings.push(greeting.toString('latin1', 8));
			socket.end(Buffer.from('R\0\0\0\u{8}\0\0\0\0', 'latin1'));
		});
	});
	const {promise, resolve} = Promise.withResolvers<void>();
	const file = path.join(folder, 'socket');
	server.listen(file, () => {
		resolve();
	});
	await promise;
	t.teardown(async () => {
		server.close();
		await removeTree(folder);
	});
	return {file, greetings};
};

test('Postgres is asked as the user that is told, in a database that there always is', async t => {
	const {file, greetings} = await openServer(t);
	t.true(await accepts('postgres', {path: file}, 5000, 'app'));
	t.true(await accepts('postgres', {path: file}, 5000));
	t.deepEqual(greetings, [
		'user\0app\0database\0postgres\0application_name\0coppice health\0\0', 'user\0postgres\0database\0postgres\0application_name\0coppice health\0\0',
	]);
});

test('a health check asks as the user of the service, whom the server knows: it logs every visit of another', async t => {
	const {file, greetings} = await openServer(t);
	const {promise, resolve} = Promise.withResolvers<string>();
	const monitor = new HealthMonitor({
		probe: {kind: 'accept'},
		check: undefined,
		context: {
			environment: {PGUSER: 'app'},
			user: {
				name: 'nobody', uid: 65_534, gid: 65_534, home: '/',
			},
			workingFolder: '/',
			engine: {name: 'postgres', target: {path: file}},
		},
		report: resolve,
	});
	t.is(await promise, 'healthy');
	monitor.stop();
	t.true(greetings[0]!.startsWith('user\0app\0'));
});

test('nobody there is no', async t => {
	t.false(await accepts('postgres', {path: '/nowhere/socket'}, 1000));
});
