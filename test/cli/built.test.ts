import {
	chmod,
	mkdir,
	mkdtemp,
	readdir,
	readFile,
	rm,
	stat,
	truncate,
	writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import {cacheFolder, cacheName, readCodeCache} from '../../source/cli/code-cache.ts';
import {commands} from '../../source/cli/commands/index.ts';
import {findOrMakePool} from '../../source/storage/find-pool.ts';
import {nodeFlags} from '../../source/system/node-flags.ts';
import {cliDocsPath, makeCliDocs} from '../../scripts/make-cli-docs.ts';
import {buildCli, cliPath, coppice} from '../fixtures/built-cli.ts';

const makeFolder = async (): Promise<string> => mkdtemp(path.join(os.tmpdir(), 'coppice-cli-'));

test('docs/cli.md is what the program says of itself', async t => {
	t.is(await readFile(cliDocsPath, 'utf8'), makeCliDocs(), 'run `node scripts/make-cli-docs.ts`');
});

test('the program can be run as a file', async t => {
	await buildCli();
	const {mode} = await stat(cliPath);
	t.is(mode & 0o111, 0o111);
	const text = await readFile(cliPath, 'utf8');
	t.true(text.startsWith(`#!/usr/bin/env -S node ${nodeFlags.join(' ')}\n`));
});

test('its version is that of the package', async t => {
	const {version} = JSON.parse(await readFile(path.join(import.meta.dirname, '../../package.json'), 'utf8')) as {version: string};
	t.deepEqual(await coppice(['--version']), {stdout: version, stderr: '', exitCode: 0});
});

test('without a verb it prints the help', async t => {
	const bare = await coppice([]);
	const help = await coppice(['--help']);
	t.deepEqual(bare, help);
	t.is(bare.exitCode, 0);
	t.true(bare.stdout.includes('Examples:'));
	t.is(bare.stderr, '');
});

test('every verb has help that begins with examples', async t => {
	const shown = commands.filter(({hidden}) => hidden !== true);
	for (const {name, summary} of shown) {
		const {stdout, stderr, exitCode} = await coppice([name, '--help']);
		t.is(exitCode, 0, name);
		t.is(stderr, '');
		t.true(stdout.startsWith(`${summary}\n\nExamples:\n  `), name);
	}
});

test('help of a verb by its name', async t => {
	t.deepEqual(await coppice(['help', 'reset']), await coppice(['reset', '--help']));
	t.like(await coppice(['help', 'nonsense']), {stdout: '', exitCode: 2});
});

test('colours of the help follow the environment', async t => {
	const {stdout} = await coppice(['--help'], {env: {FORCE_COLOR: '1'}});
	t.true(stdout.includes('\u{1B}[1mExamples:'));
	const plain = await coppice(['--help', '--no-color'], {env: {FORCE_COLOR: '1'}});
	t.false(plain.stdout.includes('\u{1B}'));
	const none = await coppice(['--help'], {env: {FORCE_COLOR: '1', NO_COLOR: '1'}});
	t.false(none.stdout.includes('\u{1B}'));
});

test('a verb that is misspelt', async t => {
	t.deepEqual(await coppice(['statsu']), {stdout: '', stderr: 'error: Unknown command \'statsu\'.\nhint: Did you mean status?', exitCode: 2});
	const {stdout, stderr, exitCode} = await coppice(['statsu', '--json']);
	t.is(stdout, '');
	t.deepEqual(JSON.parse(stderr), {error: {code: 'usage', message: 'Unknown command \'statsu\'.', hint: 'Did you mean status?'}});
	t.is(exitCode, 2);
});

test('usage errors have exit code 2, and no stack trace', async t => {
	const lines = [
		['status', '--nonsense'],
		['switch'],
		['log', '-n', 'many'],
		['commit', '-m', ''],
		['commit'],
		['prune', '--keep-last', '1', 'abcd'],
		['branch', '-d'],
		['branch', '-d', '-m', 'x'],
		['tag', '-d'],
		['switch', 'a', 'b'],
		['diff', 'a..b', 'c'],
		['exec', 'db'],
		['exec', 'db', '--'],
		['completion', 'csh'],
	];
	const folder = await makeFolder();
	t.teardown(async () => rm(folder, {recursive: true}));
	for (const line of lines) {
		const {stdout, stderr, exitCode} = await coppice(line, {cwd: folder, env: {COPPICE_HOME: path.join(folder, 'home')}});
		t.is(exitCode, 2, `${line.join(' ')}: ${stderr}`);
		t.is(stdout, '');
		t.regex(stderr, /^error: .+\nhint: .+$/v, line.join(' '));
	}
});

test('a folder that is not there', async t => {
	const {stderr, exitCode} = await coppice(['-C', '/nowhere/at/all', 'status']);
	t.is(exitCode, 3);
	t.regex(stderr, /\/nowhere\/at\/all/v);
});

test('a folder without a compose file', async t => {
	const folder = await makeFolder();
	t.teardown(async () => rm(folder, {recursive: true}));
	const {stdout, stderr, exitCode} = await coppice(['status', '--json', '-C', folder], {env: {COPPICE_HOME: path.join(folder, 'home')}});
	t.is(exitCode, 3);
	t.is(stdout, '');
	t.like(JSON.parse(stderr), {error: {code: 'not-found'}});
});

test('compiled code is kept in the home, a file a verb, and used', async t => {
	const home = await makeFolder();
	t.teardown(async () => rm(home, {recursive: true}));
	const env = {COPPICE_HOME: home, NODE_COMPILE_CACHE: undefined};
	const first = await coppice(['completion', 'bash'], {env});
	const [folder = ''] = await readdir(path.join(home, 'cache'));
	const files = path.join(home, 'cache', folder);
	t.deepEqual(await readdir(files), ['completion']);
	const before = await stat(path.join(files, 'completion'));
	t.is(before.mode & 0o777, 0o600);
	t.deepEqual(await coppice(['completion', 'bash'], {env}), first);
	const after = await stat(path.join(files, 'completion'));
	t.is(after.ino, before.ino, 'what was taken is not written again');
});

test('compiled code is used where memory is bounded too', async t => {
	const folder = await makeFolder();
	t.teardown(async () => rm(folder, {recursive: true}));
	const [home, project, pool] = ['home', 'shop', 'pool'].map(name => path.join(folder, name)) as [string, string, string];
	await mkdir(project);
	await findOrMakePool({path: pool, driver: 'directory'});
	await writeFile(path.join(project, 'compose.yaml'), 'services:\n  cache:\n    image: redis:7\n    volumes:\n      - data:/data\nvolumes:\n  data:\n');
	const run = async (...words: readonly string[]) => {
		const {exitCode, stderr} = await coppice(['-C', project, ...words], {env: {COPPICE_HOME: home, NODE_COMPILE_CACHE: undefined}});
		t.is(exitCode, 0, `${words.join(' ')}: ${stderr}`);
	};

	await run('init', '--runtime', 'process', '--driver', 'directory');
	await run('host', 'add', 'other', '--pool', pool);
	await run('commit', '-m', 'First');
	await run('push', 'other', '--full');
	const [name = ''] = await readdir(path.join(home, 'cache'));
	const file = path.join(home, 'cache', name, 'push');
	const before = await stat(file);
	await run('push', 'other', '--full');
	const after = await stat(file);
	t.is(after.ino, before.ino, 'what was taken is not written again');
});

test('a home that the first command makes can be entered by databases that run as other users', async t => {
	const folder = await makeFolder();
	t.teardown(async () => rm(folder, {recursive: true}));
	const home = path.join(folder, 'home');
	await coppice(['completion', 'bash'], {env: {COPPICE_HOME: home, NODE_COMPILE_CACHE: undefined}});
	const [above, [name = '']] = await Promise.all([stat(home), readdir(path.join(home, 'cache'))]);
	t.is(above.mode & 0o001, 0o001);
	const {mode} = await stat(path.join(home, 'cache', name));
	t.is(mode & 0o777, 0o700);
});

test('compiled code that is damaged is made anew, and what others can write is not run', async t => {
	const home = await makeFolder();
	t.teardown(async () => rm(home, {recursive: true}));
	const env = {COPPICE_HOME: home, NODE_COMPILE_CACHE: undefined};
	const first = await coppice(['completion', 'bash'], {env});
	const [folder = ''] = await readdir(path.join(home, 'cache'));
	const file = path.join(home, 'cache', folder, 'completion');
	const {size} = await stat(file);
	await truncate(file, 1000);
	t.deepEqual(await coppice(['completion', 'bash'], {env}), first);
	const repaired = await stat(file);
	t.true(repaired.size > 1000 && repaired.size <= size * 2);

	await chmod(file, 0o666);
	t.is(readCodeCache(file), undefined);
	t.deepEqual(await coppice(['completion', 'bash'], {env}), first);
	const replaced = await stat(file);
	t.not(replaced.ino, repaired.ino);
});

test('a run that fails keeps no compiled code, and a folder that can\'t be written is no error', async t => {
	const home = await makeFolder();
	t.teardown(async () => rm(home, {recursive: true}));
	const failed = await coppice(['statsu'], {env: {COPPICE_HOME: home, NODE_COMPILE_CACHE: undefined}});
	t.is(failed.exitCode, 2);
	t.deepEqual(await readdir(home), []);
	const {exitCode, stderr} = await coppice(['--version'], {env: {COPPICE_HOME: '/dev/null/home', NODE_COMPILE_CACHE: undefined}});
	t.is(exitCode, 0);
	t.is(stderr, '');
});

test('where compiled code is kept', t => {
	t.is(cacheFolder({COPPICE_HOME: '/h', XDG_CACHE_HOME: '/x'}, true), '/h/cache');
	t.is(cacheFolder({XDG_CACHE_HOME: '/x'}, true), '/var/cache/coppice');
	t.is(cacheFolder({XDG_CACHE_HOME: '/x'}, false), '/x/coppice');
	t.is(cacheFolder({}, false), path.join(os.homedir(), '.cache/coppice'));
	t.is(cacheFolder({NODE_COMPILE_CACHE: '/n', COPPICE_HOME: '/h'}, false), '/n');
	t.is(cacheName(['-C', 'status', '--json', 'log', 'main']), 'log');
	t.is(cacheName(['--version']), 'none');
	t.is(cacheName(['../../etc/passwd']), 'none');
});
