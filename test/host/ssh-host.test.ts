/**
A machine behind a real ssh, as a user of its own there who has no Node: what can go wrong on the way, the engine that is put there, and the contract.
*/
import {
	mkdtemp,
	readFile,
	readlink,
	readdir,
	rm,
	writeFile,
	mkdir,
	chmod,
	chown,
	stat,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import anyTest, {type TestFn} from 'ava';
import {execa} from 'execa';
import {findHome} from '../../source/host/home.ts';
import {readHost} from '../../source/host/host-registry.ts';
import {openHost} from '../../source/host/open-host.ts';
import {
	buildCli,
	cliEnvironment,
	cliPath,
	coppice,
} from '../fixtures/built-cli.ts';
import {freePort} from '../fixtures/free-port.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';
import {sshdObstacle, startSshd, type Sshd} from '../fixtures/sshd.ts';
import {hostContract} from './host-contract.ts';

const test = anyTest;
const obstacle = sshdObstacle();

if (obstacle === undefined) {
	const folder = await mkdtemp(path.join(os.tmpdir(), 'coppice-ssh-host-'));
	const home = path.join(folder, 'home');
	let sshd: Sshd;
	let engines: string;

	const run = async (words: readonly string[], {cwd = folder, COPPICE_HOME = home}: {cwd?: string; COPPICE_HOME?: string} = {}) =>
		coppice(words, {cwd, env: {COPPICE_HOME, ...sshd.env}});

	test.before(async () => {
		await buildCli();
		sshd = await startSshd();
		engines = path.join(sshd.home, '.local/share/coppice/engine');
		Object.assign(process.env, sshd.env, {COPPICE_HOME: home, COPPICE_ENTRY: cliPath});
	});

	test.after.always(async () => {
		await sshd.remove();
		await rm(folder, {recursive: true, force: true});
	});

	test.serial('what is in the way is said, with the next step, and nothing is noted', async t => {
		const COPPICE_HOME = path.join(folder, 'other');
		const add = async (address: string) => {
			const {exitCode, stderr} = await run(['host', 'add', 'st', address], {COPPICE_HOME});
			t.is(exitCode, 4, `it said: ${stderr}`);
			return stderr;
		};

		const address = `${sshd.address}:${sshd.port}`;
		await writeFile(sshd.knownHosts, '');
		const unknown = await add(address);
		t.regex(unknown, /The host st can't be reached: its host key is not known here yet/v);
		t.true(unknown.includes(`ssh-keyscan -p ${sshd.port} 127.0.0.1 | ssh-keygen -lf -`));
		t.true(unknown.includes(`ssh -F ${sshd.env.COPPICE_SSH_CONFIG} -p ${sshd.port} ${sshd.address}`));

		await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path.join(folder, 'other-key')]);
		const otherKey = await readFile(path.join(folder, 'other-key.pub'), 'utf8');
		await writeFile(sshd.knownHosts, `${sshd.hostKey.split(' ', 1).join('')} ${otherKey}`);
		const changed = await add(address);
		t.regex(changed, /its host key is not the one that it had before/v);
		t.true(changed.includes(`ssh-keygen -R '[127.0.0.1]:${sshd.port}'`));
		await writeFile(sshd.knownHosts, sshd.hostKey);

		await writeFile(sshd.authorizedKeys, '');
		t.regex(await add(address), /it does not take this user's key/v);
		await writeFile(sshd.authorizedKeys, `${sshd.publicKey}\n`);

		t.regex(await add(`${sshd.address}:${await freePort()}`), /nothing answers at port \d+/v);
		t.regex(await add(`${sshd.user}@nowhere.invalid`), /there is no machine by the name nowhere\.invalid/v);
		t.is((await run(['host', 'ls', '--json'], {COPPICE_HOME})).stdout, '[]');
		await t.throwsAsync(stat(engines), {code: 'ENOENT'});
	});

	test.serial('the engine is put there, with a Node, and says so', async t => {
		const {exitCode, stdout, stderr} = await run(['host', 'add', 'st', `${sshd.address}:${sshd.port}`, '--production']);
		t.is(exitCode, 0, `it said: ${stderr}`);
		t.regex(stdout, /^Put the engine \S+ into ~\/\.local\/share\/coppice\/engine\.\nNode \S+ came with it, since st has none from 24 on\.\nAdded st: .*, production\./v);
		const names = await readdir(engines);
		t.deepEqual(names.filter(name => name.includes('partial')), []);
		t.is(names.filter(name => name.startsWith('node-v')).length, 1);
		t.is((await stat(engines)).uid, sshd.uid);
		t.like(await readHost(findHome(), 'st'), {engine: path.join(engines, 'current/bin/coppice'), installed: true, production: true});

		const again = await run(['host', 'add', 'st', `${sshd.address}:${sshd.port}`]);
		t.regex(again.stdout, /^This version of the engine was there already\./v);
		t.deepEqual(await readdir(engines), names);
	});

	test.serial('on a terminal ssh asks by itself whether a key is to be trusted', async t => {
		await writeFile(sshd.knownHosts, '');
		try {
			const line = [process.execPath, cliPath, 'host', 'add', 'asked', `${sshd.address}:${sshd.port}`].join(' ');
			const terminal = execa('script', ['-qec', line, '/dev/null'], {
				all: true, reject: false, timeout: 60_000, extendEnv: false, env: cliEnvironment({...sshd.env, COPPICE_HOME: path.join(folder, 'asked')}),
			});
			let said = '';
			terminal.all.on('data', (chunk: Uint8Array) => {
				const before = said;
				said += new TextDecoder().decode(chunk);
				if (said.includes('continue connecting') && !before.includes('continue connecting')) {
					terminal.stdin.write('yes\n');
				}
			});
			const {exitCode} = await terminal;
			t.is(exitCode, 0, `it said: ${said}`);
			t.regex(said, /ED25519 key fingerprint is SHA256:/v);
			t.regex(said, /Added asked/v);
			t.true((await readFile(sshd.knownHosts, 'utf8')).includes(sshd.hostKey.trim()));
		} finally {
			await writeFile(sshd.knownHosts, sshd.hostKey);
		}
	});

	hostContract(test.serial as unknown as TestFn, 'ssh', async () => ({
		host: openHost(await readHost(findHome(), 'st'), {home: findHome()}),
		async cut() {
			await execa('pkill', ['-KILL', '-u', sshd.user, '-f', 'coppice.js serve$'], {reject: false});
		},
	}));

	test.serial('a check says who is there', async t => {
		const {stdout, exitCode} = await run(['host', 'check', '--json']);
		t.is(exitCode, 0);
		const [checked] = JSON.parse(stdout) as Array<{readonly skew: number; readonly latency: number}>;
		t.like(checked, {
			name: 'st', reachable: true, user: sshd.user, root: false, production: true,
		});
		t.true(Math.abs(checked!.skew) < 60_000);
		t.regex((await run(['host', 'check', 'st'])).stdout, /^ok +st: .* ms, Coppice /v);
	});

	test.serial('any verb runs there, with its words, streams and exit code as they are', async t => {
		const project = path.join(sshd.home, 'the shop');
		await mkdir(project);
		await writeFile(path.join(project, 'compose.yaml'), 'name: shop\nservices:\n  web:\n    image: alpine\n    volumes: [data:/data]\nvolumes:\n  data:\n');
		await chown(project, sshd.uid, sshd.uid);
		const init = await run(['-H', 'st', '-C', project, 'init', '--runtime', 'process', '--driver=directory', '--pool', 'a pool']);
		t.is(init.exitCode, 0, init.stderr);
		t.is((await stat(path.join(project, 'a pool'))).uid, sshd.uid);

		const there = await run(['status', '--host=st', '--stack=shop', '--json']);
		t.is(there.exitCode, 0, there.stderr);
		t.like(JSON.parse(there.stdout), {stack: 'shop'});

		// The stack of the folder here, taken up or not.
		const here = path.join(folder, 'shop');
		await mkdir(here);
		await writeFile(path.join(here, 'compose.yaml'), 'services:\n  web:\n    image: alpine\n');
		const local = await run(['status', '-H', 'st', '--json'], {cwd: here});
		t.like(JSON.parse(local.stdout), {stack: 'shop', pool: {path: path.join(project, 'a pool')}});
		const message = 'it\'s "$HOME" `id`; \\ é\nnext line -x';
		const commit = await run(['commit', '-qHst', '-m', message], {cwd: here});
		t.is(commit.exitCode, 0, commit.stderr);
		const log = await run(['log', '-H', 'st', '--json'], {cwd: here});
		t.true(JSON.stringify(JSON.parse(log.stdout)).includes(JSON.stringify(message)));

		const missing = await run(['-H', 'st', '--json', 'switch', 'nowhere'], {cwd: here});
		t.is(missing.exitCode, 3);
		t.like((JSON.parse(missing.stderr) as {error: object}).error, {code: 'not-found'});
		t.is(missing.stdout, '');
		const which = await run(['-H', 'st', 'status']);
		t.is(which.exitCode, 2);
		t.regex(which.stderr, /Which stack on st\?/v);
		t.is((await run(['-H', 'st', 'host', 'ls'])).exitCode, 2);
	});

	test.serial('root there is only asked for, with the line that would allow it', async t => {
		const {exitCode, stderr} = await run(['host', 'add', 'rooted', `${sshd.address}:${sshd.port}`, '--sudo']);
		t.is(exitCode, 4, `it said: ${stderr}`);
		t.true(stderr.includes(`${sshd.user} ALL=(root) NOPASSWD: ${engines}/current/bin/coppice`), `it said: ${stderr}`);
		t.is((await run(['host', 'check', 'rooted'])).exitCode, 3, 'it was not noted');
	});

	test.serial('an older engine that was put there is replaced when it is talked to, and kept beside', async t => {
		const ours = await readlink(path.join(engines, 'current'));
		const old = path.join(engines, '0.0.1-000000000000/bin');
		await mkdir(old, {recursive: true});
		await writeFile(path.join(old, 'coppice'), `#!/bin/sh\nTINY_AGENT='{"hello": {"version": "0.0.1", "protocol": 0}}' exec '${process.execPath}' '${path.join(import.meta.dirname, 'fixtures/tiny-agent.mjs')}' "$@"\n`);
		await chmod(path.join(old, 'coppice'), 0o755);
		await execa('ln', ['-sfn', '0.0.1-000000000000', path.join(engines, 'current')]);
		await execa('chown', ['-hR', `${sshd.uid}`, engines]);
		const {exitCode, stdout, stderr} = await run(['host', 'check', 'st']);
		t.is(exitCode, 0, `it said: ${stderr}`);
		t.regex(stdout, /^ok +st/v);
		t.regex(stderr, /in place of 0\.0\.1-000000000000, which is kept beside it/v);
		t.is(await readlink(path.join(engines, 'current')), ours);
		t.true((await readdir(engines)).includes('0.0.1-000000000000'));
	});

	test.serial('a key that runs the engine and nothing else is taken as it is', async t => {
		const command = path.join(import.meta.dirname, 'fixtures/tiny-agent.mjs');
		await writeFile(sshd.authorizedKeys, `command="${process.execPath} ${command} serve",restrict ${sshd.publicKey}\n`);
		try {
			const COPPICE_HOME = path.join(folder, 'limited');
			const {exitCode, stdout, stderr} = await run(['host', 'add', 'limited', `${sshd.address}:${sshd.port}`], {COPPICE_HOME});
			t.is(exitCode, 0, `it said: ${stderr}`);
			t.regex(stdout, /^This key runs the engine there and nothing else\./v);
			const [record] = JSON.parse((await run(['host', 'ls', '--json'], {COPPICE_HOME})).stdout) as object[];
			t.deepEqual(record, {
				name: 'limited', kind: 'ssh', address: sshd.address, port: sshd.port, engine: 'coppice',
			});
		} finally {
			await writeFile(sshd.authorizedKeys, `${sshd.publicKey}\n`);
		}
	});

	test.serial('a machine that is off is not read as empty, and answers again when it is back', async t => {
		const host = openHost(await readHost(findHome(), 'st'), {home: findHome()});
		t.deepEqual((await host.call('stacks', {})).stacks.map(({name}) => name), ['shop']);
		await sshd.kill();
		const off = await run(['host', 'check', '--json']);
		t.is(off.exitCode, 4);
		t.like((JSON.parse(off.stdout) as object[])[0], {reachable: false});
		const there = await run(['-H', 'st', '--json', 'status', '--stack', 'shop']);
		t.is(there.exitCode, 4);
		t.regex((JSON.parse(there.stderr) as {error: {message: string}}).error.message, /nothing answers at port/v);
		await t.throwsAsync(host.call('stacks', {}), {code: 'host'});
		t.is((await run(['host', 'rm', 'st', '--purge'])).exitCode, 4);
		await sshd.start();
		t.is((await host.call('stacks', {})).stacks.length, 1);

		// The engine is at work.
		const busy = await run(['host', 'rm', 'st', '--purge']);
		t.is(busy.exitCode, 5, busy.stderr);
		await host.close();
	});

	test.serial('removed with its engine: nothing else is touched there', async t => {
		const pool = path.join(sshd.home, 'the shop/a pool/pool.json');
		const before = await readFile(pool, 'utf8');
		const {exitCode, stdout, stderr} = await run(['host', 'rm', 'st', '--purge']);
		t.is(exitCode, 0, `it said: ${stderr}`);
		t.is(stdout, 'Forgot st, and removed the engine there. Its pool and data are untouched.');
		await t.throwsAsync(stat(engines), {code: 'ENOENT'});
		t.is(await readFile(pool, 'utf8'), before);
		t.is((await run(['host', 'rm', 'st'])).exitCode, 3);
	});
} else {
	skipAloud('hosts behind ssh', obstacle);
}
