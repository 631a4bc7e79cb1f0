import {
	mkdtemp,
	readFile,
	rm,
	stat,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import test from 'ava';
import {commands} from '../../source/cli/commands/index.ts';
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
	t.true(text.startsWith('#!/usr/bin/env node\n'));
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
		['prune'],
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

test('the compiled code is kept in the home', async t => {
	const folder = await makeFolder();
	t.teardown(async () => rm(folder, {recursive: true}));
	const {exitCode} = await coppice(['--version'], {env: {COPPICE_HOME: folder, NODE_COMPILE_CACHE: undefined}});
	t.is(exitCode, 0);
	const cache = await stat(path.join(folder, 'cache'));
	t.true(cache.isDirectory());
});

test('nothing heavy is loaded before a verb asks for it', async t => {
	await buildCli();
	const folder = await makeFolder();
	t.teardown(async () => rm(folder, {recursive: true}));

	// Every module that is loaded leaves its compiled code.
	const {stderr} = await coppice(['--version'], {env: {NODE_COMPILE_CACHE: folder, NODE_DEBUG_NATIVE: 'COMPILE_CACHE'}});
	const chunks = new Set(Array.from(stderr.matchAll(/dist\/chunks\/[\w\-]+\.js/gv), match => match[0]));
	t.true(chunks.size > 0);
	const stats = await Promise.all(Array.from(chunks, async chunk => stat(path.join(path.dirname(cliPath), '..', chunk))));
	t.true(stats.reduce((sum, {size}) => sum + size, 0) < 150 * 1024, `${[...chunks].join(' ')} of ${process.version}`);
});
