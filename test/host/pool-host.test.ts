/**
Another pool of this machine as a host: the contract, and the verbs.
*/
import {
	mkdir,
	mkdtemp,
	rm,
	writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import anyTest, {type TestFn} from 'ava';
import {execa} from 'execa';
import {findHome} from '../../source/host/home.ts';
import {openHost} from '../../source/host/open-host.ts';
import {findOrMakePool} from '../../source/storage/find-pool.ts';
import {buildCli, cliPath, coppice} from '../fixtures/built-cli.ts';
import {hostContract} from './host-contract.ts';

const test = anyTest;
const folder = await mkdtemp(path.join(os.tmpdir(), 'coppice-pool-host-'));
const env = {COPPICE_HOME: path.join(folder, 'home')};
const run = async (...words: string[]) => coppice(words, {env, cwd: folder});

test.before(async () => {
	await buildCli();
	Object.assign(process.env, env, {COPPICE_ENTRY: cliPath});
});

test.after.always(async () => {
	await rm(folder, {recursive: true, force: true});
});

let pools = 0;
hostContract(test, 'pool', async () => {
	const {path: pool} = await findOrMakePool({path: path.join(folder, `pool-${pools++}`), driver: 'directory'});
	return {
		host: openHost({name: 'second', kind: 'pool', address: pool}, {home: findHome()}),
		async cut() {
			await execa('pkill', ['-KILL', '-f', `serve --pool ${pool}$`], {reject: false});
		},
	};
});

test.serial('is made, checked, used for what needs no project, and forgotten', async t => {
	const pool = path.join(folder, 'made');
	t.is((await run('host', 'ls')).stdout, 'No hosts yet: `coppice host add NAME USER@HOST` adds one.');
	const added = await run('host', 'add', 'usb', '--pool', 'made', '--driver', 'directory', '--production');
	t.is(added.exitCode, 0, added.stderr);
	t.regex(added.stdout, /^Made the pool .*\/made: directory, because that was asked for\.\nAdded usb: the pool .*production/v);

	const [listed] = JSON.parse((await run('host', 'ls', '--json')).stdout) as object[];
	t.deepEqual(listed, {
		name: 'usb', kind: 'pool', address: pool, production: true,
	});
	const [checked] = JSON.parse((await run('host', 'check', 'usb', '--json')).stdout) as Array<{readonly skew: number}>;
	t.like(checked, {
		reachable: true, driver: 'directory', root: process.getuid?.() === 0, production: true,
	});
	t.true(Math.abs(checked!.skew) < 60_000);

	const again = await run('host', 'add', 'usb', '--pool', pool);
	t.regex(again.stdout, /^Found the pool/v);
	t.regex(again.stdout, /production\.$/mv, 'a mark that protects is not lost by leaving out a word');

	const refused = await run('status', '-H', 'usb');
	t.is(refused.exitCode, 2);
	t.regex(refused.stderr, /needs the project of a stack/v);

	const project = path.join(folder, 'shop');
	await mkdir(project);
	await writeFile(path.join(project, 'compose.yaml'), 'services:\n  web:\n    image: alpine\n    volumes: [data:/data]\nvolumes:\n  data:\n');
	const init = await coppice(['init', '-H', 'usb', '--runtime', 'process'], {env, cwd: project});
	t.is(init.exitCode, 0, init.stderr);
	t.regex(init.stdout, new RegExp(RegExp.escape(pool), 'v'));

	// By its name, from anywhere.
	const status = await run('status', '--stack', 'shop', '--json');
	t.is(status.exitCode, 0, status.stderr);
	t.like(JSON.parse(status.stdout), {stack: 'shop'});
	const unknown = await run('status', '--stack', 'nowhere');
	t.is(unknown.exitCode, 3);
	t.regex(unknown.stderr, /There is shop\./v);
	t.is((await run('status', '--stack', 'shop', '-C', project)).exitCode, 2);
	t.is((await run('status', '--stack', '../shop')).exitCode, 2);
	t.is((await coppice(['status', '-H', 'local'], {env, cwd: project})).exitCode, 0, '`local` is this machine');
	t.is((await run('__complete', '--', 'status', '-H', '')).stdout, `usb\t${pool}`);
	t.is((await run('__complete', '--', 'status', '--stack', '')).stdout, `shop\t${project}`);

	const forgotten = await run('host', 'rm', 'usb', '--purge');
	t.is(forgotten.stdout, 'Forgot usb. Its pool and data are untouched.');
	t.is((await coppice(['status'], {env, cwd: project})).exitCode, 0);
	t.is((await run('host', 'rm', 'usb')).exitCode, 3);
});

test.serial('a pool that is gone is not read as an empty one', async t => {
	await run('host', 'add', 'gone', '--pool', path.join(folder, 'gone'), '--driver', 'directory');
	await rm(path.join(folder, 'gone'), {recursive: true});
	const {exitCode, stdout} = await run('host', 'check', 'gone', '--json');
	t.is(exitCode, 4);
	t.like((JSON.parse(stdout) as object[])[0], {name: 'gone', reachable: false});
	await run('host', 'rm', 'gone');
});

test.serial('what can\'t be meant is said', async t => {
	for (const words of [
		['add'],
		['add', 'x'],
		['add', 'local', 'a@b'],
		['add', 'x', 'a@b', '--pool', 'p'],
		['add', 'x', '--', '-oProxyCommand=x'],
		['add', 'x', 'a@b', '--driver', 'zfs'],
		['ls', 'x'],
		['ls', '--purge'],
		['rm'],
		['check', 'x', 'y'],
		['nonsense'],
		['add', 'x', '--pool', 'p', '--sudo'],
	]) {
		const {exitCode, stderr} = await run('host', ...words);
		t.is(exitCode, 2, `${words.join(' ')}: ${stderr}`);
	}

	t.is((await run('host', 'check', 'nowhere')).exitCode, 3);
	t.is((await run('status', '-H', 'nowhere')).exitCode, 3);
});
