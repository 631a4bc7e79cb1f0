/**
`coppice init --adopt`: takes volumes over that the Docker engine holds the data of. The original is kept until it is dropped.

Copied and proven first, while the original is untouched; only then is the original moved aside and a volume of the same name made
that stands for the copy.
*/
import {randomUUID} from 'node:crypto';
import {statfs} from 'node:fs/promises';
import prettyBytes from 'pretty-bytes';
import {monotonicNow} from '../system/clock.ts';
import {CoppiceError, isSystemError} from '../system/errors.ts';
import {isRoot} from '../system/run-command.ts';
import {
	commitId,
	type Commit,
} from '../history/commit.ts';
import type {OperationChange} from '../history/operation.ts';
import {readProject} from '../host/project-registry.ts';
import {
	engineVolumeName,
	isManaged,
	isPlain,
	type EngineVolume,
	type EngineVolumes,
	type VolumeUser,
} from '../runtime/docker/engine-volumes.ts';
import {describeDefinition} from '../stack/definition.ts';
import {measureTree} from '../storage/compare-trees.ts';
import {sharesBlocksBetween} from '../storage/copy-tree.ts';
import type {TreeHash} from '../storage/tree-hash.ts';
import {copyIn, discardCopy, type CopyNames} from './docker-data/copy-in.ts';
import {
	freeName,
	holdsData,
	openEngine,
	refuseStrangers,
	standsFor,
} from './change/engine-volume-steps.ts';
import {waitUntilReady} from './databases/ready.ts';
import type {Step} from './change/steps.ts';
import {exclusively, runSteps, transact} from './change/transact.ts';
import {servicesMounting} from './change/volume-users.ts';
import type {Workspace} from './workspace/workspace.ts';

export type VolumeToAdopt = {
	readonly volume: string;
	readonly engineVolume: string;

	/** Bytes of disk that its data take. */
	readonly bytes: number;

	/** The volume of the engine that will keep the original; none where there are no data. */
	readonly keptAs?: string;

	/** Whether the pool has older data of it on this branch, which go into a safety commit. */
	readonly replaces: boolean;
};

export type AdoptionPlan = {
	readonly volumes: readonly VolumeToAdopt[];

	/** Services that run and are stopped for it. */
	readonly stops: readonly string[];

	/** Bytes that the pool has to hold in addition. */
	readonly wantedBytes: number;
	readonly notices: readonly string[];
};

export type AdoptionResult = {
	readonly adopted: ReadonlyArray<VolumeToAdopt & {
		/** SHA-256 over names, metadata and content of the original and of the copy; none where there are no data. */
		readonly treeHash?: string;
	}>;

	/** The commit that holds the adopted state; none where nothing was adopted. */
	readonly commit?: string;
	readonly restarted: readonly string[];

	/** Milliseconds until clients could query. */
	readonly readyMilliseconds: number;
	readonly notices: readonly string[];
};

export type AdoptOptions = {
	readonly signal?: AbortSignal;

	/** Told what is going to happen before anything does. */
	readonly onPlan?: (plan: AdoptionPlan) => void;
};

/** What is needed to know of a volume that is to be adopted. */
type Candidate = VolumeToAdopt & {
	readonly found: EngineVolume;
	readonly users: readonly VolumeUser[];
};

const formatBytes = (bytes: number): string => prettyBytes(bytes, {binary: true});

/**
Volumes of the stack whose data are still in the engine.
*/
const unadoptedVolumes = async ({home, stack}: Workspace): Promise<string[]> => {
	const project = await readProject(home, stack.projectFolder);
	return (project?.unadopted ?? []).filter(volume => stack.volumes[volume]?.external === false);
};

/**
@throws CoppiceError `permission` without root; `conflict` while containers of others hold it, or where it stands for data in another pool.
*/
const checkVolume = (workspace: Workspace, volume: string, found: EngineVolume, users: readonly VolumeUser[]): void => {
	const {stack, pool} = workspace;
	if (isManaged(found)) {
		throw new CoppiceError('conflict', `The Docker volume ${found.name} stands for data in another pool than ${pool.path}.`, {
			stack: stack.name, volume, hint: 'Run `coppice eject` where it was taken up, or `coppice init --pool` with that pool.',
		});
	}

	if (!isRoot()) {
		throw new CoppiceError('permission', 'Taking over Docker volumes needs root: their files belong to the users inside the containers, and Docker\'s folder is root\'s.', {
			stack: stack.name, volume, hint: 'Run `sudo coppice init --adopt`.',
		});
	}

	refuseStrangers(users, stack.name, found.name);
};

const checkReachable = async (found: EngineVolume, stack: string): Promise<boolean> => {
	try {
		await statfs(found.data);
		return await holdsData(found.data);
	} catch (error) {
		if (isSystemError(error, 'ENOENT')) {
			throw new CoppiceError('precondition', `The Docker engine says that the volume ${found.name} is in ${found.data}, and that is not on this machine.`, {
				stack, hint: 'Docker Desktop keeps volumes in a virtual machine: run coppice where the engine itself runs.', cause: error,
			});
		}

		throw error;
	}
};

