/**
The installer: what it refuses; in the soak a whole round of being killed, installing, installing again and removing.
*/
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import test, {type ExecutionContext} from 'ava';
import {execa} from 'execa';
import {isSoak} from '../fixtures/soak.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const installer = path.join(root, 'install.sh');

/** The machine's own PATH: npm puts the Node of the clone in front of it while tests run. */
const machinePath = (process.env.PATH ?? '').split(':').filter(folder => !folder.includes('node_modules')).join(':');

type Outcome = {readonly stdout: string; readonly stderr: string; readonly exitCode: number | undefined};

const install = async (arguments_: readonly string[], searchPath = machinePath): Promise<Outcome> => {
	const {stdout, stderr, exitCode} = await execa(installer, arguments_, {reject: false, stdin: 'ignore', env: {PATH: searchPath}});
	return {stdout, stderr, exitCode};
};

/** Starts the installer and kills it with all its children at the first line that begins so. */
const killAt = async (arguments_: readonly string[], beginning: string): Promise<void> => {
	const running = execa(installer, arguments_, {
		reject: false, stdin: 'ignore', env: {PATH: machinePath}, detached: true, buffer: false,
	});
	for await (const line of running.iterable()) {
		if (line.startsWith(beginning)) {
			process.kill(-running.pid!, 'SIGKILL');
		}
	}

	await running;
};

const makeFolder = async (t: ExecutionContext): Promise<string> => {
	const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'coppice-install-'));
	t.teardown(async () => fs.rm(folder, {recursive: true, force: true}));
	return folder;
};

test('--help says what there is, examples first', async t => {
	const {stdout, exitCode} = await install(['--help']);
	t.is(exitCode, 0);
	t.true(stdout.startsWith('Examples:\n'));
	for (const option of ['--demo', '--prefix DIR', '--no-system-packages', '--uninstall']) {
		t.true(stdout.includes(`\n  ${option}`), `${option} is missing`);
	}
});

const refusals: ReadonlyArray<{readonly arguments_: readonly string[]; readonly says: string; readonly code: number}> = [
	{arguments_: ['--frobnicate'], says: 'There is no option --frobnicate.', code: 2},
	{arguments_: ['demo'], says: 'There is no option demo.', code: 2},
	{arguments_: ['--prefix'], says: '--prefix needs a folder.', code: 2},
	{arguments_: ['--prefix', ''], says: 'The folder of --prefix is empty.', code: 2},
	{arguments_: ['--demo', '--uninstall'], says: '--demo and --uninstall do not go together.', code: 2},
	{arguments_: ['--prefix', '/dev/null/here'], says: '/dev/null/here/lib can\'t be made or written by you.', code: 1},
	{arguments_: ['--uninstall', '--prefix', '/nowhere/at/all'], says: 'Nothing that this installer made is under /nowhere/at/all.', code: 3},
];

for (const {arguments_, says, code} of refusals) {
	test(`refuses ${JSON.stringify(arguments_)}`, async t => {
		const {stderr, exitCode} = await install(arguments_);
		t.true(stderr.includes(says), `it said: ${stderr}`);
		t.is(exitCode, code);
	});
}

test('leaves a command of the same name alone when it is someone else\'s', async t => {
	const prefix = await makeFolder(t);
	const command = path.join(prefix, 'bin/coppice');
	await fs.mkdir(path.dirname(command));
	await fs.writeFile(command, 'mine\n');

	for (const [option, says] of [['--no-system-packages', 'is not from this installer'], ['--uninstall', 'Nothing that this installer made']] as const) {
		const {stderr, exitCode} = await install([option, '--prefix', prefix]);
		t.true(stderr.includes(says), `it said: ${stderr}`);
		t.not(exitCode, 0);
	}

	t.is(await fs.readFile(command, 'utf8'), 'mine\n');
});

test('says what to do where there is no npm', async t => {
	const folder = await makeFolder(t);
	for (const program of ['bash', 'env', 'dirname', 'id', 'realpath', 'uname']) {
		const {stdout} = await execa('which', [program]);
		await fs.symlink(stdout, path.join(folder, program));
	}

	const {stderr, exitCode} = await install(['--prefix', path.join(folder, 'prefix')], folder);
	t.true(stderr.includes('There is no node on this machine'), `it said: ${stderr}`);
	t.true(stderr.includes('apt-get install nodejs npm'), `it said: ${stderr}`);
	t.is(exitCode, 6);
});

// Slow: it fetches and builds the whole program twice.
if (isSoak) {
	test('survives being killed, installs, again over itself, and leaves nothing when removed', async t => {
		t.timeout(300_000);
		const folder = await makeFolder(t);
		const prefix = path.join(folder, 'a prefix with \'quotes\'');
		const command = path.join(prefix, 'bin/coppice');
		const {version} = JSON.parse(await fs.readFile(path.join(root, 'package.json'), 'utf8')) as {version: string};
		const arguments_ = ['--no-system-packages', '--prefix', prefix];
		const environment = {COPPICE_HOME: path.join(folder, 'home')};
		const assertRuns = async (): Promise<void> => {
			const {stdout} = await execa(command, ['--version'], {env: environment});
			t.is(stdout, version);
		};

		const assertKilled = async (): Promise<void> => {
			await killAt(arguments_, 'Fetching');
			const left = await fs.readdir(path.join(prefix, 'lib'));
			t.true(left.some(name => name !== 'coppice'), 'it was killed in the middle');
		};

		const assertInstalled = async (): Promise<void> => {
			const {exitCode, stderr} = await install(arguments_);
			t.is(exitCode, 0, `it said: ${stderr}`);
			await assertRuns();
			t.deepEqual(await fs.readdir(path.join(prefix, 'lib')), ['coppice']);
		};

		await assertKilled();
		await assertInstalled();

		// A folder that only the installer's own user may read would hide the embedded Postgres from the user it runs as.
		const {mode} = await fs.stat(path.join(prefix, 'lib/coppice'));
		t.is((mode % 0o1000).toString(8), '755');

		await assertKilled();
		await assertRuns();
		await assertInstalled();

		const mine = path.join(prefix, 'bin/mine');
		await fs.writeFile(mine, 'mine\n');
		const removed = await install(['--uninstall', '--prefix', prefix]);
		t.is(removed.exitCode, 0);
		t.true(removed.stdout.includes('Pools, their data and your settings are untouched'), `it said: ${removed.stdout}`);
		t.deepEqual(await fs.readdir(prefix, {recursive: true}), ['bin', 'bin/mine']);
	});
}
