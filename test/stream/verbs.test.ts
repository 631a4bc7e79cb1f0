/**
`coppice stream` as it is run: on files and pipes, with its exit codes and what it prints.
*/
import {Buffer} from 'node:buffer';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {setTimeout as sleep} from 'node:timers/promises';
import test from 'ava';
import {execa} from 'execa';
import {nativeCalls} from '../../source/stream/native-calls.ts';
import {runCommand} from '../../source/system/run-command.ts';
import {buildCli, cliPath} from '../fixtures/built-cli.ts';
import {noise} from '../fixtures/noise.ts';
import {encodeCommand, encodeHeader} from './encode-commands.ts';
import {type FactOptions, treeFacts} from './tree-facts.ts';

const facts: FactOptions = await nativeCalls() === undefined ? {timeStep: 10_000n, xattrs: false} : {};
let folder: string;

test.before(async () => {
	await buildCli();
	folder = await fs.promises.mkdtemp(path.join(os.tmpdir(), 'coppice-verbs-'));
	fs.mkdirSync(path.join(folder, 'monday/sub'), {recursive: true});
	fs.writeFileSync(path.join(folder, 'monday/sub/table'), noise(300_000, 1));
	fs.symlinkSync('sub/table', path.join(folder, 'monday/link'));
	fs.linkSync(path.join(folder, 'monday/sub/table'), path.join(folder, 'monday/same'));
	await runCommand(['cp', '--archive', path.join(folder, 'monday'), path.join(folder, 'tuesday')]);
	fs.appendFileSync(path.join(folder, 'tuesday/same'), 'more');
	fs.renameSync(path.join(folder, 'tuesday/link'), path.join(folder, 'tuesday/moved'));
});

test.after.always(async () => {
	await runCommand(['rm', '--recursive', '--force', folder]);
});

const coppice = async (words: readonly string[], input?: Uint8Array) => execa(process.execPath, [cliPath, 'stream', ...words], {
	cwd: folder, reject: false, encoding: 'buffer', ...(input === undefined ? {stdin: 'ignore' as const} : {input}),
});

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

test.serial('what is made of folders comes out of pipes and files as it was', async t => {
	const full = await coppice(['make', '--full', 'monday']);
	t.is(full.exitCode, 0, textOf(full.stderr));
	const made = await coppice(['apply', '-', 'monday2'], full.stdout);
	t.is(made.exitCode, 0, textOf(made.stderr));
	t.deepEqual(treeFacts(path.join(folder, 'monday2'), facts), treeFacts(path.join(folder, 'monday'), facts));

	const increment = await coppice(['make', 'monday', 'tuesday', '-o', 'tuesday.stream', '--json']);
	t.is(increment.exitCode, 0, textOf(increment.stderr));
	const told = JSON.parse(textOf(increment.stdout)) as {bytes: number; dataBytes: number};
	t.is(told.bytes, fs.statSync(path.join(folder, 'tuesday.stream')).size);
	t.is(told.dataBytes, 300_004 % 4096);
	const applied = await coppice(['apply', 'tuesday.stream', 'tuesday2', '--onto', 'monday2']);
	t.is(applied.exitCode, 0, textOf(applied.stderr));
	t.deepEqual(treeFacts(path.join(folder, 'tuesday2'), facts), treeFacts(path.join(folder, 'tuesday'), facts));
	t.deepEqual(treeFacts(path.join(folder, 'monday2'), facts), treeFacts(path.join(folder, 'monday'), facts));

	const again = await coppice(['apply', 'tuesday.stream', 'tuesday2', '--onto', 'monday2']);
	t.is(again.exitCode, 5);
	t.deepEqual(fs.readdirSync(folder).filter(name => name.startsWith('.') || name.includes('partial')), []);
});

test.serial('a stream can be looked at and counted', async t => {
	const dumped = await coppice(['dump', 'tuesday.stream', '--json']);
	const commands = textOf(dumped.stdout).trim().split('\n').map(line => JSON.parse(line) as {type: string; path?: string});
	t.deepEqual(commands.slice(0, 2).map(({type}) => type), ['header', 'snapshot']);
	t.true(commands.some(({type, path: name}) => type === 'symlink' && name === 'moved'));
	const text = await coppice(['dump', 'tuesday.stream']);
	t.is(textOf(text.stdout).trim().split('\n').length, commands.length);
	const counted = await coppice(['stat', 'tuesday.stream', '--json']);
	t.like(JSON.parse(textOf(counted.stdout)), {
		version: 1, kind: 'increment', name: 'tuesday', filesWritten: 1,
	});
});

test.serial('a stream that must not be applied ends the check with 1 and the reason, and makes nothing', async t => {
	t.is((await coppice(['check', 'tuesday.stream', '--onto', 'monday'])).exitCode, 0);
	const wrongBase = await coppice(['check', 'tuesday.stream', '--onto', 'tuesday']);
	t.is(wrongBase.exitCode, 1);
	t.regex(textOf(wrongBase.stderr), /refused at byte \d+ \(\w+ "link"\): there is nothing of that name/v);

	const hostile = Buffer.concat([
		encodeHeader(), encodeCommand({
			type: 'subvol', path: 'evil', uuid: '11111111-1111-4111-8111-111111111111', ctransid: 1,
		}), encodeCommand({type: 'mkfile', path: '../escaped', ino: 1}), encodeCommand({type: 'end'}),
	]);
	const before = fs.readdirSync(folder);
	t.is((await coppice(['check', '-'], hostile)).exitCode, 1);
	t.is((await coppice(['apply', '-', 'evil'], hostile)).exitCode, 1);
	t.deepEqual(fs.readdirSync(folder), before);
});

test.serial('what can\'t be meant is refused before anything is done', async t => {
	for (const words of [['make', 'monday'], ['make', '--full', 'monday', 'tuesday'], ['dump'], ['dump', 'a', '--full'], ['apply', 'tuesday.stream'], ['bake', 'x']]) {
		const {exitCode, stderr} = await coppice(words);
		t.is(exitCode, 2, words.join(' '));
		t.regex(textOf(stderr), /error: /v);
	}

	t.is((await coppice(['make', 'monday', 'nowhere', '-o', 'x'])).exitCode, 3);
	t.is((await coppice(['dump', 'nowhere'])).exitCode, 3);
	t.false(fs.existsSync(path.join(folder, 'x')));
});

test.serial('a killed apply leaves nothing where the folder would be, and the next one makes it', async t => {
	const {stdout: stream} = await coppice(['make', '--full', 'monday']);
	const child = execa(process.execPath, [cliPath, 'stream', 'apply', '-', 'killed'], {cwd: folder, reject: false, stdin: 'pipe'});
	child.stdin.on('error', () => {});
	child.stdin.write(stream.subarray(0, stream.length / 2));
	const isStaged = () => fs.readdirSync(folder).some(name => name.startsWith('.killed.incoming-'));
	while (!isStaged()) {
		await sleep(10);
	}

	child.kill('SIGKILL');
	await child;
	t.false(fs.existsSync(path.join(folder, 'killed')));
	t.is((await coppice(['apply', '-', 'killed'], stream)).exitCode, 0);
	t.deepEqual(treeFacts(path.join(folder, 'killed'), facts), treeFacts(path.join(folder, 'monday'), facts));
});

test.serial('a reader that has had enough is no failure', async t => {
	const {exitCode, stdout} = await execa('sh', ['-c', '"$0" "$1" stream make --full monday | head -c 17', process.execPath, cliPath], {cwd: folder});
	t.is(exitCode, 0);
	t.true(stdout.startsWith('btrfs-stream'));
});
