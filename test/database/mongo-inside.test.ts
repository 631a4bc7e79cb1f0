/**
MongoDB asked by the shell in its container. There is no server and no shell of it in Debian's packages, so two things stand in: a program of
that name in a real container, for how it is run and how its answers are read; and plain objects that behave as the documentation of the old
and the new shell says, for what it evaluates.
*/
import {readFile, writeFile} from 'node:fs/promises';
import path from 'node:path';
import vm from 'node:vm';
import test from 'ava';
import type {RunInside} from '../../source/database/database.ts';
import {mongo} from '../../source/database/mongo.ts';
import {tryCommand} from '../../source/system/run-command.ts';
import {dockerMissing, makeDockerProject} from '../fixtures/docker/engine.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';
import {makeService} from './service.ts';

const missing = await dockerMissing();
const client = mongo.inside!;
const password = 'it\'s "a secret" $HOME';
const open = makeService({image: 'mongo:7', command: ['--port', '7001']});
const secured = makeService({image: 'mongo:7', environment: {MONGO_INITDB_ROOT_USERNAME: 'root', MONGO_INITDB_ROOT_PASSWORD: password}});

type Reply = Readonly<Record<string, unknown>>;
type Shell = {
	readonly isOld: boolean;
	readonly user?: string;
	readonly reply: (command: Reply) => Reply;

	/** Whether the image is at its new data. */
	readonly isMakingData?: boolean;
};

/** Evaluates what a shell would; the old one returns errors, the new one throws them. */
const runShell = ({isOld, user, reply, isMakingData = false}: Shell): RunInside => async (words, environment) => {
	const [program = '', ...rest] = words;
	if (program === 'ls') {
		return {exitCode: isMakingData ? 0 : 2, stdout: '', stderr: ''};
	}

	if (program !== (isOld ? 'mongo' : 'mongosh')) {
		return {exitCode: 127, stdout: '', stderr: `exec: "${program}": executable file not found in $PATH`};
	}

	const printed = ['a line of the image\'s own'];
	const fail = (code: number, message: string): Reply => {
		if (isOld) {
			return {ok: 0, code, errmsg: message};
		}

		throw Object.assign(new Error(message), {code});
	};

	let isIn = user === undefined;
	const admin = {
		auth(name: string, given: string) {
			if (name === user && given === password) {
				isIn = true;
				return isOld ? 1 : {ok: 1};
			}

			return isOld ? 0 : fail(18, 'Authentication failed.');
		},
		runCommand: (command: Reply) => isIn || 'hello' in command ? reply(command) : fail(13, 'Command fsync requires authentication'),
	};
	vm.runInNewContext(rest[rest.indexOf('--eval') + 1]!, {
		db: {getSiblingDB: () => admin},
		print(text: string) {
			printed.push(text);
		},
		...(isOld ? {_getEnv: (name: string) => environment[name] ?? ''} : {process: {env: environment}}),
	});
	return {exitCode: 0, stdout: printed.join('\n'), stderr: ''};
};

const primary = (): Reply => ({ok: 1, isWritablePrimary: true});

for (const isOld of [false, true]) {
	test(`what the ${isOld ? 'old' : 'new'} shell evaluates: ready, not yet, not let in, and a checkpoint`, async t => {
		t.deepEqual(await client.probe(open, runShell({isOld, reply: primary})), {ready: true});
		t.deepEqual(await client.probe(secured, runShell({isOld, user: 'root', reply: primary})), {ready: true});
		t.like(await client.probe(secured, runShell({isOld, user: 'another', reply: primary})), {ready: false, kind: 'denied'});
		t.like(await client.probe(open, runShell({isOld, reply: () => ({ok: 1, isWritablePrimary: false})})), {ready: false, kind: 'starting'});
		t.like(await client.probe(open, runShell({isOld, reply: () => ({ok: 0, errmsg: 'not yet'})})), {ready: false, kind: 'starting', reason: 'not yet'});
		t.like(await client.probe(open, runShell({isOld, reply: primary, isMakingData: true})), {ready: false, kind: 'starting'}, 'the server that the image makes new data with');

		const asked: Reply[] = [];
		const shell = {
			isOld, user: 'root', reply(command: Reply) {
				asked.push(command);
				return {ok: 1};
			},
		};
		await t.notThrowsAsync(client.checkpoint(secured, runShell(shell)));
		t.is(JSON.stringify(asked), '[{"fsync":1}]');
		await t.throwsAsync(client.checkpoint(open, runShell(shell)), {name: 'CoppiceError', message: /without a password/v});
	});
}

if (missing === undefined) {
	test('a program named as the shell in a container: found, told the password by its environment alone, and understood', async t => {
		const project = await makeDockerProject({
			'bin/mongosh': '#!/bin/sh\nfor word; do printf "%s\\n" "$word"; done >/asked/words\nenv >/asked/environment\n. /asked/answer\n',
			'asked/answer': '',
			'compose.yaml': JSON.stringify({
				services: {
					db: {
						image: 'busybox:1.35', command: ['sleep', '600'], init: true, volumes: ['./bin/mongosh:/usr/bin/mongosh:ro', './asked:/asked'],
					},
					bare: {image: 'busybox:1.35', command: ['sleep', '600'], init: true},
				},
			}),
		});
		t.teardown(async () => project.dispose());
		await tryCommand(['chmod', '755', path.join(project.folder, 'bin/mongosh')]);
		await project.compose('up', '--detach');
		const inside = (service: string): RunInside => async (command, environment) => tryCommand([
			'docker', 'exec', ...Object.keys(environment).flatMap(name => ['--env', name]), `${project.name}-${service}-1`, ...command,
		], {env: environment});
		const answer = async (script: string): Promise<void> => writeFile(path.join(project.folder, 'asked/answer'), script);
		const asked = async (file: string): Promise<string> => readFile(path.join(project.folder, 'asked', file), 'utf8');

		await answer('echo noise; echo \'COPPICE-ANSWER {"ok":1,"isWritablePrimary":true}\'');
		t.deepEqual(await client.probe(secured, inside('db')), {ready: true});
		const words = await asked('words');
		t.regex(words, /^--host\n127\.0\.0\.1\n--port\n27017\n--eval\n/mv);
		t.false(words.includes('secret'));
		t.true((await asked('environment')).includes(`=${password}\n`));
		t.deepEqual(await client.probe(open, inside('db')), {ready: true});
		t.regex(await asked('words'), /^7001$/mv);

		await answer('echo "MongoNetworkError: connect ECONNREFUSED 127.0.0.1:27017" >&2; exit 1');
		t.like(await client.probe(secured, inside('db')), {ready: false, kind: 'absent'});
		await answer('echo "error while loading shared libraries" >&2; exit 1');
		t.like(await client.probe(secured, inside('db')), {ready: false, kind: 'failed', reason: 'error while loading shared libraries'});
		await answer('echo "COPPICE-ANSWER {"');
		t.like(await client.probe(secured, inside('db')), {ready: false, kind: 'failed'});
		await t.throwsAsync(client.checkpoint(secured, inside('db')), {name: 'CoppiceError', message: /can't be understood/v});

		t.is(await client.probe(secured, inside('bare')), undefined);
		await t.throwsAsync(client.checkpoint(secured, inside('bare')), {name: 'CoppiceError', message: /no client/v});
	});
} else {
	skipAloud('the shell of MongoDB in a container', missing);
}
