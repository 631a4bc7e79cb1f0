/**
The proof that a commit is one instant of all databases of a stack.

A writer moves amounts between three databases (Postgres, MariaDB, Redis) in steps, in several lanes side by side. A step writes to Postgres, then to
MariaDB, then to Redis, each in a transaction that is waited for, and each logs the step's number. So at any one instant, and only then, in every lane

- `postgres >= mariadb >= redis >= postgres - 1`, these being the last steps logged;
- each log has every step from the first, with the amount that the step has there, and each balance is what its log adds up to;
- the amounts of a step that all three have logged add up to nothing.

Commits are taken under this load. Afterwards the stack is reset to each, and asked.
*/
import {randomBytes} from 'node:crypto';
import path from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import type {ExecutionContext} from 'ava';
import {createConnection, type Connection, type RowDataPacket} from 'mysql2/promise';
import pg from 'pg';
import {RespClient} from '../../source/database/resp-client.ts';
import {tryCommand} from '../../source/system/run-command.ts';
import type {CommitResult} from '../../source/actions/commit.ts';
import {coppice} from '../fixtures/built-cli.ts';
import {makeDockerProject} from '../fixtures/docker/engine.ts';
import {freePort} from '../fixtures/free-port.ts';
import {loopBtrfs} from '../fixtures/loop-btrfs.ts';

const opening = 1_000_000;
const password = randomBytes(9).toString('base64url');

type Ports = {readonly postgres: number; readonly mariadb: number; readonly redis: number};

const composeFile = (ports: Ports, syncs: boolean): string => JSON.stringify({
	services: {
		postgres: {
			image: 'postgres:15',
			command: ['postgres', '-c', `fsync=${syncs ? 'on' : 'off'}`],
			environment: {POSTGRES_PASSWORD: password, POSTGRES_INITDB_ARGS: '--data-checksums'},
			ports: [`127.0.0.1:${ports.postgres}:5432`],
			volumes: ['postgres:/var/lib/postgresql/data'],
		},
		mariadb: {
			image: 'mariadb:10.11',
			command: [`--innodb-flush-log-at-trx-commit=${syncs ? 1 : 2}`],
			environment: {MARIADB_ROOT_PASSWORD: password, MARIADB_DATABASE: 'ledger'},
			ports: [`127.0.0.1:${ports.mariadb}:3306`],
			volumes: ['mariadb:/var/lib/mysql'],
		},
		redis: {
			image: 'redis:7',
			command: ['redis-server', '--appendonly', 'yes', '--appendfsync', syncs ? 'always' : 'no', '--requirepass', password],
			ports: [`127.0.0.1:${ports.redis}:6379`],
			volumes: ['redis:/data'],
		},
	},
	volumes: {postgres: {}, mariadb: {}, redis: {}},
});

/** One connection to each. */
class Clients {
	static async open(ports: Ports): Promise<Clients> {
		const postgres = new pg.Client({
			host: '127.0.0.1', port: ports.postgres, user: 'postgres', password, database: 'postgres', connectionTimeoutMillis: 10_000,
		});
		postgres.on('error', () => {});
		await postgres.connect();
		const mariadb = await createConnection({
			host: '127.0.0.1', port: ports.mariadb, user: 'root', password, database: 'ledger', connectTimeout: 10_000,
		});
		mariadb.on('error', () => {});
		const redis = new RespClient({host: '127.0.0.1', port: ports.redis}, new AbortController().signal);
		await redis.command('AUTH', password);
		return new Clients(postgres, mariadb, redis);
	}

	readonly postgres: pg.Client;
	readonly mariadb: Connection;
	readonly redis: RespClient;

	private constructor(postgres: pg.Client, mariadb: Connection, redis: RespClient) {
		this.postgres = postgres;
		this.mariadb = mariadb;
		this.redis = redis;
	}

	async close(): Promise<void> {
		this.mariadb.destroy();
		this.redis.close();
		await this.postgres.end().catch(() => undefined);
	}
}

/** What a step moves in each database: any amounts that add up to nothing, the same whenever they are asked for. */
const amounts = (lane: number, step: number): readonly [postgres: number, mariadb: number, redis: number] => {
	const first = ((step * 7919) + (lane * 104_729)) % 1009;
	const second = ((step * 6007) + lane) % 499;
	return [-first, first - second, second];
};

