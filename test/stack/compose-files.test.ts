import {mkdir, mkdtemp, rm} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import {CoppiceError} from '../../source/system/errors.ts';
import {findComposeFiles} from '../../source/stack/compose-files.ts';
import {makeProject} from './project.ts';

const text = 'services: {a: {image: x}}';
const names = async (folder: string, named: readonly string[] = [], environment: Readonly<Record<string, string>> = {}): Promise<string[]> => {
	const files = await findComposeFiles(folder, named, environment);
	return files.map(file => path.relative(folder, file));
};

test('the preferred name wins, with its override', async t => {
	const folder = await makeProject(t, {'docker-compose.yml': text, 'compose.yml': text, 'docker-compose.override.yaml': text});
	t.deepEqual(await names(folder), ['compose.yml', 'docker-compose.override.yaml']);
});

test('folders above are searched', async t => {
	const folder = await makeProject(t, {'compose.yaml': text, 'compose.override.yml': text, 'source/deep/file': ''});
	t.deepEqual(await names(path.join(folder, 'source/deep')), ['../../compose.yaml', '../../compose.override.yml']);
});

test('COMPOSE_FILE names files, from the environment or from .env, also from below', async t => {
	const folder = await makeProject(t, {
		'compose.yaml': text, 'a.yml': text, 'b.yml': text, '.env': 'COMPOSE_FILE=a.yml:b.yml', 'below/file': '',
	});
	t.deepEqual(await names(folder), ['a.yml', 'b.yml']);
	t.deepEqual(await names(path.join(folder, 'below')), ['../a.yml', '../b.yml']);
	t.deepEqual(await names(folder, [], {COMPOSE_FILE: 'b.yml'}), ['b.yml']);
	t.deepEqual(await names(folder, [], {COMPOSE_FILE: 'b.yml;a.yml', COMPOSE_PATH_SEPARATOR: ';'}), ['b.yml', 'a.yml']);
});

test('named files come first of all', async t => {
	const folder = await makeProject(t, {'compose.yaml': text, 'compose.override.yaml': text, 'other/a.yml': text});
	t.deepEqual(await names(folder, ['other/a.yml'], {COMPOSE_FILE: 'compose.yaml'}), ['other/a.yml']);
});

test('none is not found, with exit code 3 and what to do', async t => {
	const folder = await mkdtemp(path.join(os.tmpdir(), 'coppice-none-'));
	t.teardown(async () => rm(folder, {recursive: true}));
	await mkdir(path.join(folder, 'compose.yaml'));
	const error = await t.throwsAsync(findComposeFiles(folder, [], {}), {instanceOf: CoppiceError});
	t.is(error.exitCode, 3);
	t.regex(error.hint ?? '', /-f FILE/v);
	const missing = await t.throwsAsync(findComposeFiles(folder, ['nope.yml'], {}), {instanceOf: CoppiceError});
	t.is(missing.exitCode, 3);
	t.regex(missing.message, /nope\.yml/v);
});
