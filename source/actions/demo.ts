/**
`coppice demo`: the main job on real data, each step checked by a query.
*/
import {
	chmod,
	mkdir,
	mkdtemp,
	rm,
	writeFile,
} from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import type {Client} from 'pg';
import {monotonicNow} from '../system/clock.ts';
import {CoppiceError} from '../system/errors.ts';
import {findHome} from '../host/home.ts';
import {forgetPool} from '../storage/find-pool.ts';
import {commit} from './commit.ts';
import {init} from './init.ts';
import {openWorkspace} from './workspace/open-workspace.ts';
import type {Report} from './progress.ts';
import {databaseTarget} from './databases/ask-database.ts';
import {reset} from './reset.ts';
import {down, up} from './services.ts';
import {status} from './status.ts';
import {switchBranch} from './switch.ts';
import {redo, undo} from './undo.ts';
import type {Workspace} from './workspace/workspace.ts';

export type DemoStep = {
	readonly name: string;

	/** Milliseconds until a client could query, or the verb returned. */
	readonly milliseconds: number;

	/** What the query said. */
	readonly check: string;
	readonly passed: boolean;
};

export type DemoResult = {
	readonly passed: boolean;
	readonly home: string;
	readonly project: string;
	readonly kept: boolean;
	readonly driver: string;
	readonly rows: number;
	readonly steps: readonly DemoStep[];

	/** Of the live data after the last step, and what the whole pool takes. */
	readonly bytes: {readonly shared: number; readonly own: number; readonly pool: number};
};

export type DemoOptions = {
	/** A COPPICE_HOME of its own; a new temporary folder unless told. */
	readonly home?: string;

	/** At least a million unless told. */
	readonly rows?: number;

	/** Leaves it to play with. */
	readonly keep?: boolean;
	readonly report?: Report;
	readonly signal?: AbortSignal;
};

const openingBalance = 100;

const composeFile = (port: number): string => `# The stack of \`coppice demo\`: one Postgres with a volume of its own.
name: demo
x-coppice:
  runtime: process
services:
  db:
    image: postgres
    environment:
      POSTGRES_USER: demo
      POSTGRES_DB: demo
      POSTGRES_HOST_AUTH_METHOD: trust
    ports:
      - "127.0.0.1:${port}:5432"
    volumes:
      - data:/var/lib/postgresql/data
volumes:
  data: {}
`;

const findFreePort = async (): Promise<number> => new Promise((resolve, reject) => {
	const server = net.createServer();
	server.once('error', reject);
	server.listen(0, '127.0.0.1', () => {
		const address = server.address();
		server.close(() => {
			resolve(typeof address === 'object' && address !== null ? address.port : 0);
		});
	});
});

const withClient = async <Result>(workspace: Workspace, query: (client: Client) => Promise<Result>): Promise<Result> => {
	const {default: pg} = await import('pg');
	const service = workspace.stack.services.db!;
	const states = await workspace.runtime.states();
	const target = databaseTarget(service, states.find(state => state.name === 'db')!, workspace.databases.get('db')!);
	const client = new pg.Client({
		host: '127.0.0.1', port: target!.endpoint.port, user: 'demo', database: 'demo',
	});
	// The server is stopped under idle clients on purpose.
	client.on('error', () => {});
	await client.connect();
	try {
		return await query(client);
	} finally {
		await client.end();
	}
};

type Accounts = {
	/** `undefined` where the table is gone. */
	readonly rows: number | undefined;
	readonly sum: number;
	readonly labelled: number;
};

const countAccounts = async (workspace: Workspace): Promise<Accounts> => withClient(workspace, async client => {
	const there = await client.query<{there: boolean}>('select to_regclass(\'accounts\') is not null as there');
	if (there.rows[0]?.there !== true) {
		return {rows: undefined, sum: 0, labelled: 0};
	}

	const counted = await client.query<{rows: number; sum: number; labelled: number}>('select count(*)::float8 as rows, coalesce(sum(balance), 0)::float8 as sum, count(*) filter (where owner like \'renamed%\')::float8 as labelled from accounts');
	return counted.rows[0]!;
});

const describeAccounts = ({rows, sum, labelled}: Accounts): string => rows === undefined ? 'no table accounts' : `${rows.toLocaleString('en')} rows, sum ${sum.toLocaleString('en')}${labelled > 0 ? `, ${labelled.toLocaleString('en')} renamed` : ''}`;

/**
A verb as a step that takes until clients can query.
*/
const timeToReady = (verb: () => Promise<{readonly readyMilliseconds: number}>) => async (): Promise<number> => {
	const {readyMilliseconds} = await verb();
	return readyMilliseconds;
};

/**
Takes the demo's own folders and pool away again.
*/
const removeDemo = async (home: string, project: string, made: boolean): Promise<void> => {
	await forgetPool(findHome({COPPICE_HOME: home}).pool);
	await rm(project, {recursive: true, force: true});
	for (const folder of ['config', 'state', 'run', 'pool']) {
		await rm(path.join(home, folder), {recursive: true, force: true});
	}

	if (made) {
		await rm(home, {recursive: true, force: true});
	}
};

