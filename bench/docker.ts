/**
`coppice reset` of a Postgres on Docker against `docker restart` of the same container, both until a client can query; and how long the
containers of three databases are paused for a commit. Needs the engine that the tests set up.
*/
import path from 'node:path';
import process from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import {execa} from 'execa';
import pg from 'pg';
import type {CommitResult} from '../source/actions/commit.ts';
import {coppice} from '../test/fixtures/built-cli.ts';
import {dockerEnvironment, dockerMissing, makeDockerProject} from '../test/fixtures/docker/engine.ts';
import {freePort} from '../test/fixtures/free-port.ts';
import {loopBtrfs} from '../test/fixtures/loop-btrfs.ts';
import {percentile, printRatios, time} from './measure.ts';

const runs = Number(process.env.BENCH_RUNS ?? 20);

const database = (port: number): string => `
services:
  db:
    image: postgres:15
    environment: {POSTGRES_PASSWORD: secret-of-the-bench}
    ports: ["127.0.0.1:${port}:5432"]
    volumes: ["data:/var/lib/postgresql/data"]
`;

const one = (port: number): string => `${database(port)}
volumes: {data: {}}
`;

const three = (port: number): string => `${database(port)}
  cache:
    image: redis:7
    command: ["redis-server", "--appendonly", "yes"]
    volumes: ["cache:/data"]
  shop:
    image: mariadb:10.11
    environment: {MARIADB_ROOT_PASSWORD: secret-of-the-bench}
    volumes: ["shop:/var/lib/mysql"]
volumes: {data: {}, cache: {}, shop: {}}
`;

type Bench = {
	readonly container: string;
	readonly run: (...words: readonly string[]) => Promise<string>;
	readonly query: (sql: string) => Promise<void>;
};

const withStack = async (compose: (port: number) => string, measure: (bench: Bench) => Promise<void>): Promise<void> => {
	const port = await freePort();
	const project = await makeDockerProject({'compose.yaml': compose(port)});
	const disk = await loopBtrfs({sizeBytes: 4 * (2 ** 30)});
	const env = {COPPICE_HOME: path.join(path.dirname(project.folder), 'home'), ...dockerEnvironment};
	const run = async (...words: readonly string[]): Promise<string> => {
		const {exitCode, stdout, stderr} = await coppice([...words, '--json'], {cwd: project.folder, env});
		if (exitCode !== 0) {
			throw new Error(`coppice ${words.join(' ')}: ${stderr}`);
		}

		return stdout;
	};

	const query = async (sql: string): Promise<void> => {
		const client = new pg.Client({
			host: '127.0.0.1', port, user: 'postgres', password: 'secret-of-the-bench',
		});
		client.on('error', () => undefined);
		await client.connect();
		await client.query(sql);
		await client.end();
	};

	try {
		await run('init', '--pool', path.join(disk.path, 'pool'), '--driver', 'btrfs', '--runtime', 'docker');
		await run('up');
		await query('create table filler as select i, repeat(md5(i::text), 8) as text from generate_series(1, 200000) i');
		await run('commit', '-m', 'first');
		await measure({container: `${project.name}-db-1`, run, query});
	} finally {
		await project.dispose();
		await disk.dispose();
	}
};

const benchReset = async ({container, run, query}: Bench): Promise<void> => {
	const untilReady = async (): Promise<void> => {
		for (;;) {
			try {
				await query('select 1');
				return;
			} catch {
				await delay(2);
			}
		}
	};

	const restarts: number[] = [];
	const resets: number[] = [];
	for (let index = 0; index < runs; index++) {
		await query(`create table extra_${index} as select 1`);
		restarts.push(await time(async () => {
			await execa('docker', ['restart', container]);
			await untilReady();
		}));
		resets.push(await time(async () => {
			await run('reset');
		}));
		// It was ready when reset said so.
		await query('select 1');
	}

	printRatios('Postgres on Docker until a client can query (goal: at most 1.3×)', [['docker restart of its container', restarts], ['coppice reset', resets]]);
};

const benchPause = async ({run}: Bench): Promise<void> => {
	const stills: number[] = [];
	for (let index = 0; index < runs; index++) {
		const {commit} = JSON.parse(await run('commit', '-m', `run ${index}`)) as CommitResult;
		stills.push(commit.stillMilliseconds);
	}

	process.stdout.write(`\nCommit of Postgres, MariaDB and Redis on Docker, idle, ${runs} runs\n  containers paused     p50 ${percentile(stills, 0.5).toFixed(0)} ms   p99 ${percentile(stills, 0.99).toFixed(0)} ms\n`);
};

const missing = await dockerMissing();
if (missing === undefined) {
	await withStack(one, benchReset);
	await withStack(three, benchPause);
} else {
	process.stdout.write(`\nDocker was not measured: ${missing}\n`);
}
