import path from 'node:path';
import process from 'node:process';
import test from 'ava';
import {execa} from 'execa';
import {hasProgram} from './fixtures/has-program.ts';

const samples = path.join(import.meta.dirname, 'fixtures/sample-verbs.ts');
const environment = {NO_COLOR: undefined, FORCE_COLOR: undefined};

const run = async (words: readonly string[], env: Readonly<Record<string, string>> = {}) => {
	const {stdout, stderr, exitCode} = await execa(process.execPath, [samples, ...words], {
		reject: false, stdin: 'ignore', env: {...environment, ...env},
	});
	return {stdout, stderr, exitCode};
};

test('the result goes to the standard output, the rest to the standard error', async t => {
	t.deepEqual(await run(['works']), {stdout: 'on main', stderr: 'stopping db\nnote: mind the gap', exitCode: 0});
});

test('JSON: one document, and lines of events', async t => {
	const {stdout, stderr, exitCode} = await run(['works', '--json']);
	t.deepEqual(JSON.parse(stdout), {branch: 'main', head: null});
	t.deepEqual(stderr.split('\n').map(line => JSON.parse(line) as unknown), [
		{type: 'step', message: 'stopping db'}, {type: 'notice', message: 'mind the gap'},
	]);
	t.is(exitCode, 0);
});

test('quiet: data only', async t => {
	t.deepEqual(await run(['works', '--quiet']), {stdout: '', stderr: '', exitCode: 0});
	t.deepEqual(await run(['lists', '--quiet']), {stdout: 'a\nb', stderr: '', exitCode: 0});
});

test('colours only where they are wanted', async t => {
	t.like(await run(['works'], {FORCE_COLOR: '1'}), {stdout: '\u{1B}[32mon main\u{1B}[39m'});
	t.like(await run(['works'], {FORCE_COLOR: '1', NO_COLOR: '1'}), {stdout: 'on main'});
	t.like(await run(['works', '--no-color'], {FORCE_COLOR: '1'}), {stdout: 'on main'});
	t.like(await run(['works', '--color'], {NO_COLOR: '1'}), {stdout: '\u{1B}[32mon main\u{1B}[39m'});
});

test('a failure is said on the standard error, with its exit code', async t => {
	t.deepEqual(await run(['fails']), {stdout: '', stderr: 'error: The pool is not mounted.\n  stack: shop\nhint: Mount it.', exitCode: 6});
	const {stdout, stderr, exitCode} = await run(['fails', '--json']);
	t.is(stdout, '');
	t.deepEqual(JSON.parse(stderr), {
		error: {
			code: 'precondition', message: 'The pool is not mounted.', hint: 'Mount it.', stack: 'shop',
		},
	});
	t.is(exitCode, 6);
});

test('a bug has no stack trace unless it is asked for', async t => {
	const plain = await run(['breaks']);
	t.is(plain.exitCode, 1);
	t.false(plain.stderr.includes('    at '));
	const verbose = await run(['breaks', '--verbose']);
	t.true(verbose.stderr.includes('    at '));
});

/**
Starts a sample verb and waits until it is at work. The child is wrapped, since it is a promise of its own end.
*/
const begin = async (name: string) => {
	const child = execa(process.execPath, [samples, name], {reject: false, stdin: 'ignore', env: environment});
	await new Promise<void>(resolve => {
		child.stderr.on('data', (chunk: Uint8Array) => {
			if (String(chunk).includes('waiting')) {
				resolve();
			}
		});
	});
	return {child};
};

test('the first Ctrl-C lets the verb clean up', async t => {
	const {child} = await begin('waits');
	child.kill('SIGINT');
	const {stderr, exitCode} = await child;
	t.is(exitCode, 130);
	t.is(stderr, 'waiting\nStopping. Press Ctrl-C again to leave at once.\ncleaned up\nerror: Interrupted.');
});

test('the second Ctrl-C leaves at once', async t => {
	const {child} = await begin('ignores');
	child.kill('SIGINT');
	await new Promise<void>(resolve => {
		child.stderr.on('data', (chunk: Uint8Array) => {
			if (String(chunk).includes('again')) {
				resolve();
			}
		});
	});
	child.kill('SIGINT');
	const {exitCode} = await child;
	t.is(exitCode, 130);
});

test('a verb that ends well after Ctrl-C is shown, and was interrupted', async t => {
	const {child} = await begin('finishes');
	child.kill('SIGTERM');
	const {stdout, exitCode} = await child;
	t.is(stdout, 'done');
	t.is(exitCode, 130);
});

test('nobody reading the output is no error', async t => {
	const {stdout, stderr, exitCode} = await execa('bash', ['-o', 'pipefail', '-c', '"$@" | head -1', 'bash', process.execPath, samples, 'floods'], {
		reject: false, stdin: 'ignore', env: environment,
	});
	t.is(stdout, 'x'.repeat(1000));
	t.is(stderr, '');
	t.is(exitCode, 0);
});

test('without a terminal, a question is a usage error, unless it is answered by --yes', async t => {
	const refused = await run(['asks']);
	t.is(refused.exitCode, 2);
	t.true(refused.stderr.includes('Deleting branch dev has to be confirmed'));
	t.true(refused.stderr.includes('--yes'));
	t.deepEqual(await run(['asks', '--yes']), {stdout: 'deleted', stderr: '', exitCode: 0});
});

/**
Runs a sample verb on a terminal of its own, made by script(1), and types something when it asks.
*/
const onTerminal = async (name: string, typed: string): Promise<{screen: string; exitCode: number | undefined}> => {
	const child = execa('script', ['--quiet', '--return', '--command', `'${process.execPath}' '${samples}' ${name}`, '/dev/null'], {
		reject: false, stdin: 'pipe', env: environment, timeout: 60_000,
	});
	let screen = '';
	child.stdout.on('data', (chunk: Uint8Array) => {
		const before = screen;
		screen += String(chunk);
		if (!before.includes('[y/N]') && screen.includes('[y/N]')) {
			child.stdin.write(typed);
		}
	});
	const {exitCode} = await child;
	return {screen, exitCode};
};

const hasScript = hasProgram('script');
const terminalTest = hasScript ? test : test.skip;
const why = hasScript ? '' : ' (skipped: script(1) is not installed)';

terminalTest(`on a terminal it is asked, with what is lost${why}`, async t => {
	const yes = await onTerminal('asks', 'y\r');
	t.is(yes.exitCode, 0);
	t.true(yes.screen.includes('Deleting branch dev:\r\n  its live data (3 MiB)\r\nThis can\'t be undone.\r\n'));
	t.true(yes.screen.includes('deleted'));
	const no = await onTerminal('asks', '\r');
	t.is(no.exitCode, 1);
	t.true(no.screen.includes('nothing was changed'));
});

terminalTest(`Ctrl-C at the question changes nothing${why}`, async t => {
	const {exitCode, screen} = await onTerminal('asks', '\u{3}');
	t.is(exitCode, 130);
	t.true(screen.includes('Interrupted: nothing was changed.'));
});