const inspect = async (workspace: Workspace, engine: EngineVolumes, branch: string, volume: string): Promise<Candidate | 'adopted' | 'foreign'> => {
	const {stack, pool} = workspace;
	const engineVolume = engineVolumeName(stack, volume);
	const found = await engine.find(engineVolume);
	if (found === undefined || standsFor(workspace, volume, found)) {
		return 'adopted';
	}

	if (!isPlain(found) && !isManaged(found)) {
		return 'foreign';
	}

	const users = await engine.users(engineVolume);
	checkVolume(workspace, volume, found, users);
	const hasData = await checkReachable(found, stack.name);
	const {branches} = await pool.driver.contents({stack: stack.name, volume});
	return {
		volume,
		engineVolume,
		bytes: hasData ? measureTree(found.data).totalBytes : 0,
		...(hasData && {keptAs: await freeName(engine, engineVolume)}),
		replaces: branches.includes(branch),
		found,
		users,
	};
};

/**
@throws CoppiceError `precondition` when the pool has no room and can't be grown.
*/
const makeRoom = async ({pool, stack}: Workspace, candidates: readonly Candidate[]): Promise<number> => {
	let wantedBytes = 0;
	for (const {found, bytes} of candidates) {
		const isShared = bytes > 0 && await sharesBlocksBetween(found.data, pool.path);
		// The live data, and the first commit of them where that is a copy.
		wantedBytes += (isShared ? 0 : bytes) + (pool.driver.traits.sharesBlocks ? 0 : bytes);
	}

	// The file system's own needs.
	wantedBytes += Math.ceil(wantedBytes / 20);
	const {freeBytes} = await pool.driver.room(wantedBytes);
	if (freeBytes < wantedBytes) {
		throw new CoppiceError('precondition', `The pool ${pool.path} has ${formatBytes(freeBytes)} free, and the volumes need ${formatBytes(wantedBytes)} there.`, {
			stack: stack.name, hint: 'Make room on its disk, or choose another place with `coppice init --pool FOLDER --adopt`. Nothing was changed.',
		});
	}

	return wantedBytes;
};

const planAdoption = async (workspace: Workspace, candidates: readonly Candidate[]): Promise<AdoptionPlan> => {
	const {stack, runtime, volumes} = workspace;
	const states = await runtime.states();
	// All that write to what the commit will hold: it is then one instant of everything.
	const mounting = new Set([...volumes, ...candidates.map(({volume}) => volume)].flatMap(volume => servicesMounting(stack, volume)));
	const stops = states.filter(({name, status}) => mounting.has(name) && status !== 'created' && status !== 'stopped' && status !== 'failed').map(({name}) => name);
	const leftBehind = candidates.flatMap(({users}) => users.flatMap(({name, anonymous}) => anonymous.map(volume => ({...volume, container: name}))));
	return {
		volumes: candidates.map(({found: _found, users: _users, ...volume}) => volume),
		stops,
		wantedBytes: await makeRoom(workspace, candidates),
		notices: new Map(leftBehind.map(volume => [volume.name, volume])).values().map(({name, target, container}) =>
			`the container ${container} is replaced; what it kept in the anonymous volume at ${target} stays in Docker as ${name.slice(0, 12)}…`).toArray(),
	};
};

type Survey = {
	readonly candidates: readonly Candidate[];

	/** Volumes that there is nothing to take over of: gone from the engine, or done already. */
	readonly adopted: readonly string[];
	readonly notices: readonly string[];
};

/**
What a first look says of what there is to adopt. Changes nothing.
*/
const survey = async (workspace: Workspace, engine: EngineVolumes): Promise<Survey> => {
	const [names, branch] = await Promise.all([unadoptedVolumes(workspace), workspace.history.currentBranch()]);
	const candidates: Candidate[] = [];
	const adopted: string[] = [];
	const notices: string[] = [];
	for (const name of names) {
		const found = await inspect(workspace, engine, branch, name);
		if (found === 'adopted') {
			adopted.push(name);
		} else if (found === 'foreign') {
			notices.push(`${name} stays as it is: its data are not kept by Docker itself, but where the volume's driver or options say`);
		} else {
			candidates.push(found);
		}
	}

	return {candidates, adopted, notices};
};