const sumOf = (values: readonly number[]): number => {
	let sum = 0;
	for (const value of values) {
		sum += value;
	}

	return sum;
};

const prepare = async (ports: Ports, lanes: number): Promise<void> => {
	const clients = await Clients.open(ports);
	try {
		const {postgres, mariadb, redis} = clients;
		await postgres.query('create extension amcheck');
		await postgres.query('create table balances (lane int primary key, balance bigint not null)');
		await postgres.query('create table steps (lane int, step int, amount bigint not null, primary key (lane, step))');
		await mariadb.query('create table balances (lane int primary key, balance bigint not null) engine=InnoDB');
		await mariadb.query('create table steps (lane int, step int, amount bigint not null, primary key (lane, step)) engine=InnoDB');
		for (let lane = 0; lane < lanes; lane++) {
			await postgres.query('insert into balances values ($1, $2)', [lane, opening]);
			await mariadb.query('insert into balances values (?, ?)', [lane, opening]);
			await redis.command('SET', `balance:${lane}`, String(opening));
		}
	} finally {
		await clients.close();
	}
};

const makeStep = async ({postgres, mariadb, redis}: Clients, lane: number, step: number): Promise<void> => {
	const [first, second, third] = amounts(lane, step);
	await postgres.query('begin');
	await postgres.query('update balances set balance = balance + $1 where lane = $2', [first, lane]);
	await postgres.query('insert into steps values ($1, $2, $3)', [lane, step, first]);
	await postgres.query('commit');

	await mariadb.beginTransaction();
	await mariadb.query('update balances set balance = balance + ? where lane = ?', [second, lane]);
	await mariadb.query('insert into steps values (?, ?, ?)', [lane, step, second]);
	await mariadb.commit();

	await redis.command('MULTI');
	await redis.command('INCRBY', `balance:${lane}`, String(third));
	await redis.command('RPUSH', `steps:${lane}`, `${step} ${third}`);
	await redis.command('EXEC');
};

type Load = {
	/** The last step of each lane that all three have answered. */
	done(): readonly number[];
	readonly errors: readonly string[];

	/** New connections that were opened and used meanwhile. */
	visits(): number;
	stop(): Promise<void>;
};

/**
Starts the lanes, and a visitor that connects anew to all three again and again. Nothing is tried twice: whatever fails is an error.
*/
const startLoad = (ports: Ports, lanes: number): Load => {
	const stopping = new AbortController();
	const done = Array.from({length: lanes}, () => 0);
	const errors: string[] = [];
	let visits = 0;
	const noting = async (what: string, work: () => Promise<void>): Promise<void> => {
		try {
			await work();
		} catch (error) {
			errors.push(`${what}: ${String(error)}`);
		}
	};

	const runLane = async (lane: number): Promise<void> => {
		const clients = await Clients.open(ports);
		try {
			for (let step = 1; !stopping.signal.aborted; step++) {
				await makeStep(clients, lane, step);
				done[lane] = step;
			}
		} finally {
			await clients.close();
		}
	};

	const visit = async (): Promise<void> => {
		while (!stopping.signal.aborted) {
			const clients = await Clients.open(ports);
			try {
				await Promise.all([clients.postgres.query('select 1'), clients.mariadb.query('select 1'), clients.redis.command('PING')]);
				visits++;
			} finally {
				await clients.close();
			}

			await delay(10);
		}
	};

	const running = Promise.all([
		...done.map(async (_, lane) => noting(`lane ${lane}`, async () => runLane(lane))),
		noting('a new connection', visit),
	]);
	return {
		done: () => [...done],
		errors,
		visits: () => visits,
		async stop() {
			stopping.abort();
			await running;
		},
	};
};

/** What one database has of one lane. */
type Logged = {readonly steps: ReadonlyArray<readonly [step: number, amount: number]>; readonly balance: number};

