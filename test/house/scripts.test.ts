/**
The shell scripts of the project hold what ShellCheck asks for.
*/
import fs from 'node:fs/promises';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import {execa} from 'execa';

const root = fileURLToPath(new URL('../..', import.meta.url));
const {exitCode} = await execa('shellcheck', ['--version'], {reject: false});

const checkScripts = exitCode === 0 ? test : test.skip;

checkScripts(exitCode === 0 ? 'shell scripts' : 'shell scripts (skipped: shellcheck is not installed)', async t => {
	const found: string[] = [];
	for (const folder of ['scripts', 'test']) {
		for await (const script of fs.glob('**/*.sh', {cwd: path.join(root, folder)})) {
			found.push(`${folder}/${script}`);
		}
	}

	t.true(found.includes('scripts/setup-tests.sh'));
	const scripts = ['install.sh', '.ci/run', ...found];
	const {stdout} = await execa('shellcheck', scripts, {cwd: root, reject: false});
	t.is(stdout, '');
});
