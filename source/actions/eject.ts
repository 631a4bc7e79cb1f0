/**
`coppice eject`: gives a stack's volumes back to Docker as plain ones with the data of the current branch. Its history stays in the pool.
*/
import {randomUUID} from 'node:crypto';
import {rm, statfs} from 'node:fs/promises';
import path from 'node:path';
import prettyBytes from 'pretty-bytes';
import {monotonicNow} from '../system/clock.ts';
import {syncFolder} from '../system/durable-file.ts';
import {CoppiceError, isSystemError} from '../system/errors.ts';
import {failpoint} from '../system/failpoint.ts';
import {isRoot} from '../system/run-command.ts';
import {forgetProject} from '../host/project-registry.ts';
import {
	engineVolumeName,
	fillingLabel,
	isManaged,
	type EngineVolumes,
} from '../runtime/docker/engine-volumes.ts';
import {measureTree} from '../storage/compare-trees.ts';
import {copyTree, sharesBlocksBetween} from '../storage/copy-tree.ts';
import {currentData, historyFolder, stackFolder} from '../storage/layout.ts';
import type {TreeHash} from '../storage/tree-hash.ts';
import {listOriginals} from './drop-originals.ts';
import {openEngine, refuseStrangers} from './change/engine-volume-steps.ts';
import {firstBranch} from './init.ts';
import {waitUntilReady} from './databases/ready.ts';
import type {Step} from './change/steps.ts';
import {exclusively, runSteps, transact} from './change/transact.ts';
import {servicesMounting} from './change/volume-users.ts';
import type {Workspace} from './workspace/workspace.ts';

export type EjectOptions = {
	/** Removes the stack with its history from the pool afterwards. The caller has asked. */
	readonly purge?: boolean;
	readonly signal?: AbortSignal;
};

export type EjectResult = {
	readonly stack: string;
	readonly branch: string;
	readonly volumes: ReadonlyArray<{
		readonly volume: string;
		readonly engineVolume: string;
		readonly bytes: number;

		/** SHA-256 over names, metadata and content of what was copied and of the copy. */
		readonly treeHash: string;
	}>;
	readonly restarted: readonly string[];

	/** Milliseconds until clients could query. */
	readonly readyMilliseconds: number;

	/** Where the history stays; none where it was removed. */
	readonly keptIn?: string;

	/** Volumes of the engine that still keep what was there before adoption. */
	readonly originals: readonly string[];
};

export type PurgeLoss = {
	readonly commits: number;
	readonly branches: readonly string[];
	readonly folder: string;
};

/** A volume that stands for one in the pool. */
type Managed = {
	readonly volume: string;
	readonly engineVolume: string;
	readonly live: string;
	readonly bytes: number;
	readonly filling: string;
};

/**
What removing the stack from the pool would lose.
*/
export const purgeLoss = async ({history, pool, stack}: Workspace): Promise<PurgeLoss> => {
	const [ids, branches] = await Promise.all([history.commitIds(), history.branches()]);
	return {commits: ids.length, branches: branches.keys().toArray(), folder: stackFolder(pool.path, stack.name)};
};

/**
The volumes to give back, seen to be free of others.
*/
const findManaged = async ({stack, pool, volumes}: Workspace, engine: EngineVolumes, short: string): Promise<Managed[]> => {
	const managed: Managed[] = [];
	for (const volume of volumes) {
		const engineVolume = engineVolumeName(stack, volume);
		const found = await engine.find(engineVolume);
		if (found !== undefined && !isManaged(found)) {
			// Docker's own already: there is nothing to give back.
			continue;
		}

		refuseStrangers(await engine.users(engineVolume), stack.name, engineVolume);
		const live = currentData(pool.path, {stack: stack.name, volume});
		managed.push({
			volume, engineVolume, live, bytes: measureTree(live).totalBytes, filling: `${engineVolume}.coppice-filling-${short}`,
		});
	}

	return managed;
};

/**
Makes the volumes that are going to be filled.

@throws CoppiceError `precondition` when Docker's disk has no room for them, or is not on this machine.
*/
const makeFillings = async ({stack}: Workspace, engine: EngineVolumes, managed: readonly Managed[]): Promise<Map<string, string>> => {
	const folders = new Map<string, string>();
	let wantedBytes = 0;
	for (const {volume, engineVolume, filling, live, bytes} of managed) {
		const {data} = await engine.create({name: filling, labels: {[fillingLabel]: engineVolume}});
		failpoint(`made ${filling.slice(0, -9)}`);
		folders.set(volume, data);
		try {
			await statfs(data);
		} catch (error) {
			if (isSystemError(error, 'ENOENT')) {
				throw new CoppiceError('precondition', `The Docker engine says that its volumes are in ${data}, and that is not on this machine.`, {
					stack: stack.name, hint: 'Run coppice where the engine itself runs.', cause: error,
				});
			}

			throw error;
		}

		wantedBytes += await sharesBlocksBetween(live, data) ? 0 : bytes;
		const {bavail, bsize} = await statfs(data);
		if (bavail * bsize < wantedBytes) {
			const format = (count: number) => prettyBytes(count, {binary: true});
			throw new CoppiceError('precondition', `Docker's disk has ${format(bavail * bsize)} free, and the volumes need ${format(wantedBytes)} there.`, {
				stack: stack.name, volume, hint: 'Make room there first (`docker system df` shows what it holds). Nothing was changed.',
			});
		}
	}

	return folders;
};

