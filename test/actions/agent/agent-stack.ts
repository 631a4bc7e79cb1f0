/**
A host with two stacks for tests of the agent, and a pool of another side with commits to push.
*/
import {randomUUID} from 'node:crypto';
import {
	mkdir,
	mkdtemp,
	readFile,
	writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import {transferProtocol, type TransferRequest} from '../../../source/transfer/channel.ts';
import {giveSnapshot, takeSnapshot} from '../../../source/actions/sync/channel-snapshots.ts';
import {encodeCommit, commitId, type Commit} from '../../../source/history/commit.ts';
import {openHistory} from '../../../source/history/open-history.ts';
import type {History} from '../../../source/history/history.ts';
import {currentData, historyFolder} from '../../../source/storage/layout.ts';
import {findOrMakePool} from '../../../source/storage/find-pool.ts';
import type {Pool} from '../../../source/storage/pool.ts';
import {writeRequest} from '../../../source/transfer/request.ts';
import {coppice} from '../../fixtures/built-cli.ts';
import {removeTree} from '../../fixtures/remove-tree.ts';
import {makeTestStack, type TestStack} from '../../fixtures/test-stack.ts';
import {startProcess, type Env} from './agent-process.ts';

const compose = (name: string): string => `
name: ${name}
services:
  app:
    x-coppice:
      process:
        command: [sleep, "1000"]
    environment:
      GREETING: hello
      API_TOKEN: sesame-of-the-test
    volumes: ["data:/data"]
volumes:
  data: {}
`;

export type AgentHost = {
	readonly shop: TestStack;
	readonly env: Env;
	readonly history: (stack: string) => History;

	/** Content of the one file that a stack's services have. */
	readonly live: (stack?: string) => Promise<string>;
	readonly setLive: (content: string, stack?: string) => Promise<void>;
	readonly writePolicy: (text: string) => Promise<void>;

	/** Runs a command in the project of `wiki`. */
	readonly inWiki: (...words: string[]) => Promise<void>;
	readonly dispose: () => Promise<void>;
};

/**
Makes the stacks `shop` (two commits on `main`, the last tagged `v1`; `dev` beside it) and `wiki` (one commit).
*/
export const makeAgentHost = async (driver: 'btrfs' | 'directory' = 'directory'): Promise<AgentHost> => {
	const shop = await makeTestStack({driver, compose: () => compose('shop')});
	const {env, home, pool, root} = shop;
	const wiki = path.join(root, 'wiki');
	const fileOf = (stack: string): string => path.join(currentData(pool, {stack, volume: 'data'}), 'content');
	const setLive = async (content: string, stack = 'shop') => writeFile(fileOf(stack), content);
	const run = async (words: readonly string[], cwd: string): Promise<void> => {
		const {exitCode, stderr} = await coppice(words, {cwd, env});
		if (exitCode !== 0) {
			throw new Error(`coppice ${words.join(' ')} ended with ${exitCode}:\n${stderr}`);
		}
	};

	const inWiki = async (...words: string[]) => run(words, wiki);
	try {
		await mkdir(wiki);
		await writeFile(path.join(wiki, 'compose.yaml'), compose('wiki'));
		await mkdir(path.join(home, 'config'), {recursive: true});
		await writeFile(path.join(home, 'config/config.json'), JSON.stringify({pool}));
		await inWiki('init', '--pool', pool, '--runtime', 'process');
		await setLive('wiki 1', 'wiki');
		await inWiki('commit', '-m', 'wiki 1');
		for (const content of ['shop 1', 'shop 2']) {
			await setLive(content);
			await run(['commit', '-m', content], shop.project);
		}

		await run(['tag', 'v1'], shop.project);
		await run(['branch', 'dev'], shop.project);
	} catch (error) {
		await shop.dispose();
		throw error;
	}

	return {
		shop,
		env,
		setLive,
		inWiki,
		history: stack => openHistory(historyFolder(pool, stack)),
		live: async (stack = 'shop') => readFile(fileOf(stack), 'utf8'),
		writePolicy: async text => writeFile(path.join(home, 'config/policy.yaml'), text),
		dispose: async () => shop.dispose(),
	};
};

export type MadeCommit = {readonly id: string; readonly text: string; readonly snapshot: string};

export type OtherSide = {
	readonly pool: Pool;

	/** A commit of this content with its snapshot in the pool. */
	commit(content: string, parents: readonly string[], more?: Partial<Commit>): Promise<MadeCommit>;

	/** Content of the one file of a snapshot. */
	read(snapshot: string, stack?: string): Promise<string>;

	/** Sends a snapshot to `coppice receive` there. */
	push(env: Env, words: readonly string[], request: Omit<TransferRequest, 'protocol'>): Promise<void>;

	/** Gets a snapshot from `coppice send` there. */
	pull(env: Env, words: readonly string[], request: Omit<TransferRequest, 'protocol'>): Promise<void>;
	dispose(): Promise<void>;
};

/**
What is at the other end of the line: a pool of its own, on a plain folder unless told.
*/
export const makeOtherSide = async (folder?: string): Promise<OtherSide> => {
	const root = await mkdtemp(path.join(os.tmpdir(), 'coppice-other-'));
	const pool = await findOrMakePool({path: folder ?? path.join(root, 'pool'), ...(folder === undefined && {driver: 'directory' as const})});
	const {driver} = pool;
	return {
		pool,

		async commit(content, parents, more = {}) {
			const stack = more.stack ?? 'shop';
			const address = {stack, volume: 'data'};
			await driver.createBranch(address, 'work');
			await writeFile(path.join(driver.branchData(address, 'work'), 'content'), content);
			const snapshot = randomUUID();
			await driver.snapshot([{address, branch: 'work', snapshot}]);
			const commit: Commit = {
				version: 1, stack, parents, time: new Date().toISOString(), message: content, kind: 'commit', branch: 'main', consistency: 'stopped',
				stillMilliseconds: 0,
				volumes: {data: snapshot}, definition: {services: {}, volumes: ['data']}, ...more,
			};
			return {id: commitId(commit), text: encodeCommit(commit), snapshot};
		},

		async read(snapshot, stack = 'shop') {
			const opened = await driver.openSnapshot({stack, volume: 'data'}, snapshot);
			try {
				return await readFile(path.join(opened.path, 'content'), 'utf8');
			} finally {
				await opened.close();
			}
		},

		async push(env, words, request) {
			const there = await startProcess(words, env);
			const channel = {input: there.output, output: there.input};
			try {
				await writeRequest(channel, {protocol: transferProtocol, ...request});
				await giveSnapshot(channel, {
					pool, address: request, snapshot: request.snapshot, base: request.base, plain: request.plain,
				});
			} finally {
				there.input.end();
				await there.ended;
			}
		},

		async pull(env, words, request) {
			const there = await startProcess(words, env);
			const channel = {input: there.output, output: there.input};
			try {
				await writeRequest(channel, {protocol: transferProtocol, ...request});
				await takeSnapshot(channel, {
					pool, address: request, snapshot: request.snapshot, base: request.base,
				});
			} finally {
				there.input.end();
				await there.ended;
			}
		},

		async dispose() {
			await removeTree(root);
		},
	};
};
