/**
Bad input and bad luck: one clear sentence, the right exit code, and nothing lost.
*/
import {
	chmod,
	mkdir,
	mkdtemp,
	readdir,
	readFile,
	rm,
	writeFile,
} from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import test, {type ExecutionContext} from 'ava';
import {execa} from 'execa';
import {isRoot} from '../../source/system/run-command.ts';
import {coppice, type CliResult} from '../fixtures/built-cli.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';
import {isSoak} from '../fixtures/soak.ts';
import {makeTestStack, postgresCompose, type TestStack} from '../fixtures/test-stack.ts';

const rootTest = (title: string, run: (t: ExecutionContext) => Promise<void>): void => {
	if (isRoot()) {
		test.serial(title, run);
	} else {
		skipAloud(title, 'a loop-mounted btrfs needs root');
	}
};

const stackTrace = /\n[\t ]+at .+:\d+:\d+/v;

/**
One sentence of what is wrong, no stack trace.
*/
const isClear = (t: ExecutionContext, result: CliResult, exitCode: number, message: RegExp): void => {
	t.is(result.exitCode, exitCode, result.stderr);
	t.regex(result.stderr, message);
	t.notRegex(result.stderr, stackTrace, 'no stack trace');
};

const project = async (t: ExecutionContext, compose: string): Promise<{folder: string; run: (...arguments_: string[]) => Promise<CliResult>}> => {
	const root = await mkdtemp(path.join(os.tmpdir(), 'coppice-bad-'));
	await chmod(root, 0o711);
	t.teardown(async () => {
		await rm(root, {recursive: true, force: true});
	});
	const folder = path.join(root, 'project');
	await mkdir(folder);
	await writeFile(path.join(folder, 'compose.yaml'), compose);
	return {
		folder,
		run: async (...arguments_) => coppice(arguments_, {cwd: folder, env: {COPPICE_HOME: path.join(root, 'home'), NO_COLOR: '1'}}),
	};
};

const isThere = async (stack: TestStack, table: string): Promise<boolean> => {
	const [row] = await stack.query<{there: boolean}>('select to_regclass($1) is not null as there', [table]);
	return row?.there === true;
};

test('no compose file', async t => {
	const root = await mkdtemp(path.join(os.tmpdir(), 'coppice-bad-'));
	t.teardown(async () => {
		await rm(root, {recursive: true, force: true});
	});
	isClear(t, await coppice(['status'], {cwd: root, env: {COPPICE_HOME: root}}), 3, /compose/v);
});

test('a project that was not taken up', async t => {
	const {run} = await project(t, postgresCompose(1));
	isClear(t, await run('status'), 6, /coppice init/v);
});

test('a compose file that does not parse', async t => {
	const {run} = await project(t, 'services:\n  db:\n    image: [postgres\n');
	const result = await run('init', '--driver', 'directory', '--runtime', 'process');
	t.not(result.exitCode, 0);
	t.regex(result.stderr, /compose\.yaml:\d+/v);
	t.notRegex(result.stderr, stackTrace);
});

test('a compose file with an unknown key', async t => {
	const {run} = await project(t, 'services:\n  db:\n    image: postgres\n    prots: ["1:1"]\n');
	const result = await run('init', '--driver', 'directory', '--runtime', 'process');
	t.not(result.exitCode, 0);
	t.regex(result.stderr, /compose\.yaml:4/v);
	t.regex(result.stderr, /prots/v);
});

test('an unknown driver', async t => {
	const {run} = await project(t, postgresCompose(1));
	isClear(t, await run('init', '--driver', 'ext4', '--runtime', 'process'), 2, /ext4/v);
});

test('a volume named ../x', async t => {
	const {run, folder} = await project(t, 'services:\n  db:\n    image: postgres\n    volumes: ["../x:/data"]\nvolumes:\n  "../x": {}\n');
	const result = await run('init', '--driver', 'directory', '--runtime', 'process');
	t.not(result.exitCode, 0);
	t.regex(result.stderr, /\.\.\/x/v);
	t.deepEqual((await readdir(path.dirname(folder))).filter(name => name === 'x'), []);
});

test.serial('branches and tags with bad names', async t => {
	const stack = await makeTestStack({driver: 'directory', compose: port => postgresCompose(port)});
	t.teardown(stack.dispose);
	await stack.json('commit', '-m', 'Empty');
	for (const name of ['../x', '/x', 'a//b', '.hidden', 'a/../b', '-x;rm', 'a\nb', 'x'.repeat(300)]) {
		for (const arguments_ of [['branch', '--', name], ['switch', '-c', name], ['tag', '--', name]]) {
			const result = await stack.run(arguments_);
			t.true(result.exitCode === 2, `${arguments_.join(' ')}: ${result.exitCode} ${result.stderr}`);
		}
	}

	t.is((await stack.json('branch')).length, 1);
});

