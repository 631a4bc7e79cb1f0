/**
A project on Docker taken up as it is found, its definition committed, seen to drift, and brought back by `switch --definition`.
*/
import {
	mkdtemp,
	readdir,
	readFile,
	rm,
	stat,
	writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import {commit} from '../../source/actions/commit.ts';
import {diff} from '../../source/actions/diff.ts';
import {init} from '../../source/actions/init.ts';
import {openWorkspace} from '../../source/actions/workspace/open-workspace.ts';
import {up} from '../../source/actions/services.ts';
import {switchDefinition} from '../../source/actions/definition/switch-definition.ts';
import {switchBranch} from '../../source/actions/switch.ts';
import {findHome} from '../../source/host/home.ts';
import {readProject} from '../../source/host/project-registry.ts';
import {CoppiceError} from '../../source/system/errors.ts';
import {runCommand} from '../../source/system/run-command.ts';
import {dockerMissing, makeDockerProject} from '../fixtures/docker/engine.ts';
import {removeTree} from '../fixtures/remove-tree.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';

const compose = (version: string, token: string): string => `
services:
  cache:
    image: redis:7
    command: ["redis-server", "--appendonly", "yes"]
    volumes: ["data:/data"]
    stop_grace_period: 5s
  web:
    image: busybox:1.35
    command: ["sleep", "1000"]
    environment: {TOKEN: "${token}", VERSION: "${version}"}
    labels: {app.version: "${version}"}
    volumes: ["/scratch", "./pg:/pg"]
    stop_grace_period: 1s
  old:
    image: busybox:1.35
    command: ["sleep", "1000"]
    volumes: ["kept:/kept"]
    profiles: [extra]
    stop_grace_period: 1s
volumes:
  data: {}
  kept: {}
`;

const missing = await dockerMissing();
if (missing === undefined) {
	test('a project is taken up, drifts, and comes back with the definition of a commit', async t => {
		const root = await mkdtemp(path.join(os.tmpdir(), 'coppice-definition-'));
		const project = await makeDockerProject({
			'dev.yaml': compose('one', 'token-of-the-test'), 'pg/PG_VERSION': '15\n', 'pg/global/pg_control': 'x', 'pg/base/1': '',
		});
		const home = findHome({COPPICE_HOME: path.join(root, 'home')});
		const pool = path.join(root, 'pool');
		const {name, folder: directory} = project;
		const file = path.join(directory, 'dev.yaml');
		const docker = async (...words: readonly string[]): Promise<string> => {
			const {stdout} = await runCommand(['docker', ...words]);
			return stdout.trim();
		};

		const containerOf = async (service: string): Promise<string> =>
			docker('ps', '-q', '--filter', `label=com.docker.compose.project=${name}`, '--filter', `label=com.docker.compose.service=${service}`);
		const labelOf = async (service: string): Promise<string> => docker('inspect', '-f', '{{index .Config.Labels "app.version"}}', await containerOf(service));
		const open = async () => openWorkspace({directory, home});
		t.teardown(async () => {
			await project.dispose();
			await removeTree(root);
		});

		// What people have before: a volume that holds data.
		await docker('volume', 'create', '--label', `com.docker.compose.project=${name}`, '--label', 'com.docker.compose.volume=kept', `${name}_kept`);
		await docker('run', '--rm', '-v', `${name}_kept:/kept`, 'busybox:1.35', 'sh', '-c', 'echo mine > /kept/file');
		await docker('volume', 'create', '--label', `com.docker.compose.project=${name}`, '--label', 'com.docker.compose.volume=data', `${name}_data`);

		const result = await init({
			directory, home, pool, driver: 'directory', composeFiles: ['dev.yaml'], profiles: ['extra'],
		});
		t.is(result.runtime, 'docker');
		t.regex(result.runtimeWhy, /^a Docker engine answers at unix:/v);
		t.deepEqual(result.composeFiles, [file]);
		t.deepEqual(result.profiles, ['extra']);
		t.like(result.volumes.find(volume => volume.name === 'data'), {managed: true, engineName: `${name}_data`});
		const kept = result.volumes.find(volume => volume.name === 'kept');
		t.like(kept, {managed: false, adoptable: true, engineName: `${name}_kept`});
		t.true((kept?.bytes ?? 0) > 0);
		t.regex(kept?.why ?? '', /init --adopt/v);
		t.deepEqual(result.anonymousVolumes, [{service: 'web', target: '/scratch'}]);
		t.deepEqual(result.unmanagedData.map(({service, kind}) => [service, kind]), [['web', 'bind']]);
		t.true(result.notices.some(notice => notice.includes('./pg')));
		const record = await readProject(home, directory);
		t.like(record, {composeFiles: [file], profiles: ['extra'], unadopted: ['kept']});

		// Every verb uses the files and the profile that were chosen.
		await up(await open());
		t.not(await containerOf('old'), '', 'a service of the profile runs');
		t.is(await docker('exec', await containerOf('old'), 'cat', '/kept/file'), 'mine');
		const first = await commit(await open(), {message: 'one'});
		const text = JSON.stringify(first.commit);
		t.false(text.includes('token-of-the-test'));
		t.deepEqual(first.commit.definition.services.web?.environmentNames, ['TOKEN', 'VERSION']);
		t.regex(first.commit.definition.services.web?.imageDigest ?? '', /^sha256:/v);
		const clean = await diff(await open());
		t.deepEqual([clean.definition, clean.drift], [[], []]);

		// The compose file changes, the containers do not.
		await switchBranch(await open(), {branch: 'two', create: true});
		await writeFile(file, compose('two', 'token-of-the-test').replace('  old:', '  new:').replace('TOKEN:', 'OTHER: x, TOKEN:'));
		const changed = await diff(await open());
		t.deepEqual(changed.drift.map(({service, kind}) => `${service} ${kind}`).toSorted(), ['old unknown-service', 'web definition']);
		t.deepEqual(changed.definition.map(({key}) => key), [
			'services.new', 'services.old', 'services.web.environment', 'services.web.labels.app.version',
		]);
		await up(await open());
		await commit(await open(), {message: 'two'});
		t.is(await labelOf('web'), 'two');
		const cacheBefore = await containerOf('cache');

		// Without its value nothing is touched.
		await writeFile(file, compose('two', 'token-of-the-test').replace('  old:', '  new:').replace(/TOKEN: "[^"]*", /v, ''));
		const error = await t.throwsAsync(switchDefinition(await open(), {target: 'main'}), {instanceOf: CoppiceError, code: 'precondition'});
		t.regex(error.message, /web: TOKEN/v);
		t.is(await containerOf('cache'), cacheBefore);
		await writeFile(file, compose('two', 'token-of-the-test').replace('  old:', '  new:').replace('TOKEN:', 'OTHER: x, TOKEN:'));

		const switched = await switchDefinition(await open(), {target: 'main'});
		t.like(switched, {from: 'two', to: 'main', definition: {commit: first.commit.id, byName: []}});
		t.is(await labelOf('web'), 'one');
		t.regex(await docker('exec', await containerOf('web'), 'env'), /^TOKEN=token-of-the-test$/mv);
		t.is(await containerOf('new'), '', 'what the definition does not have is stopped');
		t.not(await containerOf('old'), '');
		const opened = await open();
		t.is(opened.definition?.commit, first.commit.id);
		t.deepEqual(Object.keys(opened.stack.services).toSorted(), ['cache', 'old', 'web']);
		t.is(await opened.history.currentBranch(), 'main');
		const folder = path.dirname(opened.stack.composeFiles[0]!);
		const entries = await readdir(folder);
		const [folderStats, ...fileStats] = await Promise.all(['.', ...entries].map(async entry => stat(path.join(folder, entry))));
		t.is(folderStats!.mode % 0o1000, 0o700);
		t.deepEqual([...new Set(fileStats.map(({mode}) => mode % 0o1000))], [0o600]);
		const same = await diff(await open());
		t.deepEqual([same.drift, same.definition], [[], []]);
		const again = await commit(await open(), {message: 'one again'});
		t.deepEqual(again.commit.definition, first.commit.definition);

		const back = await up(await open());
		t.true(back.notices.some(notice => notice.includes('compose file again')));
		t.is(await labelOf('web'), 'two');
		t.is((await open()).definition, undefined);
		t.deepEqual(await readdir(folder), [], 'the file with values is gone');
		t.true((await readFile(file, 'utf8')).includes('two'));
		await rm(path.join(directory, 'pg'), {recursive: true});
	});
} else {
	skipAloud('definitions on Docker', missing);
}
