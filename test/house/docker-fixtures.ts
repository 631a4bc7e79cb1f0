/* eslint-disable ava/no-ignored-test-files -- It is run by `npm run soak`. */
/**
The images that the tests with Docker run behave as the official ones do, with each version of Compose: otherwise those tests would show nothing
about the stacks that people have.
*/
import fs from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {setTimeout as sleep} from 'node:timers/promises';
import test from 'ava';
import pRetry from 'p-retry';
import {composeVariants, dockerMissing, makeDockerProject} from '../fixtures/docker/engine.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';
import {runCommand, tryCommand} from '../../source/system/run-command.ts';

const missing = await dockerMissing();

/** Each with one secret in a variable and, where it has two, one in a file. */
const databases = String.raw`
services:
  postgres:
    image: postgres:15
    environment:
      POSTGRES_USER: shop
      POSTGRES_PASSWORD_FILE: /run/secrets/postgres
      POSTGRES_DB: orders
    volumes: ['./init/postgres:/docker-entrypoint-initdb.d:ro', './secrets:/run/secrets:ro', 'pg:/var/lib/postgresql/data']
    healthcheck: &often {test: pg_isready -h 127.0.0.1 -U shop, interval: 1s, timeout: 5s, retries: 60}
  mariadb:
    image: mariadb:10.11
    environment:
      MARIADB_ROOT_PASSWORD_FILE: /run/secrets/mariadb
      MYSQL_USER: shop
      MYSQL_PASSWORD: it's\two
      MYSQL_DATABASE: orders
    volumes: ['./init/mariadb:/docker-entrypoint-initdb.d:ro', './secrets:/run/secrets:ro', 'maria:/var/lib/mysql']
    healthcheck: {<<: *often, test: healthcheck.sh --connect --innodb_initialized}
  redis:
    image: redis:7
    command: --requirepass sesame --appendonly yes
    volumes: ['cache:/data']
    healthcheck: {<<: *often, test: redis-cli -a sesame ping | grep PONG}
volumes: {pg: {}, maria: {}, cache: {}}
`;

const files = {
	'compose.yaml': databases,
	'secrets/postgres': 'open-sesame\n',
	'secrets/mariadb': 'root-sesame\n',
	'init/postgres/1.sql': 'CREATE TABLE made (by text); INSERT INTO made VALUES (\'sql\');',
	'init/postgres/2.sh': 'psql --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --command "INSERT INTO made VALUES (\'sh\')"\n',
	'init/mariadb/1.sql': 'CREATE TABLE made (by_what text); INSERT INTO made VALUES (\'sql\');',
};