const readLane = async ({postgres, mariadb, redis}: Clients, lane: number): Promise<readonly Logged[]> => {
	type Row = {readonly step: number; readonly amount: string | number; readonly balance: string | number};
	const {rows: ofPostgres} = await postgres.query<Row>('select step, amount from steps where lane = $1 order by step', [lane]);
	const {rows: postgresBalances} = await postgres.query<Row>('select balance from balances where lane = $1', [lane]);
	const [ofMariadb] = await mariadb.query<Array<Row & RowDataPacket>>('select step, amount from steps where lane = ? order by step', [lane]);
	const [[mariadbBalance]] = await mariadb.query<Array<Row & RowDataPacket>>('select balance from balances where lane = ?', [lane]);
	const ofRedis = await redis.command('LRANGE', `steps:${lane}`, '0', '-1') as readonly string[];
	const redisBalance = await redis.command('GET', `balance:${lane}`);
	const toSteps = (rows: readonly Row[]): Logged['steps'] => rows.map(({step, amount}): [number, number] => [step, Number(amount)]);
	return [
		{steps: toSteps(ofPostgres), balance: Number(postgresBalances[0]?.balance)},
		{steps: toSteps(ofMariadb), balance: Number(mariadbBalance?.balance)},
		{
			steps: ofRedis.map((line): [number, number] => {
				const [step, amount] = line.split(' ').map(Number);
				return [step!, amount!];
			}),
			balance: Number(redisBalance),
		},
	];
};

/** Steps that were through before the commit was asked for, and that could have begun before it was there. */
type Bounds = {readonly least: number; readonly most: number};

/**
The first thing that is wrong with what three databases (Postgres, MariaDB, Redis) have of a lane, or `undefined`; pure.
*/
export const findFault = (lane: number, logs: readonly Logged[], bounds: Bounds): string | undefined => {
	for (const [index, {steps, balance}] of logs.entries()) {
		const name = ['postgres', 'mariadb', 'redis'][index]!;
		const wrong = steps.findIndex(([step, amount], place) => step !== place + 1 || amount !== amounts(lane, step)[index]);
		if (wrong !== -1) {
			return `${name} has ${steps[wrong]!.join(' with ')} where step ${wrong + 1} should be`;
		}

		const sum = opening + sumOf(steps.map(([, amount]) => amount));
		if (sum !== balance) {
			return `the balance of ${name} is ${balance}, and its log adds up to ${sum}`;
		}
	}

	const [p, m, r] = logs.map(({steps}) => steps.length) as [number, number, number];
	if (!(p >= m && m >= r && r >= p - 1)) {
		return `postgres is at step ${p}, mariadb at ${m}, redis at ${r}: that is no one instant`;
	}

	const before = 3 * opening;
	const inFlight = amounts(lane, p).slice(0, m === p ? 2 : 1);
	const expected = before + (r === p ? 0 : sumOf(inFlight));
	const total = sumOf(logs.map(({balance}) => balance));
	if (total !== expected) {
		return `the three hold ${total}, and should ${expected}`;
	}

	return r < bounds.least || p > bounds.most ? `it holds steps ${r} to ${p}, and was taken between ${bounds.least} and ${bounds.most}` : undefined;
};

/** Each database's own opinion of its files; what it complains of, one line each. */
const checkDatabases = async ({postgres, mariadb}: Clients, redisSnapshot: string): Promise<string[]> => {
	const faults: string[] = [];
	try {
		await postgres.query(`
			select bt_index_check(index => c.oid, heapallindexed => true)
			from pg_class c join pg_am a on a.oid = c.relam where a.amname = 'btree' and c.relkind = 'i' and c.relpersistence = 'p'`);
		const {rows} = await postgres.query<{msg: string}>(`
			select v.msg from pg_class c, lateral verify_heapam(c.oid) v
			where c.relkind = 'r' and c.relpersistence = 'p' and c.relnamespace in ('public'::regnamespace, 'pg_catalog'::regnamespace)`);
		faults.push(...rows.map(({msg}) => `postgres: ${msg}`));
	} catch (error) {
		faults.push(`postgres: ${String(error)}`);
	}

	const [tables] = await mariadb.query<Array<RowDataPacket & {Msg_text: string; Table: string}>>('check table balances, steps extended');
	faults.push(...tables.filter(row => row.Msg_text !== 'OK').map(row => `mariadb: ${row.Table}: ${row.Msg_text}`));

	// As it is in the commit: a server that has started may have cut a torn end off. The program wants to open it for writing.
	const {exitCode, stdout, stderr} = await tryCommand([
		'docker', 'run', '--rm', '--network=none', `--volume=${redisSnapshot}:/commit:ro`, '--entrypoint=sh', 'redis:7', '-c', 'cp -r /commit/appendonlydir /tmp && redis-check-aof /tmp/appendonlydir/appendonly.aof.manifest',
	]);
	if (exitCode !== 0) {
		faults.push(`redis: ${stdout}${stderr}`);
	}

	return faults;
};

