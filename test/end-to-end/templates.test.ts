/**
Projects from templates, started for real: as processes of this machine, and as containers of a Docker engine. Their seed data must be there, their
settings in force, and a commit and a reset must hold.
*/
import {
	chmod,
	mkdtemp,
	readFile,
	writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {execa} from 'execa';
import {newStack} from '../../source/actions/new-stack.ts';
import type {TemplateName} from '../../source/actions/templates/templates.ts';
import {findProgram} from '../../source/runtime/process/recipes/find-program.ts';
import {findPostgres} from '../../source/runtime/process/recipes/postgres-binaries.ts';
import {coppice} from '../fixtures/built-cli.ts';
import {dockerMissing, makeDockerProject} from '../fixtures/docker/engine.ts';
import {freePort} from '../fixtures/free-port.ts';
import {removeTree} from '../fixtures/remove-tree.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';
import {isSoak} from '../fixtures/soak.ts';

type Run = (...words: readonly string[]) => Promise<string>;

const sixOrders = [
	'1|Ada Moreau|shipped|75.50', '2|Jonas Lind|shipped|41.70', '3|Ada Moreau|paid|87.80', '4|Priya Nair|open|80.65', '5|Tomás Vega|cancelled|122.00', '6|Wanjiru Kamau|paid|104.50',
].join('\n');

const askPostgres = (sql: string): readonly string[] => ['db', 'psql', '--user', 'app', 'app', '--no-align', '--tuples-only', '--command', sql];
const askMariadb = (sql: string): readonly string[] => [
	'db', 'sh', '-c', String.raw`mariadb --user=app --password="$MARIADB_PASSWORD" --default-character-set=utf8mb4 app --batch --skip-column-names --execute="${sql}" | tr '\t' '|'`,
];

const checkPostgres = async (t: ExecutionContext, exec: Run): Promise<void> => {
	t.is(await exec(...askPostgres('SELECT * FROM order_totals ORDER BY id')), sixOrders);
	t.is(await exec(...askPostgres('SELECT string_agg(name || \'=\' || setting, \' \' ORDER BY name) FROM pg_settings WHERE name IN (\'full_page_writes\', \'wal_recycle\', \'wal_init_zero\', \'data_checksums\', \'recovery_init_sync_method\')')), 'data_checksums=on full_page_writes=on recovery_init_sync_method=syncfs wal_init_zero=off wal_recycle=off');
};

type Case = {
	readonly template: TemplateName;

	/** What it needs as processes of this machine. */
	readonly needs: ReadonlyArray<'postgres' | 'redis' | 'mariadb'>;

	/** That the seed data are there and the settings in force. */
	readonly check: (t: ExecutionContext, exec: Run) => Promise<void>;

	/** A change, and what tells whether it is there. */
	readonly change: readonly string[];
	readonly ask: readonly string[];
	readonly before: string;
	readonly after: string;
};

const cases: readonly Case[] = [
	{
		template: 'postgres',
		needs: ['postgres'],
		check: checkPostgres,
		change: askPostgres('DELETE FROM order_lines'),
		ask: askPostgres('SELECT count(*) FROM order_lines'),
		before: '10',
		after: '0',
	},
	{
		template: 'postgres-redis',
		needs: ['postgres', 'redis'],
		async check(t, exec) {
			await checkPostgres(t, exec);
			t.is(await exec('cache', 'redis-cli', 'config', 'get', 'appendonly'), 'appendonly\nyes');
			t.is(await exec('cache', 'redis-cli', 'config', 'get', 'save'), 'save');
		},
		change: ['cache', 'redis-cli', 'set', 'greeting', 'hello'],
		ask: ['cache', 'redis-cli', 'exists', 'greeting'],
		before: '0',
		after: '1',
	},
	{
		template: 'mariadb',
		needs: ['mariadb'],
		async check(t, exec) {
			t.is(await exec(...askMariadb('SELECT * FROM order_totals ORDER BY id')), sixOrders);
			t.is(await exec(...askMariadb('SELECT @@innodb_doublewrite, @@innodb_flush_neighbors, @@innodb_flush_method, @@innodb_log_file_size')), '1|0|fsync|67108864');
		},
		change: askMariadb('DELETE FROM order_lines'),
		ask: askMariadb('SELECT count(*) FROM order_lines'),
		before: '10',
		after: '0',
	},
];

const noDocker = isSoak ? await dockerMissing() : undefined;
const installations = await findPostgres();
const has = {
	postgres: installations.length > 0 && findProgram(['psql']) !== undefined,
	redis: findProgram(['redis-server']) !== undefined && findProgram(['redis-cli']) !== undefined,
	mariadb: findProgram(['mariadbd']) !== undefined && findProgram(['mariadb-install-db']) !== undefined && findProgram(['mariadb']) !== undefined,
};

/**
Other values in `.env`: what a template chooses may be taken by the time it is used, since other tests run at the same time.
*/
const setVariables = async (folder: string, choose: (name: string) => Promise<string | undefined>): Promise<void> => {
	const file = path.join(folder, '.env');
	const lines: string[] = [];
	for (const line of (await readFile(file, 'utf8')).split('\n')) {
		const [name = ''] = line.split('=', 1);
		const value = await choose(name);
		lines.push(value === undefined ? line : `${name}=${value}`);
	}

	await writeFile(file, lines.join('\n'));
};

const portOrNothing = async (name: string): Promise<string | undefined> => name.endsWith('_PORT') ? String(await freePort()) : undefined;

/** What the images are that the tests have. */
const versions: Readonly<Record<string, string>> = {POSTGRES_VERSION: '15', REDIS_VERSION: '7', MARIADB_VERSION: '10.11'};

/**
Takes the project up and does the whole round with `coppice`.
*/
const goRound = async (t: ExecutionContext, {check, change, ask, before, after}: Case, {project, root, runtime}: {
	readonly project: string;
	readonly root: string;
	readonly runtime: 'process' | 'docker';
}): Promise<void> => {
	const run: Run = async (...words) => {
		const result = await coppice(words, {cwd: project, env: {COPPICE_HOME: path.join(root, 'home')}});
		if (result.exitCode !== 0) {
			throw new Error(`coppice ${words.join(' ')} ended with ${result.exitCode}:\n${result.stdout}\n${result.stderr}`);
		}

		return result.stdout.trim();
	};

	const exec: Run = async (...words) => run('exec', ...words);
	t.teardown(async () => {
		await coppice(['down'], {cwd: project, env: {COPPICE_HOME: path.join(root, 'home')}});
	});
	await run('init', '--runtime', runtime, '--pool', path.join(root, 'pool'), '--driver', 'directory');
	await run('up');
	await check(t, exec);
	t.is(await exec(...ask), before);
	await run('commit', '-m', 'As it came');
	await exec(...change);
	t.is(await exec(...ask), after);
	await run('reset');
	t.is(await exec(...ask), before);
};

// The Postgres of its own is the same as the one beside Redis, see the tests of `newStack`: it is left for the soak. So are containers, whose images take
// up the same files in ways of their own; other tests run these images, with other files.
const casesAsProcesses = cases.filter(({template}) => isSoak || template !== 'postgres');
const casesInContainers = isSoak ? cases : [];

for (const each of casesAsProcesses) {
	const {template, needs} = each;
	const title = `${template}: as processes of this machine`;
	const missing = needs.filter(need => !has[need]);
	if (missing.length > 0) {
		skipAloud(title, `there is no ${missing.join(' and no ')} on this machine`);
		continue;
	}

	test.serial(title, async t => {
		const root = await mkdtemp(path.join(os.tmpdir(), 'coppice-templates-'));
		// Databases run as unprivileged users and have to get to their data.
		await chmod(root, 0o711);
		t.teardown(async () => removeTree(root));
		const {folder} = await newStack({name: 'shop', directory: root, template});
		await setVariables(folder, portOrNothing);
		await goRound(t, each, {project: folder, root, runtime: 'process'});
	});
}

for (const each of casesInContainers) {
	const {template} = each;
	const title = `${template}: in containers, and by plain docker compose`;
	if (noDocker !== undefined) {
		skipAloud(title, noDocker);
		continue;
	}

	test.serial(title, async t => {
		const project = await makeDockerProject({});
		t.teardown(async () => project.dispose());
		const root = path.dirname(project.folder);
		await newStack({name: project.name, directory: root, template});
		await setVariables(project.folder, async name => versions[name] ?? portOrNothing(name));
		await goRound(t, each, {project: project.folder, root, runtime: 'docker'});
		// Plain compose sees the same data.
		await project.compose('down');
		await project.compose('up', '--detach', '--wait');
		await each.check(t, async (...words) => {
			const {stdout} = await project.compose('exec', '-T', ...words);
			return stdout.trim();
		});
	});
}

const webTitle = 'web: a server as a process of this machine, with its databases and its cache';
if (!has.postgres || !has.redis) {
	skipAloud(webTitle, 'there is no Postgres or no Redis on this machine');
} else {
	test.serial(webTitle, async t => {
		const root = await mkdtemp(path.join(os.tmpdir(), 'coppice-templates-'));
		await chmod(root, 0o711);
		t.teardown(async () => removeTree(root));
		const {folder} = await newStack({name: 'shop', directory: root, template: 'web'});
		await setVariables(folder, portOrNothing);
		// Npm tries for many minutes where a registry can't be reached.
		await execa('npm', ['install', '--prefer-offline', '--omit=dev', '--no-audit', '--no-fund'], {cwd: path.join(folder, 'app'), timeout: 120_000});
		const {APP_PORT: port} = Object.fromEntries((await readFile(path.join(folder, '.env'), 'utf8')).split('\n').map(line => line.split('=', 2))) as Record<string, string>;
		const request = async (route: string, body?: object): Promise<Record<string, unknown>> => {
			const response = await fetch(`http://127.0.0.1:${port}${route}`, body && {method: 'POST', body: JSON.stringify(body)});
			t.is(response.status, 200, `${route} failed`);
			return await response.json() as Record<string, unknown>;
		};

		const env = {COPPICE_HOME: path.join(root, 'home')};
		const run = async (...words: readonly string[]): Promise<void> => {
			const result = await coppice(words, {cwd: folder, env});
			t.is(result.exitCode, 0, `it said: ${result.stderr}`);
		};

		t.teardown(async () => coppice(['down'], {cwd: folder, env}));
		await run('init', '--runtime', 'process', '--pool', path.join(root, 'pool'), '--driver', 'directory');
		await run('up');
		t.like(await request('/products'), {from: 'database'});
		t.like(await request('/products'), {from: 'cache'});
		await run('commit', '-m', 'As it came');
		t.deepEqual(await request('/orders', {customer: 1, product: 2, quantity: 3}), {order: 7});
		t.like(await request('/products'), {from: 'database'});
		const stockOf = async (): Promise<number> => {
			const {products} = await request('/products') as {products: ReadonlyArray<{readonly id: number; readonly stock: number}>};
			return products.find(({id}) => id === 2)!.stock;
		};

		t.is(await stockOf(), 42);
		await run('reset');
		// The server's connections come back by themselves.
		await run('up');
		t.is(await stockOf(), 45, 'database and cache are of one instant');
		t.is((await request('/orders') as {orders: unknown[]}).orders.length, 6);
	});
}