if (missing === undefined) {
	test('the three databases come up with their variables, secrets in files and init files, and keep their data', async t => {
		const project = await makeDockerProject(files);
		t.teardown(project.dispose);
		const ask = async (service: string, ...command: readonly string[]) => (await project.compose('exec', '-T', service, ...command)).stdout;
		const askPostgres = async () => ask(
			'postgres', 'env', 'PGPASSWORD=open-sesame', 'psql', '-h', 'postgres', '-U', 'shop', '-At', 'orders', '-c', 'SELECT by FROM made',
		);
		const askMariadb = async () => ask(
			'mariadb', 'mariadb', '-h', 'mariadb', '-u', 'shop', String.raw`-pit's\two`, '-sN', 'orders', '-e', 'SELECT by_what FROM made',
		);
		await project.compose('up', '-d', '--wait');

		t.is(await askPostgres(), 'sql\nsh');
		t.is(await askMariadb(), 'sql');
		t.is(await ask('mariadb', 'mariadb', '-h', 'mariadb', '-u', 'root', '-proot-sesame', '-sN', '-e', 'SELECT CURRENT_USER()'), 'root@%');
		t.is(await ask('redis', 'redis-cli', '-h', 'redis', '-a', 'sesame', 'SET', 'made', 'once'), 'OK');

		const wrong = await tryCommand(
			['docker', 'compose', 'exec', '-T', '-e', 'PGPASSWORD=wrong', 'postgres', 'psql', '-h', 'postgres', '-U', 'shop', '-c', 'SELECT 1', 'orders'],
			{cwd: project.folder},
		);
		t.regex(wrong.stderr, /password authentication failed/v);

		for (const [service, folder] of [['postgres', '/var/lib/postgresql/data'], ['mariadb', '/var/lib/mysql'], ['redis', '/data']] as const) {
			t.is(await ask(service, 'stat', '-c', '%u', folder), '999', `the owner in ${service}`);
		}

		await project.compose('down');
		await project.compose('up', '-d', '--wait');
		t.is(await askPostgres(), 'sql\nsh');
		t.is(await askMariadb(), 'sql');
		t.is(await ask('redis', 'redis-cli', '-h', 'redis', '-a', 'sesame', 'GET', 'made'), 'once');

		// Each stops by the signal that its image names, long before the ten seconds after which it is killed.
		await project.compose('stop');
		const {stdout} = await runCommand(['docker', 'inspect', '--format', '{{.State.ExitCode}}', ...['postgres', 'mariadb', 'redis'].map(service => `${project.name}-${service}-1`)]);
		t.is(stdout, '0\n0\n0');
	});

	test('a database without a password says so as the official image does', async t => {
		for (const [image, says] of [['postgres:15', /superuser password is not specified/v], ['mariadb:10.11', /password option is not specified/v]] as const) {
			const {exitCode, stderr} = await tryCommand(['docker', 'run', '--rm', image]);
			t.is(exitCode, 1);
			t.regex(stderr, says);
		}
	});

	test('each version of Compose builds an image offline, and nothing of a project is left', async t => {
		const variants = await composeVariants();
		t.true(variants.length > 0);
		for (const {title, command, environment} of variants) {
			const project = await makeDockerProject({
				'compose.yaml': 'version: "3.7"\nservices:\n  web:\n    build: .\n    volumes: ["site:/www"]\nvolumes: {site: {}}\n',
				Dockerfile: 'FROM busybox:1.35\nRUN mkdir /www && echo built > /www/index.html\nVOLUME /other\nCMD ["httpd", "-f", "-h", "/www"]\n',
			});
			t.teardown(project.dispose);
			await runCommand([...command, 'up', '-d'], {cwd: project.folder, env: environment});
			const {stdout: id} = await runCommand([...command, 'ps', '-q', 'web'], {cwd: project.folder, env: environment});
			let said = await tryCommand(['docker', 'exec', id, 'wget', '-qO-', 'http://127.0.0.1/']);
			for (let attempt = 0; attempt < 100 && said.exitCode !== 0; attempt++) {
				await sleep(50);
				said = await tryCommand(['docker', 'exec', id, 'wget', '-qO-', 'http://127.0.0.1/']);
			}

			t.is(said.stdout, 'built', title);

			// The kernel can't freeze every busy container at the first attempt.
			await pRetry(async () => runCommand(['docker', 'pause', id]), {retries: 5, minTimeout: 100});
			await project.dispose();
			for (const list of [['ps', '--all'], ['volume', 'ls'], ['network', 'ls'], ['images']]) {
				const {stdout} = await runCommand(['docker', ...list]);
				t.false(stdout.includes(project.name), `${title}: ${list.join(' ')}`);
			}

			await t.throwsAsync(fs.access(project.folder));
		}
	});

	test('what a killed test made is removed', async t => {
		const program = `
			import {makeDockerProject} from ${JSON.stringify(path.join(import.meta.dirname, '../fixtures/docker/engine.ts'))};
			const project = await makeDockerProject({'compose.yaml': 'services: {one: {image: busybox:1.35, command: sleep 1000}}'});
			await project.compose('up', '-d');
			console.log(project.name);
			process.kill(process.pid, 'SIGKILL');
		`;
		const {stdout: name} = await tryCommand([process.execPath, '--input-type=module', '--eval', program]);
		t.regex(name, /^coppice-test-/v);
		let left = '?';
		for (let attempt = 0; left !== '' && attempt < 200; attempt++) {
			await sleep(50);
			const [containers, networks] = await Promise.all([
				runCommand(['docker', 'ps', '--all', '--quiet', '--filter', `name=${name}`]),
				runCommand(['docker', 'network', 'ls', '--quiet', '--filter', `name=${name}`]),
			]);
			left = containers.stdout + networks.stdout;
		}

		t.is(left, '');
	});
} else {
	skipAloud('the images that the tests with Docker run', missing);
}
