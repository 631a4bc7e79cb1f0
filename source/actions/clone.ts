/**
`coppice clone`: brings a stack of another host here: its definition, its commits, and the data of a branch, ready to be started.

The data come into the pool first, then the project's folder is made, whole or not at all, so a cut leaves no half a project; the same command
goes on where it was.
*/
import {mkdir, readdir, rm} from 'node:fs/promises';
import path from 'node:path';
import {parseDocument} from 'yaml';
import {renameDurably, writeDurably} from '../system/durable-file.ts';
import {CoppiceError, isSystemError} from '../system/errors.ts';
import {failpoint} from '../system/failpoint.ts';
import {formatBytes} from '../system/format.ts';
import {checkName} from '../system/names.ts';
import {isMarkAlive, processMark} from '../system/process-table.ts';
import {withLock} from '../history/lock.ts';
import {openHistory} from '../history/open-history.ts';
import {findHome, type Home} from '../host/home.ts';
import type {ResultOf} from '../host/agent-protocol.ts';
import type {HostRecord} from '../host/host.ts';
import {readHost} from '../host/host-registry.ts';
import {readUserSettings} from '../host/user-settings.ts';
import {findProjectFiles} from '../stack/locate-project.ts';
import type {RuntimeName} from '../stack/stack.ts';
import type {DriverName} from '../storage/driver.ts';
import {findOrMakePool} from '../storage/find-pool.ts';
import {historyFolder, stackFile} from '../storage/layout.ts';
import type {Pool} from '../storage/pool.ts';
import {exclusively} from './change/transact.ts';
import {init, type InitResult} from './init.ts';
import type {Report} from './progress.ts';
import {
	checkClonePlace,
	lookAtFolder,
	removeCloneMark,
	writeCloneMark,
} from './sync/clone-place.ts';
import {checkEngineName} from './sync/check-engine-name.ts';
import {fetchInto, type Fetched} from './sync/fetch-into.ts';
import {findMissingFiles, type MissingFile} from './sync/missing-files.ts';
import {findMissingImages, type MissingImage} from './sync/missing-images.ts';
import {findRemoteStack, withPeer, type Peer} from './sync/peer.ts';
import {lockMilliseconds, type SyncPlace} from './sync/place.ts';
import {makeVariablesFile, writeProjectFiles} from './sync/project-files.ts';
import {detectRuntime} from './workspace/choose-runtime.ts';
import {attachVolume} from './workspace/make-volumes.ts';
import {assembleWorkspace} from './workspace/open-workspace.ts';
import {readProjectStack} from './workspace/project-stack.ts';

export type CloneOptions = {
	readonly host: string;
	readonly stack: string;

	/** Of the project; one named like the stack unless told. Relative to `directory`. */
	readonly folder?: string | undefined;
	readonly directory: string;

	/** The current one there unless told. */
	readonly branch?: string | undefined;

	/** The pool's folder; the user's settings', else the home's, unless told. */
	readonly pool?: string | undefined;
	readonly driver?: DriverName | undefined;
	readonly runtime?: RuntimeName | undefined;

	/** The data of every commit, not only of the tip. */
	readonly history?: boolean | undefined;

	/** Bytes a second. */
	readonly limit?: number | undefined;
	readonly report?: Report;
	readonly signal?: AbortSignal | undefined;

	/** Found from the environment unless told. */
	readonly home?: Home;
};

export type CloneResult = {
	readonly folder: string;
	readonly stack: string;
	readonly host: string;
	readonly branch: string;
	readonly commit: string;
	readonly fetched: Fetched;
	readonly init: InitResult;
	readonly missingImages: readonly MissingImage[];
	readonly missingFiles: readonly MissingFile[];

	/** Variables in `.env` that have no value yet. */
	readonly missingVariables: readonly string[];

	/** Whether an earlier try went on. */
	readonly resumed: boolean;
};

const stageName = (folder: string, mark: string): string => path.join(path.dirname(folder), `.${path.basename(folder)}.clone-${mark}`);

/** What killed clones into this folder have left. */
const removeStages = async (folder: string): Promise<void> => {
	const prefix = path.basename(stageName(folder, ''));
	for (const entry of await readdir(path.dirname(folder))) {
		const mark = entry.startsWith(prefix) ? entry.slice(prefix.length) : undefined;
		if (mark !== undefined && (mark === processMark() || !isMarkAlive(mark))) {
			await rm(path.join(path.dirname(folder), entry), {recursive: true, force: true});
		}
	}
};

