/* eslint-disable ava/no-ignored-test-files -- Tests of soak.config.js. */
/**
`switch --definition` by Compose 1, which knows no `name:` in a compose file and refuses volumes whose options its files don't say.
*/
import {mkdtemp, writeFile} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import test from 'ava';
import {commit} from '../../source/actions/commit.ts';
import {switchDefinition} from '../../source/actions/definition/switch-definition.ts';
import {init} from '../../source/actions/init.ts';
import {up} from '../../source/actions/services.ts';
import {switchBranch} from '../../source/actions/switch.ts';
import {openWorkspace} from '../../source/actions/workspace/open-workspace.ts';
import {findHome} from '../../source/host/home.ts';
import {findComposeCli} from '../../source/runtime/docker/compose-cli.ts';
import {runCommand} from '../../source/system/run-command.ts';
import {composeVariants, dockerMissing, makeDockerProject} from '../fixtures/docker/engine.ts';
import {removeTree} from '../fixtures/remove-tree.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';

const compose = (version: string): string => `
services:
  web:
    image: busybox:1.35
    command: ["sh", "-c", "echo ${version} >>/data/started; exec sleep 1000"]
    environment: {TOKEN: token-of-the-test}
    init: true
    volumes: ["data:/data"]
volumes:
  data: {}
`;

const missing = await dockerMissing();
const variants = missing === undefined ? await composeVariants() : [];
const one = variants.find(variant => variant.title === 'docker-compose 1');
if (one === undefined) {
	skipAloud('the definition of a commit by Compose 1', missing ?? 'Compose 1 is not here');
} else {
	test('the definition of a commit, on its data, and back to the compose file', async t => {
		t.timeout(120_000);
		const root = await mkdtemp(path.join(os.tmpdir(), 'coppice-definition-1-'));
		const project = await makeDockerProject({'compose.yaml': compose('one')});
		t.teardown(async () => {
			await project.dispose();
			await removeTree(root);
		});
		// A test file runs in a process of its own.
		Object.assign(process.env, one.environment);
		t.is((await findComposeCli()).major, 1);
		const home = findHome({COPPICE_HOME: path.join(root, 'home')});
		const open = async () => openWorkspace({directory: project.folder, home});
		const inWeb = async (...words: readonly string[]): Promise<string> => {
			const {stdout} = await runCommand(['docker', 'exec', `${project.name}_web_1`, ...words]);
			return stdout;
		};

		/** What it wrote when it was started, after what the branch's data already had. */
		const started = async (): Promise<string> => inWeb('tail', '-n', '1', '/data/started');

		await init({
			directory: project.folder, home, pool: path.join(root, 'pool'), driver: 'directory', runtime: 'docker',
		});
		await up(await open());
		const first = await commit(await open(), {message: 'one'});
		await switchBranch(await open(), {branch: 'two', create: true});
		await writeFile(path.join(project.folder, 'compose.yaml'), compose('two'));
		await up(await open());
		t.is(await started(), 'two');

		const switched = await switchDefinition(await open(), {target: 'main'});
		t.like(switched, {from: 'two', to: 'main', definition: {commit: first.commit.id, byName: []}});
		t.is(await started(), 'one');
		t.is(await inWeb('sh', '-c', 'echo $TOKEN'), 'token-of-the-test', 'values come from the compose file');
		t.false((await inWeb('cat', '/data/started')).includes('two'), 'never on the data of main');
		t.is((await open()).definition?.commit, first.commit.id);

		await up(await open());
		t.is(await started(), 'two');
		t.is((await open()).definition, undefined);
	});
}
