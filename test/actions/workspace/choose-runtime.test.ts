/**
What runs a stack's services where several have said it, or nobody.
*/
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import test from 'ava';
import {detectRuntime, wishedRuntime} from '../../../source/actions/workspace/choose-runtime.ts';
import {findProjectFiles} from '../../../source/stack/locate-project.ts';

test('the command line wins over the project, that over what was, and that over the user\'s settings', t => {
	const all = {
		flag: 'process', file: 'docker', known: 'process', user: 'docker',
	} as const;
	const {flag: _flag, ...file} = all;
	const {file: _file, ...known} = file;
	const {known: _known, ...user} = known;
	t.deepEqual([all, file, known, user].map(wishes => wishedRuntime(wishes)?.runtime), ['process', 'docker', 'process', 'docker']);
	t.deepEqual([all, file, known, user].map(wishes => wishedRuntime(wishes)?.why), [
		'--runtime says so', 'x-coppice.runtime in the compose file says so', 'it was taken up with it', 'your settings say so',
	]);
	t.is(wishedRuntime({}), undefined);
});

test.serial('without an engine it is processes, and it says why', async t => {
	const folder = await mkdtemp(path.join(os.tmpdir(), 'coppice-choose-'));
	const before = process.env.DOCKER_HOST;
	t.teardown(async () => {
		if (before === undefined) {
			delete process.env.DOCKER_HOST;
		} else {
			process.env.DOCKER_HOST = before;
		}

		await rm(folder, {recursive: true, force: true});
	});
	process.env.DOCKER_HOST = `unix://${folder}/nobody.sock`;
	const file = path.join(folder, 'compose.yaml');
	await writeFile(file, 'services: {db: {image: postgres}}');
	const files = await findProjectFiles({directory: folder});
	t.like(await detectRuntime(files), {runtime: 'process'});
	const {why} = await detectRuntime(files);
	t.regex(why, /^there is no Docker engine at .*nobody\.sock/v);
	await writeFile(file, 'services: {db: {image: postgres}, web: {x-coppice: {process: {command: [node, web.js]}}}}');
	t.deepEqual(await detectRuntime(files), {runtime: 'process', why: 'web has no image, only a program of this machine'});
});
