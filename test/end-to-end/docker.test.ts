/**
The main job on a Docker engine, through the built command: a Postgres is committed, broken, reset, and plain compose sees the same data.
*/
import path from 'node:path';
import test from 'ava';
import type {ResetResult} from '../../source/actions/reset.ts';
import type {UpResult} from '../../source/actions/services.ts';
import {runCommand} from '../../source/system/run-command.ts';
import {coppice} from '../fixtures/built-cli.ts';
import {dockerMissing, makeDockerProject} from '../fixtures/docker/engine.ts';
import {loopBtrfs, loopBtrfsMissing} from '../fixtures/loop-btrfs.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';

const compose = `
services:
  db:
    image: postgres:15
    environment:
      POSTGRES_PASSWORD: secret-of-the-test
    volumes: ["data:/var/lib/postgresql/data"]
  apart:
    image: busybox:1.35
    command: ["sleep", "600"]
    init: true
volumes:
  data: {}
`;

const missing = await dockerMissing() ?? await loopBtrfsMissing();
if (missing === undefined) {
	test('init, up, commit, break, reset, undo, down; plain compose uses the same data', async t => {
		const project = await makeDockerProject({'compose.yaml': compose});
		const disk = await loopBtrfs();
		const env = {COPPICE_HOME: path.join(path.dirname(project.folder), 'home'), NO_COLOR: '1'};
		const run = async (...arguments_: readonly string[]) => coppice(arguments_, {cwd: project.folder, env});
		const json = async <Result>(...arguments_: readonly string[]): Promise<Result> => {
			const {exitCode, stdout, stderr} = await run(...arguments_, '--json');
			if (exitCode !== 0) {
				throw new Error(`coppice ${arguments_.join(' ')} ended with ${exitCode}:\n${stderr}`);
			}

			return JSON.parse(stdout) as Result;
		};

		t.teardown(async () => {
			await project.dispose();
			await disk.dispose();
		});
		const docker = async (...arguments_: readonly string[]): Promise<string> => {
			const {stdout} = await runCommand(['docker', ...arguments_]);
			return stdout.trim();
		};

		const container = `${project.name}-db-1`;
		const sql = async (text: string): Promise<string> => docker('exec', container, 'psql', '-U', 'postgres', '-tAqc', text);
		const idOf = async (name: string): Promise<string> => docker('inspect', '-f', '{{.Id}}', `${project.name}-${name}-1`);
		const startOf = async (name: string): Promise<string> => docker('inspect', '-f', '{{.State.StartedAt}}', `${project.name}-${name}-1`);

		await json('init', '--pool', path.join(disk.path, 'pool'), '--driver', 'btrfs', '--runtime', 'docker');
		const up = await json<UpResult>('up');
		t.true(up.services.every(service => service.ready));
		t.regex(up.services.find(service => service.name === 'db')?.connectionString ?? '', /@172\./v, 'without a published port, by the address of its container');
		await sql('create table t as select generate_series(1, 1000) i');
		await json('commit', '-m', 'first');
		const [id, apart] = [await idOf('db'), await startOf('apart')];
		await sql('drop table t');
		const reset = await json<ResetResult>('reset');
		t.deepEqual(reset.restarted, ['db']);
		t.is(await sql('select count(*) from t'), '1000');
		t.is(await idOf('db'), id, 'the same container');
		t.is(await startOf('apart'), apart, 'the other service was left alone');

		// Somebody else's container has the data open.
		await docker('run', '--detach', '--name', `${project.name}-other`, '-v', `${project.name}_data:/x:ro`, 'busybox:1.35', 'sleep', '600');
		const before = await startOf('db');
		const refused = await run('undo');
		t.is(refused.exitCode, 5);
		t.regex(refused.stderr, new RegExp(`in use by the container ${project.name}-other, which mounts data`, 'v'));
		t.is(await startOf('db'), before, 'nothing was stopped for it');
		await docker('rm', '--force', `${project.name}-other`);

		// A paused service has its files open too, and is restarted.
		await docker('pause', container);
		await json('undo');
		t.is(await sql('select count(*) from pg_class where relname = \'t\''), '0');
		await json('reset');
		await json('down');
		t.is(await docker('ps', '--all', '--quiet', '--filter', `label=com.docker.compose.project=${project.name}`), '');

		await project.compose('up', '--detach', '--wait');
		const ready = await json<UpResult>('up');
		t.true(ready.services.every(service => service.ready));
		t.is(await sql('select count(*) from t'), '1000');
	});
} else {
	skipAloud('the main job on a Docker engine', missing);
}