const choosePool = async ({pool, driver, directory}: CloneOptions, home: Home): Promise<Pool> => {
	const settings = readUserSettings(home);
	const folder = pool === undefined ? settings.pool ?? home.pool : path.resolve(directory, pool);
	return findOrMakePool({path: folder, driver: driver ?? settings.driver});
};

/** The branch to clone, and its tip. */
const chooseBranch = async (
	peer: Peer,
	stack: string,
	{branch: wished, signal}: Pick<CloneOptions, 'branch' | 'signal'>,
): Promise<{readonly branch: string; readonly tip: string}> => {
	const summary = await findRemoteStack(peer, stack, signal);
	if (summary === undefined) {
		throw new CoppiceError('not-found', `${peer.name} has no stack ${stack}, or does not show it to you.`, {host: peer.name, stack, hint: '`coppice host ls` lists what each host has.'});
	}

	const withCommit = Object.entries(summary.branches).filter((entry): entry is [string, string] => entry[1] !== null);
	const branch = wished ?? withCommit.find(([name]) => name === summary.currentBranch)?.[0] ?? withCommit[0]?.[0];
	const tip = withCommit.find(([name]) => name === branch)?.[1];
	if (branch === undefined || tip === undefined) {
		throw new CoppiceError('not-found', branch === undefined ? `Stack ${stack} on ${peer.name} has no commit to clone yet.` : `Stack ${stack} on ${peer.name} has no branch ${branch} with a commit on it.`, {
			host: peer.name, stack, hint: withCommit.length === 0 ? `Make one there: \`coppice -H ${peer.name} --stack ${stack} commit -m "…"\`.` : `It has ${withCommit.map(([name]) => name).join(', ')}.`,
		});
	}

	return {branch, tip};
};

/**
The compose file under the stack's name, whatever it says itself: the data are found by it.
*/
const namedCompose = (compose: string, stack: string, host: string): string => {
	const document = parseDocument(compose);
	if (document.errors.length > 0) {
		throw new CoppiceError('failed', `The definition that ${host} gives of ${stack} is no compose file: ${document.errors[0]!.message}`, {host, stack, hint: `Look at it there: \`coppice -H ${host} --stack ${stack} doctor\`.`});
	}

	if (document.get('name') === stack) {
		return compose;
	}

	document.set('name', stack);
	return document.toString();
};

type KnownDefinition = ResultOf<'definition'> & {readonly compose: string};

type Made = Pick<CloneResult, 'init' | 'missingImages' | 'missingFiles' | 'missingVariables'>;

type Making = {
	readonly options: CloneOptions;
	readonly record: HostRecord;
	readonly peer: Peer;
	readonly place: SyncPlace;
	readonly folder: string;
	readonly branch: string;
	readonly tip: string;
	readonly definition: KnownDefinition;
};

/**
What the application is made of, there.

@throws CoppiceError `precondition` where the host has data alone.
*/
const askDefinition = async (peer: Peer, stack: string, commit: string, signal: AbortSignal | undefined): Promise<KnownDefinition> => {
	const definition = await peer.host.call('definition', {stack, commit}, {signal});
	const {compose} = definition;
	if (compose === null) {
		throw new CoppiceError('precondition', `${peer.name} has data of ${stack} but no definition of it, so no project can be made.`, {
			host: peer.name, stack, hint: `Make a project with its compose file, run \`coppice init\` in it, then \`coppice pull ${peer.name}\`.`,
		});
	}

	return {...definition, compose};
};

/**
Makes the project's folder and the live clones of the branch, then takes the project up.
*/
const makeProject = async ({options, record, peer, place, folder, branch, tip, definition}: Making): Promise<Made> => {
	const {home, stack: name, pool, history, report} = place;
	const {compose, variables, runtime: theirs, images} = definition;
	const {text, missing} = makeVariablesFile(variables, peer.name);
	const stage = stageName(folder, processMark());
	const isFree = await lookAtFolder(folder) === 'free';
	const at = isFree ? stage : folder;
	try {
		if (isFree) {
			await writeProjectFiles(stage, {compose: namedCompose(compose, name, peer.name), variables: text});
		}

		const files = await findProjectFiles({directory: at});
		const found = theirs === 'docker' ? await detectRuntime(files) : {runtime: theirs};
		const runtime = options.runtime ?? found.runtime;
		const stack = await readProjectStack(home, files, {runtime});
		const missingFiles = await findMissingFiles(stack, runtime, folder);
		const project = {
			folder, stack: name, pool: pool.path, runtime,
		};
		const workspace = await assembleWorkspace(stack, project, pool, home, report);
		await exclusively(workspace, 'clone', async () => {
			// An earlier try that was cut off may have made live clones of what the tip was then: all volumes are to be of one commit.
			const branches = await history.branches();
			const begun = branches.get(branch) ?? tip;
			await history.setBranch(branch, begun, `clone of ${peer.name}/${branch}`);
			failpoint('clone branch set');
			const commit = await history.readCommit(begun);
			for (const volume of workspace.volumes) {
				await attachVolume(workspace, volume, branch, async () => commit);
				failpoint('clone volume linked');
			}

			await history.setCurrentBranch(branch);
			await history.setUpstream(branch, {host: peer.name, branch});
		});
		if (isFree) {
			failpoint('clone project staged');
			await renameDurably(stage, folder);
			failpoint('clone project made');
		}

		const result = await init({
			directory: folder, pool: pool.path, runtime, report, home,
		});
		failpoint('clone taken up');
		return {
			init: result,
			missingImages: await findMissingImages(images, stack, runtime, record),
			missingFiles,
			missingVariables: missing,
		};
	} finally {
		await rm(stage, {recursive: true, force: true});
	}
};