/**
Removes a stack from the pool: its data, then its history. Cut off, it can be begun again.
*/
const purge = async ({pool, stack, volumes, report}: Workspace): Promise<void> => {
	for (const volume of volumes) {
		report({type: 'step', message: `removing ${volume} from the pool`});
		await pool.driver.removeVolume({stack: stack.name, volume});
		failpoint(`purged ${volume}`);
	}

	await rm(historyFolder(pool.path, stack.name), {recursive: true, force: true});
	failpoint('purged the history');
	const folder = stackFolder(pool.path, stack.name);
	await rm(folder, {recursive: true, force: true});
	await syncFolder(path.dirname(folder));
};

const ejectLocked = async (workspace: Workspace, {purge: isPurge = false, signal}: EjectOptions): Promise<EjectResult> => {
	const begun = monotonicNow();
	const {stack, history, pool, runtime, report, home} = workspace;
	const engine = await openEngine(workspace);
	if (!isRoot()) {
		throw new CoppiceError('permission', 'Giving volumes back to Docker needs root: their files belong to the users inside the containers, and Docker\'s folder is root\'s.', {
			stack: stack.name, hint: 'Run `sudo coppice eject`.',
		});
	}

	// A purge that was cut off may have taken the history already.
	await history.create(firstBranch);
	const short = randomUUID().slice(0, 8);
	const branch = await history.currentBranch();
	const [managed, originals] = await Promise.all([findManaged(workspace, engine, short), listOriginals(workspace)]);
	const states = await runtime.states();
	const mounting = new Set(managed.flatMap(({volume}) => servicesMounting(stack, volume)));
	const stops = states.filter(({name, status}) => mounting.has(name) && ['running', 'restarting', 'paused'].includes(status)).map(({name}) => name);
	const trees = new Map<string, TreeHash>();
	await transact(workspace, {
		verb: 'eject',
		rollback: [
			...stops.length === 0 ? [] : [{do: 'start', services: stops} satisfies Step],
			...managed.map(({volume, filling}): Step => ({do: 'discard-filling', volume, filling})),
		],
		async prepare() {
			const folders = await makeFillings(workspace, engine, managed);
			await runSteps(workspace, 'eject prepare', [{do: 'stop', services: stops, mode: 'graceful'}]);
			for (const {volume, engineVolume, live, bytes} of managed) {
				report({type: 'step', message: `copying ${volume} of ${branch} (${prettyBytes(bytes, {binary: true})}) to the Docker volume ${engineVolume}`});
				trees.set(volume, await copyTree(live, folders.get(volume)!, {
					signal,
					onVerified(done) {
						report({
							type: 'progress', task: `verifying ${volume}`, done, unit: 'bytes',
						});
					},
				}));
				failpoint(`copied ${volume}`);
			}
		},
		apply: () => [
			...managed.map(({volume, engineVolume, filling}): Step => ({
				do: 'give-back', volume, engineVolume, filling, fingerprint: trees.get(volume)!.fingerprint,
			})),
			...stops.length === 0 ? [] : [{do: 'start', services: stops, plainly: true} satisfies Step],
			// A record is what the history is found by: it outlives what is removed.
			...isPurge ? [] : [{do: 'forget-project'} satisfies Step],
		],
	}, signal);
	if (isPurge) {
		await purge(workspace);
		await forgetProject(home, stack.projectFolder);
	}

	await waitUntilReady(workspace, stops, {...(signal !== undefined && {signal})});
	return {
		stack: stack.name,
		branch,
		volumes: managed.map(({volume, engineVolume, bytes}) => ({
			volume, engineVolume, bytes, treeHash: trees.get(volume)!.hash,
		})),
		restarted: stops,
		readyMilliseconds: monotonicNow() - begun,
		...(!isPurge && {keptIn: stackFolder(pool.path, stack.name)}),
		originals: originals.map(({engineVolume}) => engineVolume),
	};
};

/**
Gives all managed volumes back.

@throws CoppiceError `precondition` for a stack that does not run in Docker, or without room there; `permission` without root; `conflict` while
containers of others hold a volume. Nothing has been changed then.
*/
export const eject = async (workspace: Workspace, options: EjectOptions = {}): Promise<EjectResult> =>
	exclusively(workspace, 'eject', async () => ejectLocked(workspace, options), options);