const percentile = (values: readonly number[], share: number): number => values.toSorted((a, b) => a - b)[Math.ceil(values.length * share) - 1] ?? 0;

export type ProofOptions = {
	/**
	Whether the databases wait for the disk at each transaction. Where they don't, they still hand it to the kernel before they answer, and
	steps are many times as quick: more of them fall into what a commit takes.
	*/
	readonly syncs: boolean;

	/** `directory` copies one volume after another; btrfs takes the snapshots of one call in one transaction, which hides much of what a pause is for. */
	readonly driver: 'btrfs' | 'directory';
	readonly commits: number;
	readonly lanes: number;
};

/**
Takes commits under load, resets to each, and asserts what has to hold of them.
*/
export const proveOneInstant = async (t: ExecutionContext, {
	driver, syncs, commits, lanes,
}: ProofOptions): Promise<void> => {
	const ports = {postgres: await freePort(), mariadb: await freePort(), redis: await freePort()};
	const disk = await loopBtrfs({sizeBytes: 8 * (2 ** 30)});
	t.teardown(async () => disk.dispose());
	const project = await makeDockerProject({'compose.yaml': composeFile(ports, syncs)});
	// Before the disk: what is torn down first was begun last.
	t.teardown(async () => project.dispose());
	const pool = path.join(disk.path, 'pool');
	const {folder, name: stack} = project;
	const run = async (...words: readonly string[]): Promise<unknown> => {
		const result = await coppice([...words, '--json'], {cwd: folder, env: {COPPICE_HOME: path.join(disk.path, 'home'), NO_COLOR: '1'}});
		if (result.exitCode !== 0) {
			throw new Error(`coppice ${words.join(' ')} ended with ${result.exitCode}:\n${result.stderr}`);
		}

		return JSON.parse(result.stdout);
	};

	await run('init', '--runtime', 'docker', '--pool', pool, '--driver', driver);
	await run('up');
	await prepare(ports, lanes);

	const load = startLoad(ports, lanes);
	const taken: Array<CommitResult['commit'] & {readonly least: readonly number[]; readonly most: readonly number[]}> = [];
	try {
		for (let index = 0; index < commits; index++) {
			const least = load.done();
			const {commit} = await run('commit', '-m', `Under load ${index}`) as CommitResult;
			taken.push({...commit, least, most: load.done().map(step => step + 1)});
		}
	} finally {
		await load.stop();
	}

	t.deepEqual(load.errors, [], 'no connection was refused or broken');
	t.true(load.visits() > commits, 'and new ones were made all the time');
	t.true(taken.every(({consistency}) => consistency === 'quiesced'), 'every commit is quiesced');
	t.true(taken.at(-1)!.least.every((step, lane) => step > taken[0]!.least[lane]!), 'all lanes went on');

	let torn = 0;
	for (const commit of taken) {
		await run('reset', commit.id);
		const clients = await Clients.open(ports);
		try {
			for (let lane = 0; lane < lanes; lane++) {
				const logged = await readLane(clients, lane);
				t.is(findFault(lane, logged, {least: commit.least[lane]!, most: commit.most[lane]!}), undefined, `lane ${lane} of ${commit.message}`);
				torn += logged[0]!.steps.length === logged[2]!.steps.length ? 0 : 1;
			}

			const snapshot = path.join(pool, 'stacks', stack, 'volumes/redis/snapshots', commit.volumes.redis!, 'data');
			t.deepEqual(await checkDatabases(clients, snapshot), [], commit.message);
		} finally {
			await clients.close();
		}
	}

	const still = taken.map(({stillMilliseconds}) => stillMilliseconds);
	t.log(`${driver}: ${commits} commits under ${sumOf(load.done())} steps and ${load.visits()} new connections: `
		+ `writers stood still for ${percentile(still, 0.5)} ms (median), ${percentile(still, 0.99)} ms (99 of 100); `
		+ `${torn} of ${commits * lanes} lanes were caught in the middle of a step`);
};
