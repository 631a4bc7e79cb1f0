/**
Two projects of one stack in two pools of this machine: `here`, and `there`, which is a host of that name. No service runs; data are written as a
service would have left them.

Verbs run in this process, which saves one for each; the other side's processes are of the built program. Both find their home by the environment, so
tests with these take turns.
*/
import {
	mkdir,
	mkdtemp,
	readdir,
	readFile,
	writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import type {ExecutionContext} from 'ava';
import type {CommitResult} from '../../../source/actions/commit.ts';
import type {FetchResult} from '../../../source/actions/fetch.ts';
import type {CloneResult} from '../../../source/actions/clone.ts';
import type {PullResult} from '../../../source/actions/pull.ts';
import type {PushResult} from '../../../source/actions/push.ts';
import type {TransferSums} from '../../../source/actions/sum-transfer.ts';
import type {Transfer} from '../../../source/actions/transfers.ts';
import type {RemoteBranch} from '../../../source/actions/remote.ts';
import {openWorkspace} from '../../../source/actions/workspace/open-workspace.ts';
import {commands} from '../../../source/cli/commands/index.ts';
import {toJsonText} from '../../../source/cli/output/json.ts';
import {createStyle} from '../../../source/cli/output/style.ts';
import {createProgram} from '../../../source/cli/program.ts';
import type {Context} from '../../../source/cli/verb.ts';
import {openHistory} from '../../../source/history/open-history.ts';
import type {History} from '../../../source/history/history.ts';
import {historyFolder} from '../../../source/storage/layout.ts';
import {CoppiceError} from '../../../source/system/errors.ts';
import {
	buildCli,
	cliPath,
	coppice,
	type CliResult,
} from '../../fixtures/built-cli.ts';
import {removeTree} from '../../fixtures/remove-tree.ts';

type Results = {
	readonly clone: CloneResult;
	readonly commit: CommitResult;
	readonly fetch: FetchResult;
	readonly pull: PullResult;
	readonly push: PushResult;
	readonly remote: readonly RemoteBranch[];
	readonly transfers: ReadonlyArray<Transfer & TransferSums>;
};

export type Side = {
	readonly folder: string;
	readonly pool: string;
	readonly history: History;
	readonly run: (arguments_: readonly string[], env?: Readonly<Record<string, string>>) => Promise<CliResult>;

	/** Runs a verb in this process, without anybody to ask: what it prints with `--json`. Throws what the verb throws. */
	readonly json: {
		<Verb extends keyof Results>(verb: Verb, ...rest: string[]): Promise<Results[Verb]>;
		(verb: string, ...rest: string[]): Promise<unknown>;
	};

	/** Writes a file into the live data of the current branch. */
	readonly write: (name: string, content: string | Uint8Array, volume?: string) => Promise<void>;
	readonly read: (name: string, volume?: string) => Promise<string>;
	readonly files: (volume?: string) => Promise<readonly string[]>;

	/** Writes a file with this content and commits it. */
	readonly commit: (name: string, content?: string | Uint8Array) => Promise<string>;
	readonly tip: (branch?: string) => Promise<string | null | undefined>;
};

export type TwoSides = {
	readonly root: string;
	readonly home: string;
	readonly here: Side;
	readonly there: Side;

	/** A side in a folder of its own, in a pool of its own. */
	readonly side: (name: string, folder?: string) => Side;
};

export const composeFile = String.raw`
name: shop
services:
  db:
    image: postgres
    environment: {POSTGRES_PASSWORD: "it's a \"secret\" of $$5"}
    volumes: ["data:/var/lib/postgresql/data"]
  cache:
    image: redis
    volumes: ["cache:/data"]
volumes:
  data: {}
  cache: {}
`;

/** Runs a verb as the command line would, in a folder. */
const runHere = async (words: readonly string[], directory: string): Promise<unknown> => {
	let result: unknown;
	const program = createProgram(commands, {
		async dispatch(command, globals, input) {
			const {verb} = await command.load();
			const context: Context = {
				globals,
				directory,
				signal: new AbortController().signal,
				outputClosed: new AbortController().signal,
				report() {},
				view: {
					style: createStyle(false), columns: 80, now: new Date(), isAscii: false,
				},
				isInteractive: false,
				openWorkspace: async () => openWorkspace({directory}),
				print() {},
				async confirm({what}) {
					if (!globals.yes) {
						throw new CoppiceError('usage', `${what} has to be confirmed.`);
					}
				},
				async choose() {
					return undefined;
				},
			};
			const value = await verb.run(context, input);
			const json = verb.toJson === undefined ? value : verb.toJson(value);
			result = json === undefined ? undefined : JSON.parse(toJsonText(json));
		},
	});
	await program.parseAsync([...words], {from: 'user'});
	return result;
};

/** Unless `isCloned`, only `there` is made, and `here` is an empty place. */
export const makeTwoSides = async (t: ExecutionContext, {isCloned = true}: {isCloned?: boolean} = {}): Promise<TwoSides> => {
	const root = await mkdtemp(path.join(os.tmpdir(), 'coppice-sync-'));
	t.teardown(async () => removeTree(root));
	const home = path.join(root, 'home');
	await buildCli();
	process.env.COPPICE_HOME = home;
	process.env.COPPICE_ENTRY = cliPath;
	const side = (name: string, folder = path.join(root, name, 'shop')): Side => {
		const pool = path.join(root, name, 'pool');
		const history = openHistory(historyFolder(pool, 'shop'));
		const run = async (arguments_: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CliResult> =>
			coppice(arguments_, {cwd: folder, env: {COPPICE_HOME: home, NO_COLOR: '1', ...env}});
		const json = async (...words: readonly string[]): Promise<unknown> => runHere(words, folder);
		const data = (volume: string) => path.join(pool, 'stacks/shop/volumes', volume, 'current/data');
		const write: Side['write'] = async (file, content, volume = 'data') => writeFile(path.join(data(volume), file), content);
		return {
			folder,
			pool,
			history,
			run,
			json,
			write,
			read: async (file, volume = 'data') => readFile(path.join(data(volume), file), 'utf8'),
			files: async (volume = 'data') => readdir(data(volume)),
			async commit(file, content = file) {
				await write(file, content);
				const {commit} = await json('commit', '-m', file) as CommitResult;
				return commit.id;
			},
			async tip(branch = 'main') {
				const branches = await history.branches();
				return branches.get(branch);
			},
		};
	};

	const [here, there] = [side('here'), side('there')];
	await mkdir(there.folder, {recursive: true});
	await mkdir(path.dirname(here.folder), {recursive: true});
	await writeFile(path.join(there.folder, 'compose.yaml'), composeFile);
	await there.json('init', '--pool', there.pool, '--driver', 'directory', '--runtime', 'process');
	await there.commit('first');
	await there.json('host', 'add', 'there', '--pool', there.pool);
	if (isCloned) {
		await runHere(['clone', 'there', 'shop', here.folder, '--pool', here.pool, '--driver', 'directory', '--runtime', 'process'], root);
	}

	return {
		root, home, here, there, side,
	};
};