/**
Runs the demo. Every step's outcome is in the result; a verb that fails throws as it would for a user.

@throws CoppiceError as the verbs; `conflict` when the home holds a demo already.
*/
export const demo = async (options: DemoOptions = {}): Promise<DemoResult> => {
	const {rows = 1_000_000, keep = false, report = () => {}, signal} = options;
	const made = options.home === undefined;
	const homeFolder = options.home ?? await mkdtemp(path.join(os.tmpdir(), 'coppice-demo-'));
	const project = path.join(homeFolder, 'project');
	try {
		await mkdir(homeFolder, {recursive: true});
		// The database runs as an unprivileged user and has to get to its data.
		await chmod(homeFolder, 0o711);
		await mkdir(project);
	} catch (error) {
		throw new CoppiceError('conflict', `The demo's folder ${project} can't be made: ${error instanceof Error ? error.message : String(error)}.`, {
			hint: 'Remove it, or give the demo another home: `COPPICE_HOME=DIR coppice demo`.', cause: error,
		});
	}

	const home = findHome({...process.env, COPPICE_HOME: homeFolder});
	let workspace: Workspace | undefined;
	try {
		await writeFile(path.join(project, 'compose.yaml'), composeFile(await findFreePort()));
		const steps: DemoStep[] = [];
		const step = async (name: string, run: () => Promise<number | undefined>, expect: (accounts: Accounts) => boolean): Promise<void> => {
			report({type: 'step', message: name});
			if (signal?.aborted === true) {
				throw new CoppiceError('interrupted', `Interrupted before: ${name}.`);
			}

			const begun = monotonicNow();
			const milliseconds = await run() ?? (monotonicNow() - begun);
			const accounts = await countAccounts(opened());
			steps.push({
				name, milliseconds, check: describeAccounts(accounts), passed: expect(accounts),
			});
		};

		const opened = (): Workspace => {
			if (workspace === undefined) {
				throw new Error('The demo\'s stack is not open');
			}

			return workspace;
		};

		const isWhole = (accounts: Accounts): boolean => accounts.rows === rows && accounts.sum === rows * openingBalance && accounts.labelled === 0;
		const isGone = (accounts: Accounts): boolean => accounts.rows === undefined;
		const isRenamed = (accounts: Accounts): boolean => accounts.rows === rows && accounts.labelled === rows / 100;

		const taken = await init({directory: project, home, report});
		report({type: 'notice', message: `pool: ${taken.pool.driver} at ${taken.pool.path}: ${taken.pool.why}`});
		workspace = await openWorkspace({directory: project, home, report});
		await step('up: a new Postgres', async () => {
			const result = await up(opened(), {...(signal !== undefined && {signal})});
			return result.readyMilliseconds;
		}, isGone);
		await step(`SQL: ${rows.toLocaleString('en')} rows`, async () => withClient(opened(), async client => {
			await client.query('create table accounts (id bigint primary key, owner text not null, balance bigint not null)');
			await client.query('insert into accounts select i, \'owner \' || i, $2::bigint from generate_series(1, $1::bigint) as i', [rows, openingBalance]);
			return undefined;
		}), isWhole);
		await step('commit', async () => {
			await commit(opened(), {message: 'A million accounts'});
			return undefined;
		}, isWhole);
		await step('switch -c experiment', async () => {
			const result = await switchBranch(opened(), {branch: 'experiment', create: true});
			return result.readyMilliseconds;
		}, isWhole);
		await step('SQL: rename one account in a hundred', async () => withClient(opened(), async client => {
			await client.query('update accounts set owner = \'renamed \' || id where id % 100 = 0');
			return undefined;
		}), isRenamed);
		await step('commit on experiment', async () => {
			await commit(opened(), {message: 'Rename some owners'});
			return undefined;
		}, isRenamed);
		await step('SQL: drop table accounts', async () => withClient(opened(), async client => {
			await client.query('drop table accounts');
			return undefined;
		}), isGone);
		await step('reset', timeToReady(async () => reset(opened())), isRenamed);
		await step('undo (the reset)', timeToReady(async () => undo(opened())), isGone);
		await step('redo', timeToReady(async () => redo(opened())), isRenamed);
		await step('reset main', timeToReady(async () => reset(opened(), {target: 'main'})), isWhole);
		await step('undo (the reset)', timeToReady(async () => undo(opened())), isRenamed);
		await step('switch main', timeToReady(async () => switchBranch(opened(), {branch: 'main'})), isWhole);
		const {volumes, pool} = await status(opened());
		return {
			passed: steps.every(({passed}) => passed),
			home: homeFolder,
			project,
			kept: keep,
			driver: pool.driver,
			rows,
			steps,
			bytes: {
				shared: volumes.reduce((sum, volume) => sum + volume.sharedBytes, 0),
				own: volumes.reduce((sum, volume) => sum + volume.ownBytes, 0),
				pool: pool.totalBytes - pool.freeBytes,
			},
		};
	} finally {
		if (!keep) {
			if (workspace !== undefined) {
				await down(workspace);
			}

			await removeDemo(homeFolder, project, made);
		}
	}
};
