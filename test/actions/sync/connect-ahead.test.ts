/**
A connection that is begun before it is known what for, to a real engine on another pool of this machine.
*/
import {mkdtemp, rm} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import test from 'ava';
import {connectAhead} from '../../../source/actions/sync/connect-ahead.ts';
import {findHome} from '../../../source/host/home.ts';
import {readHost, writeHost} from '../../../source/host/host-registry.ts';
import {findOrMakePool} from '../../../source/storage/find-pool.ts';
import {buildCli, cliPath} from '../../fixtures/built-cli.ts';

const folder = await mkdtemp(path.join(os.tmpdir(), 'coppice-connect-ahead-'));
const home = findHome({COPPICE_HOME: path.join(folder, 'home')});

test.before(async () => {
	await buildCli();
	Object.assign(process.env, {COPPICE_ENTRY: cliPath, COPPICE_HOME: path.join(folder, 'home')});
	for (const name of ['one', 'two']) {
		const {path: address} = await findOrMakePool({path: path.join(folder, name), driver: 'directory'});
		await writeHost(home, {name, kind: 'pool', address});
	}
});

test.after.always(async () => {
	await rm(folder, {recursive: true, force: true});
});

test('it is taken once, for the host that it is to', async t => {
	const [one, two] = await Promise.all([readHost(home, 'one'), readHost(home, 'two')]);
	await using connection = await connectAhead(home, 'one');
	t.is(await connection.take(two), undefined);
	const host = (await connection.take(one))!;
	t.is(await connection.take(one), undefined);
	const {hello, ended} = await host.connect();
	t.is(typeof hello.protocol, 'number');
	await host.close();
	await ended;
});

test('one that nobody takes is closed', async t => {
	let host;
	{
		await using connection = await connectAhead(home, 'one');
		const record = await readHost(home, 'one');
		t.is(await connection.take({...record, production: true}), undefined, 'another record is another host');
		host = connection;
	}

	t.is(await host.take(await readHost(home, 'one')), undefined);
});

test('what is wrong is not told by it', async t => {
	for (const name of ['nowhere', undefined]) {
		await using connection = await connectAhead(home, name);
		t.is(await connection.take(await readHost(home, 'one')), undefined, 'of two hosts, none is meant');
	}
});