const adoptLocked = async (workspace: Workspace, {signal, onPlan}: AdoptOptions): Promise<AdoptionResult> => {
	const begun = monotonicNow();
	const {stack, history, pool, runtime, volumes} = workspace;
	const engine = await openEngine(workspace);
	const {candidates, adopted, notices} = await survey(workspace, engine);
	if (candidates.length === 0) {
		if (adopted.length > 0) {
			await runSteps(workspace, 'adopt', [{do: 'record-adopted', volumes: adopted}]);
		}

		return {
			adopted: [], restarted: [], readyMilliseconds: 0, notices: [`Stack ${stack.name} has no data in Docker volumes to adopt.`, ...notices],
		};
	}

	const names = [...adopted, ...candidates.map(({volume}) => volume)];
	const plan = await planAdoption(workspace, candidates);
	onPlan?.(plan);
	const [branch, branches, digests] = await Promise.all([history.currentBranch(), history.branches(), runtime.imageDigests()]);
	const tip = branches.get(branch) ?? null;
	const id = randomUUID();
	const short = id.slice(0, 8);
	const copies = new Map(candidates.map(({volume}): [string, CopyNames] => [volume, {
		volume, filling: `adopting-${short}`, snapshot: randomUUID(), staged: short,
	}]));
	const trees = new Map<string, TreeHash>();
	const others = Object.fromEntries(volumes.map(volume => [volume, randomUUID()]));
	const definition = describeDefinition(stack, digests);
	const makeCommit = (more: Pick<Commit, 'message' | 'kind' | 'volumes'>): Commit => ({
		version: 1, stack: stack.name, parents: tip === null ? [] : [tip], time: new Date().toISOString(), branch, consistency: 'stopped', stillMilliseconds: 0, definition, ...more,
	});
	const commit = makeCommit({
		message: 'adopted from Docker', kind: 'commit', volumes: {...others, ...Object.fromEntries([...copies].map(([volume, {snapshot}]) => [volume, snapshot]))},
	});
	const replaced = Object.fromEntries(candidates.filter(({replaces}) => replaces).map(({volume}) => [volume, randomUUID()]));
	const safety = makeCommit({message: 'before adopt', kind: 'safety', volumes: replaced});
	const hasSafety = Object.keys(replaced).length > 0;
	const commitName = commitId(commit);
	const change: OperationChange = {
		type: 'branch', name: branch, from: tip, to: commitName, ...(hasSafety && {kept: commitId(safety), made: commitName}),
	};
	await transact(workspace, {
		verb: 'adopt',
		rollback: [
			...plan.stops.length === 0 ? [] : [{do: 'start', services: plan.stops} satisfies Step],
			...copies.values().flatMap(copy => discardCopy(copy)),
		],
		async prepare() {
			await runSteps(workspace, 'adopt prepare', [{do: 'stop', services: plan.stops, mode: 'graceful'}]);
			for (const candidate of candidates) {
				const {volume, engineVolume, bytes, found} = candidate;
				workspace.report({type: 'step', message: `copying ${engineVolume} (${formatBytes(bytes)}) into the pool`});
				trees.set(volume, await copyIn(workspace, found.data, copies.get(volume)!, {signal}));
			}
		},
		apply: () => [
			{do: 'stop', services: [...new Set(Object.keys(commit.volumes).flatMap(volume => servicesMounting(stack, volume)))], mode: 'graceful'},
			...candidates.flatMap(({volume, engineVolume, keptAs}): Step[] => keptAs === undefined
				? []
				: [{
					do: 'take-original', engineVolume, keptAs, fingerprint: trees.get(volume)!.fingerprint, ...copies.get(volume)!,
				}]),
			...candidates.flatMap(({volume, engineVolume}): Step[] => [
				{
					do: 'swap', volume, branch, staged: short, ...(replaced[volume] !== undefined && {keepAs: replaced[volume]}),
				},
				{do: 'link', volume, branch},
				{do: 'manage', volume, engineVolume},
			]),
			{do: 'snapshot', branch, snapshots: others},
			...hasSafety ? [{do: 'write-commit', commit: safety} satisfies Step] : [],
			{do: 'write-commit', commit},
			{
				do: 'set-branch', branch, commit: commitName, reason: 'adopt',
			},
			{
				do: 'operation',
				operation: {
					id, time: commit.time, verb: 'adopt', summary: `adopt ${candidates.map(({volume}) => volume).join(', ')} from Docker`, changes: [change],
				},
			},
			{do: 'record-adopted', volumes: names},
			...plan.stops.length === 0 ? [] : [{do: 'start', services: plan.stops, plainly: true} satisfies Step],
		],
	}, signal);
	await waitUntilReady(workspace, plan.stops, {...(signal !== undefined && {signal})});
	return {
		adopted: plan.volumes.map(volume => ({...volume, ...(volume.keptAs !== undefined && {treeHash: trees.get(volume.volume)!.hash})})),
		commit: commitName,
		restarted: plan.stops,
		readyMilliseconds: monotonicNow() - begun,
		notices: [...plan.notices, ...notices],
	};
};

/**
Takes the volumes over that the project record lists as not adopted.

@throws CoppiceError `precondition` without room, a reachable engine or a volume that can be taken; `permission` without root; `conflict`
while containers of others hold a volume. Nothing has been changed then.
*/
export const adopt = async (workspace: Workspace, options: AdoptOptions = {}): Promise<AdoptionResult> =>
	exclusively(workspace, 'adopt', async () => adoptLocked(workspace, options), options);
