/* eslint no-template-curly-in-string: 'off', unicorn/no-incorrect-template-string-interpolation: 'off' -- Texts of a compose file. */
/**
The definition of a stack on Docker, brought up elsewhere with its variables in `.env`: compose makes the same of it.
*/
import {
	mkdir,
	mkdtemp,
	rm,
	writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import {makeVariablesFile} from '../../../source/actions/sync/project-files.ts';
import {openHistory} from '../../../source/history/open-history.ts';
import {historyFolder} from '../../../source/storage/layout.ts';
import {runCommand} from '../../../source/system/run-command.ts';
import {coppice} from '../../fixtures/built-cli.ts';
import {dockerEnvironment, dockerMissing, makeDockerProject} from '../../fixtures/docker/engine.ts';
import {skipAloud} from '../../fixtures/skip-aloud.ts';
import {startServe} from './agent-process.ts';

const compose = `
services:
  db:
    image: postgres
    command: postgres -c "log_prefix=$$x" -c token=\${DB_TOKEN:-tok$$one}
    environment:
      POSTGRES_PASSWORD: "pa$$s'w#rd\\"x"
      POSTGRES_DB: shop
      HOME: /root
    env_file: extra.env
    volumes: ["data:/var/lib/postgresql/data"]
    healthcheck: {test: ["CMD-SHELL", "pg_isready -U postgres"]}
  app:
    image: redis
    environment: [POSTGRES_PASSWORD=other, "URL=postgres://u:hush-url@db/x"]
    labels: {api-key: hush-label, host: "\${DOMAIN}"}
    depends_on: {db: {condition: service_healthy}}
    networks: [inner, default]
volumes: {data: {}}
networks: {inner: {}}
`;

const title = 'compose makes of a definition elsewhere what it made of it here';
const missing = await dockerMissing();
if (missing === undefined) {
	test(title, async t => {
		const project = await makeDockerProject({'compose.yaml': compose, 'extra.env': 'EXTRA="from a file"\n', '.env': 'DOMAIN=shop.test\n'});
		const root = await mkdtemp(path.join(os.tmpdir(), 'coppice-definition-'));
		t.teardown(async () => {
			await project.dispose();
			await rm(root, {recursive: true, force: true});
		});
		const pool = path.join(root, 'pool');
		const env = {...dockerEnvironment, COPPICE_HOME: path.join(root, 'home')};
		for (const words of [['init', '--pool', pool, '--driver', 'directory', '--runtime', 'docker'], ['commit', '-m', 'one']]) {
			const {exitCode, stderr} = await coppice(words, {cwd: project.folder, env});
			t.is(exitCode, 0, `${words[0]!}: ${stderr}`);
		}

		const branches = await openHistory(historyFolder(pool, project.name)).branches();
		const commit = branches.get('main')!;
		const client = await startServe([], env);
		t.teardown(async () => client.close());
		const definition = await client.call('definition', {stack: project.name, commit});
		t.is(definition.runtime, 'docker');
		t.notRegex(definition.compose!, /hush|tok\$|w#rd|from a file/v);

		const elsewhere = await mkdtemp(path.join(root, 'elsewhere-'));
		const {text, missing: unknown} = makeVariablesFile(definition.variables, 'there');
		t.deepEqual(unknown, []);
		await writeFile(path.join(elsewhere, 'compose.yaml'), definition.compose!);
		await writeFile(path.join(elsewhere, '.env'), text);
		const resolve = async (folder: string): Promise<unknown> => {
			const {stdout} = await runCommand(['docker', 'compose', 'config', '--format', 'json'], {cwd: folder, env: dockerEnvironment});
			return JSON.parse(stdout);
		};

		t.deepEqual(await resolve(elsewhere), await resolve(project.folder));

		// A key without a right to the values gets their names.
		await mkdir(path.join(env.COPPICE_HOME, 'config'), {recursive: true});
		await writeFile(path.join(env.COPPICE_HOME, 'config/policy.yaml'), 'roles: {laptop: [{stacks: ["*"], allow: [pull]}]}');
		const laptop = await startServe(['--policy', 'laptop'], env);
		t.teardown(async () => laptop.close());
		const limited = await laptop.call('definition', {stack: project.name, commit});
		t.is(limited.compose, definition.compose);
		t.true(Object.values(limited.variables).every(value => value === null));
	});
} else {
	skipAloud(title, missing);
}
