/**
The last line of `.ci/run` and its exit code say truthfully what the tests did. A stand-in for npm prints each kind of outcome.
*/
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import {execa} from 'execa';

const root = fileURLToPath(new URL('../..', import.meta.url));

type Outcome = {
	readonly title: string;
	readonly prints: readonly string[];
	readonly exits: number;
	readonly lastLine: string;
	readonly code: number;
};

const outcomes: readonly Outcome[] = [
	{
		title: 'all passed, one skipped',
		prints: ['TAP version 13', 'ok 1 - a', '# ok, says a log', 'ok 2 - b # SKIP', 'ok 3 - c', '1..3'],
		exits: 0,
		lastLine: '2 passed, 0 failed, 1 skipped',
		code: 0,
	},
	{
		title: 'one failed',
		prints: ['TAP version 13', 'ok 1 - a', 'not ok 2 - b', '  ---', '  message: not ok at all', '1..2'],
		exits: 1,
		lastLine: '1 passed, 1 failed, 0 skipped',
		code: 1,
	},
	{
		title: 'one failed and the runner forgot to say so', prints: ['ok 1 - a', 'not ok 2 - b'], exits: 0, lastLine: '1 passed, 1 failed, 0 skipped', code: 1,
	},
	{
		title: 'the lint failed before any test', prints: ['> coppice@0.1.0 lint', '3 errors'], exits: 1, lastLine: '0 passed, 1 failed, 0 skipped', code: 1,
	},
	{
		title: 'all passed and then the runner crashed', prints: ['ok 1 - a'], exits: 7, lastLine: '1 passed, 1 failed, 0 skipped', code: 7,
	},
	{
		title: 'no test ran', prints: ['1..0'], exits: 0, lastLine: '0 passed, 0 failed, 0 skipped', code: 1,
	},
];

for (const {title, prints, exits, lastLine, code} of outcomes) {
	test(`the run of continuous integration: ${title}`, async t => {
		const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'coppice-ci-'));
		t.teardown(async () => fs.rm(folder, {recursive: true, force: true}));
		await fs.mkdir(path.join(folder, '.ci'));
		await fs.copyFile(path.join(root, '.ci/run'), path.join(folder, '.ci/run'));
		await fs.writeFile(path.join(folder, 'output'), `${prints.join('\n')}\n`);
		await fs.writeFile(path.join(folder, 'npm'), `#!/bin/sh\n[ "$1" = cit ] && [ "$CI" = true ] || exit 99\ncat "${folder}/output"\nexit ${exits}\n`, {mode: 0o755});

		const result = await execa('bash', [path.join(folder, '.ci/run')], {reject: false, env: {PATH: `${folder}:${process.env.PATH ?? ''}`}});
		t.is(result.stdout.split('\n').at(-1), lastLine);
		t.is(result.exitCode, code);
	});
}
