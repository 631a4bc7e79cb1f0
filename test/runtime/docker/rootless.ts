/* eslint-disable ava/no-ignored-test-files -- Tests of soak.config.js. */
/**
A rootless engine: what works as its user, and what is refused clearly.
*/
import {writeFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import test from 'ava';
import type {Check} from '../../../source/actions/doctor.ts';
import {connectEngine, requireRights} from '../../../source/runtime/docker/engine.ts';
import {CoppiceError} from '../../../source/system/errors.ts';
import {dockerMissing} from '../../fixtures/docker/engine.ts';
import {rootlessMissing, startRootlessEngine} from '../../fixtures/docker/rootless-engine.ts';
import {skipAloud} from '../../fixtures/skip-aloud.ts';

const compose = `
services:
  web:
    image: busybox:1.35
    command: ["sh", "-c", "echo up >>/data/file; exec sleep 1000"]
    init: true
    network_mode: none
    stop_grace_period: 1s
    volumes: ["data:/data"]
volumes:
  data: {}
`;

const missing = await dockerMissing() ?? await rootlessMissing();
if (missing === undefined) {
	test('a rootless engine: up, commit and reset as its user; root is told who should', async t => {
		t.timeout(120_000);
		const engine = await startRootlessEngine('busybox:1.35');
		t.teardown(async () => engine.dispose());
		const asRoot = await connectEngine({...process.env, DOCKER_HOST: engine.url});
		t.true(await asRoot.isRootless());
		t.false(await asRoot.reachesContainers());
		const refused = await t.throwsAsync(requireRights(asRoot), {instanceOf: CoppiceError, code: 'permission'});
		t.regex(refused.message, /is rootless/v);

		const folder = path.join(engine.home, 'project');
		await engine.shell('mkdir', folder);
		await writeFile(path.join(folder, 'compose.yaml'), compose);
		const coppice = async (...words: readonly string[]): Promise<string> => {
			const {exitCode, stdout, stderr} = await engine.run(words, folder);
			t.is(exitCode, 0, `${words.join(' ')}: ${stderr}`);
			return stdout;
		};

		const file = path.join(engine.home, 'pool/stacks/project/volumes/data/current/data/file');
		await coppice('init', '--runtime', 'docker', '--driver', 'directory', '--pool', path.join(engine.home, 'pool'));
		await coppice('up');
		t.is(await engine.shell('cat', file), 'up');
		const checks = JSON.parse(await coppice('doctor', '--json')) as readonly Check[];
		const rootless = checks.find(({message}) => message.includes('rootless'));
		t.like(rootless, {name: 'docker engine', result: 'warning'});

		// Without control groups of its own it can't pause anything.
		const {CgroupDriver: groups} = await asRoot.docker.info() as {CgroupDriver: string};
		const canPause = groups !== 'none';
		t.is(rootless?.message.includes('without control groups'), !canPause);
		const live = await engine.run(['commit', '-m', 'of what runs'], folder);
		t.is(live.exitCode === 0, canPause, live.stderr);
		t.is(/without control groups[\s\S]*coppice down/v.test(live.stderr), !canPause);

		await coppice('down');
		await coppice('commit', '-m', 'of what stands still');
		await coppice('up');
		await engine.shell('sh', '-c', `echo mine >>${file}`);
		await coppice('reset', '--yes');
		t.false((await engine.shell('cat', file)).includes('mine'));
		await coppice('undo');
		t.true((await engine.shell('cat', file)).includes('mine'));
		await coppice('down');
	});
} else {
	skipAloud('a rootless engine', missing);
}