test.serial('a history file cut in half', async t => {
	const stack = await makeTestStack({driver: 'directory'});
	t.teardown(stack.dispose);
	const {commit: first} = await stack.json('commit', '-m', 'First');
	const {commit: second} = await stack.json('commit', '-m', 'Second');
	const file = path.join(stack.pool, 'stacks/shop/history/commits', `${first.id}.json`);
	const text = await readFile(file, 'utf8');
	await writeFile(file, text.slice(0, text.length / 2));
	const result = await stack.run(['reset', first.id]);
	t.not(result.exitCode, 0);
	t.true(result.stderr.includes(first.id.slice(0, 8)), result.stderr);
	const log = await stack.json('log');
	t.deepEqual(log.map(({id}) => id), [second.id]);
	await stack.json('reset', second.id);
	const doctor = await stack.run(['doctor']);
	t.is(doctor.exitCode, 6, doctor.stderr);
	t.true(doctor.stdout.includes(`commit ${first.id.slice(0, 8)}`), doctor.stdout);
});

test.serial('a port taken', async t => {
	const stack = await makeTestStack({driver: 'directory'});
	t.teardown(stack.dispose);
	const server = net.createServer();
	await new Promise<void>(resolve => {
		server.listen(stack.port, '127.0.0.1', resolve);
	});
	t.teardown(() => {
		server.close();
	});
	isClear(t, await stack.run(['up']), 5, new RegExp(`${stack.port}.*process ${process.pid}`, 'sv'));
});

test.serial('Postgres of another major version than the data', async t => {
	const stack = await makeTestStack({driver: 'directory'});
	t.teardown(stack.dispose);
	await stack.json('up');
	await stack.json('down');
	const file = path.join(stack.pool, 'stacks/shop/volumes/data/current/data/PG_VERSION');
	await writeFile(file, '9.6\n');
	isClear(t, await stack.run(['up']), 6, /9\.6/v);
	await writeFile(file, '15\n');
});

test.serial('two commands at once on one stack', async t => {
	const stack = await makeTestStack();
	t.teardown(stack.dispose);
	await stack.json('up');
	await stack.query('create table a as select 1');
	const results = await Promise.all(Array.from({length: 4}, async (_, index) => stack.run(['commit', '-m', `At once ${index}`, '--json'])));
	for (const result of results) {
		t.true(result.exitCode === 0 || result.exitCode === 5, result.stderr);
	}

	const log = await stack.json('log');
	t.is(log.length, results.filter(result => result.exitCode === 0).length);
});

rootTest('a pool that is full: in mid-write and in mid-commit', async t => {
	const stack = await makeTestStack({sizeBytes: 400 * 1024 * 1024});
	t.teardown(stack.dispose);
	await stack.json('up');
	await stack.query('create table safe as select 1');
	const {commit} = await stack.json('commit', '-m', 'Safe');
	const filler = path.join(stack.pool, 'filler');
	await execa('dd', ['if=/dev/zero', `of=${filler}`, 'bs=1M', 'count=1000'], {reject: false});
	await t.throwsAsync(stack.query('create table big as select i, repeat(\'y\', 1000) from generate_series(1, 200000) as i'));
	const result = await stack.run(['commit', '-m', 'Into a full pool']);
	t.true(result.exitCode === 0 || /full|space/v.test(result.stderr), result.stderr);
	t.notRegex(result.stderr, stackTrace);

	await rm(filler);
	await execa('sync', ['-f', stack.pool]);
	await stack.json('reset', commit.id);
	await stack.json('up');
	t.true(await isThere(stack, 'safe'));
});

rootTest('a pool unmounted under a running stack', async t => {
	const stack = await makeTestStack();
	t.teardown(stack.dispose);
	await stack.json('up');
	await stack.query('create table precious as select 1');
	const mountpoint = path.dirname(stack.pool);
	const device = (await execa('findmnt', ['-no', 'SOURCE', mountpoint])).stdout.trim();
	await execa('umount', ['--lazy', mountpoint]);
	const result = await stack.run(['status']);
	isClear(t, result, 6, /pool/v);
	t.regex(result.stderr, /mount/v);
	await execa('mount', [device, mountpoint]);
	await stack.json('status');
	t.true(await isThere(stack, 'precious'));
});

test.serial('Ctrl-C in every verb', async t => {
	const stack = await makeTestStack();
	t.teardown(stack.dispose);
	await stack.json('up');
	await stack.query('create table precious as select 1');
	await stack.json('commit', '-m', 'Precious');
	await stack.json('branch', 'other');
	await stack.query('create table unsaved as select 1');
	const verbs = [['commit', '-m', 'x'], ['reset'], ['switch', 'other'], ['switch', 'main'], ['restart'], ['status'], ['log'], ['diff'], ['branch'], ['prune', '--keep-last', '50'], ['tag', 't1'], ['undo']];
	const moments = [60, 150, 300];
	for (const [index, verb] of verbs.entries()) {
		for (const milliseconds of isSoak ? moments : [moments[index % 3]]) {
			const child = execa(process.execPath, [path.resolve('dist/coppice.js'), ...verb, '--yes'], {cwd: stack.project, env: {...stack.env}, reject: false});
			setTimeout(() => {
				child.kill('SIGINT');
			}, milliseconds);
			const result = await child;
			t.true([0, 5, 6, 130].includes(result.exitCode ?? -1) || result.signal === 'SIGINT', `${verb.join(' ')} after ${milliseconds} ms: ${result.exitCode} ${result.stderr}`);
		}
	}

	await stack.json('up');
	t.true(await isThere(stack, 'precious'));
	const checks = await stack.json('doctor');
	t.deepEqual(checks.filter(check => check.name.startsWith('volume') && check.result !== 'ok'), []);
	t.deepEqual(await readdir(path.join(stack.pool, 'stacks/shop/history/journal')), []);
});
