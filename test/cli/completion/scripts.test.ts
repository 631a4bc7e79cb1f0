import {
	chmod,
	mkdtemp,
	rm,
	writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import test from 'ava';
import {execa} from 'execa';
import {completionScript} from '../../../source/cli/completion/scripts.ts';
import {
	buildCli,
	cliEnvironment,
	cliPath,
	coppice,
} from '../../fixtures/built-cli.ts';
import {hasProgram} from '../fixtures/has-program.ts';

for (const shell of ['bash', 'zsh', 'fish']) {
	const isThere = hasProgram(shell);
	const define = isThere ? test : test.skip;
	define(`${shell} accepts its script${isThere ? '' : ` (skipped: ${shell} is not installed)`}`, async t => {
		const {stderr, exitCode} = await execa(shell, ['-n'], {input: completionScript(shell), reject: false});
		t.is(stderr, '');
		t.is(exitCode, 0);
	});
}

test('there is none for other shells', t => {
	t.throws(() => completionScript('csh'), {message: /csh/v});
	t.throws(() => completionScript('constructor'), {message: /constructor/v});
});

test('the program prints them', async t => {
	const {stdout, exitCode} = await coppice(['completion', 'bash']);
	t.is(exitCode, 0);
	t.is(`${stdout}\n`, completionScript('bash'));
});

/**
What bash offers for a command line, as when Tab is pressed at its end.
*/
const offers = async (folder: string, words: readonly string[]): Promise<string[]> => {
	const script = String.raw`source <(coppice completion bash)
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_coppice coppice "$2"
printf '%s\n' "${'$'}{COMPREPLY[@]}"
`;
	const {stdout} = await execa('bash', ['-c', script, 'bash', ...words], {
		cwd: folder, extendEnv: false, env: cliEnvironment({PATH: `${folder}:${process.env.PATH ?? ''}`}),
	});
	return stdout.split('\n').filter(line => line !== '').toSorted((a, b) => a.localeCompare(b));
};

const hasBash = hasProgram('bash');
(hasBash ? test : test.skip)(`a real bash completes with it${hasBash ? '' : ' (skipped: bash is not installed)'}`, async t => {
	await buildCli();
	const folder = await mkdtemp(path.join(os.tmpdir(), 'coppice-completion-'));
	t.teardown(async () => rm(folder, {recursive: true}));
	await writeFile(path.join(folder, 'coppice'), `#!/bin/sh\nexec '${process.execPath}' '${cliPath}' "$@"\n`);
	await chmod(path.join(folder, 'coppice'), 0o755);
	await writeFile(path.join(folder, 'dev.yaml'), '');

	t.deepEqual(await offers(folder, ['coppice', 'st']), ['status', 'stream']);
	t.deepEqual(await offers(folder, ['coppice', 'res']), ['reset', 'restart']);
	t.deepEqual(await offers(folder, ['coppice', 'logs', '--f']), ['--file', '--follow']);
	t.deepEqual(await offers(folder, ['coppice', 'init', '--driver', '=', 'b']), ['btrfs'], 'bash splits words at "="');
	t.deepEqual(await offers(folder, ['coppice', 'init', '--driver', '=']), ['btrfs', 'directory', 'zfs']);
	t.deepEqual(await offers(folder, ['coppice', '-f', 'de']), ['dev.yaml']);
	t.deepEqual(await offers(folder, ['coppice', 'switch', '']), [], 'there is no stack here, and nothing is said of that');
});