const checkParent = async (folder: string): Promise<void> => {
	try {
		await mkdir(path.dirname(folder), {recursive: true});
	} catch (error) {
		throw new CoppiceError('permission', `Nothing can be made by you in the folder ${path.dirname(folder)}.`, {file: folder, hint: 'Run it in a folder of your own.', cause: error});
	}
};

/**
@throws CoppiceError `host` where the host can't be reached; `not-found` where it has no such stack; `conflict` where the folder or the name is taken, in the
pool or the Docker engine.
*/
export const clone = async (options: CloneOptions): Promise<CloneResult> => {
	const {report = () => {}, home = findHome(), signal, directory} = options;
	const name = checkName('stack', options.stack);
	const record = await readHost(home, options.host);
	const folder = path.resolve(directory, options.folder ?? name);
	return withPeer(home, record, async peer => {
		const {branch, tip} = await chooseBranch(peer, name, options);
		const offered = await askDefinition(peer, name, tip, signal);
		const pool = await choosePool(options, home);
		await checkParent(folder);
		await checkEngineName({
			stack: name, folder, pool: pool.path, host: peer.name,
		}, {theirs: offered.runtime, wished: options.runtime});
		const history = openHistory(historyFolder(pool.path, name));
		const place: SyncPlace = {
			home,
			stack: name,
			pool,
			history,
			report,
			exclusively: async (verb, run) => withLock({
				name: history.folder, verb, signal, waitMilliseconds: lockMilliseconds,
			}, run),
		};
		const resumed = await place.exclusively('clone', async () => {
			const goesOn = await checkClonePlace(pool.path, name, folder);
			await writeCloneMark(pool.path, name, {
				version: 1, host: peer.name, branch, folder,
			});
			await writeDurably(stackFile(pool.path, name), `${JSON.stringify({
				version: 1, stack: name, projectFolder: folder, created: new Date().toISOString(),
			}, undefined, '\t')}\n`);
			await history.create(branch);
			return goesOn;
		});
		failpoint('clone begun');
		await removeStages(folder);
		const fetched = await fetchInto(place, peer, {
			revisions: [branch],
			onlyBranches: true,
			history: options.history,
			limit: options.limit,
			// Nothing is here yet that an increment could start from.
			full: true,
			signal,
			onPlanned(sends) {
				const bytes = sends.reduce((sum, send) => sum + send.bytes, 0);
				const volumes = new Set(sends.map(({volume}) => volume)).size;
				if (bytes > 0) {
					report({type: 'notice', message: `${name}: about ${formatBytes(bytes)} in ${volumes} ${volumes === 1 ? 'volume' : 'volumes'} will come from ${peer.name}`});
				}
			},
			record: {
				verb: 'clone',
				command: [
					'clone',
					peer.name,
					name,
					folder,
					'--branch',
					branch,
					'--pool',
					pool.path,
					...options.runtime === undefined ? [] : ['--runtime', options.runtime],
					...options.history === true ? ['--history'] : [],
					...options.limit === undefined ? [] : ['--limit', String(options.limit)],
				],
				directory,
			},
		});
		const commit = fetched.branches[0]?.to ?? tip;
		const made = await makeProject({
			options, record, peer, place, folder, branch, tip: commit, definition: commit === tip ? offered : await askDefinition(peer, name, commit, signal),
		});
		await removeCloneMark(pool.path, name);
		return {
			folder, stack: name, host: peer.name, branch, commit, fetched, ...made, resumed,
		};
	}, {signal});
};
