/**
`coppice commit`: one instant of all volumes of the stack, with its definition.
*/
import {randomUUID} from 'node:crypto';
import {CoppiceError} from '../system/errors.ts';
import {failpoint} from '../system/failpoint.ts';
import {
	type Commit,
	type Consistency,
	type StoredCommit,
	commitId,
} from '../history/commit.ts';
import type {Measure} from '../history/history.ts';
import type {ServiceState} from '../runtime/runtime.ts';
import type {Service} from '../stack/stack.ts';
import type {SnapshotRequest} from '../storage/driver.ts';
import {askCheckpoint} from './databases/ask-database.ts';
import {currentDefinition} from './definition/current-definition.ts';
import {orInterrupted} from './change/interrupt.ts';
import {measureCommit} from './measure.ts';
import {refuseLinksLeaving} from './databases/refuse-links.ts';
import {together, type Step} from './change/steps.ts';
import {exclusively, transact} from './change/transact.ts';
import {servicesMounting} from './change/volume-users.ts';
import type {Workspace} from './workspace/workspace.ts';

export type CommitOptions = {
	readonly message: string;

	/** Asks the databases for a checkpoint first; true unless told. */
	readonly checkpoint?: boolean;
	readonly signal?: AbortSignal;
};

export type CommitResult = {
	readonly commit: StoredCommit;
	readonly measure: Measure;
	readonly notices: readonly string[];
};

/** One that only reads holds nothing back. */
const writesTo = (service: Service | undefined, volumes: readonly string[]): boolean =>
	service?.mounts.some(mount => mount.kind === 'volume' && !mount.readOnly && volumes.includes(mount.volume)) === true;

/**
Asks the databases that write to the volumes to write out what they hold.

@returns Why not, for each that did not.
*/
const checkpointAll = async (workspace: Workspace, writers: readonly ServiceState[]): Promise<string[]> => {
	const {stack, volumes} = workspace;
	const asked = writers.filter(({name}) => writesTo(stack.services[name], volumes));
	const failures = await Promise.all(asked.map(async state => {
		const service = stack.services[state.name];
		const database = workspace.databases.get(state.name);
		if (service === undefined || database === undefined) {
			return `${state.name} is no database that can be asked for a checkpoint`;
		}

		try {
			await askCheckpoint(workspace, state, service, database);
			return undefined;
		} catch (error) {
			return `${state.name} did not make a checkpoint: ${error instanceof Error ? error.message : String(error)}`;
		}
	}));
	return failures.filter(failure => failure !== undefined);
};

/**
Takes the snapshots while the writers stand still.

@returns Milliseconds that they did.
*/
const snapshotFrozen = async (
	workspace: Workspace,
	requests: readonly SnapshotRequest[],
	writers: readonly string[],
): Promise<number> => {
	const {stack, pool, runtime} = workspace;
	const freeze = await runtime.freeze(writers);
	let stood: {milliseconds: number; held: boolean} | undefined;
	failpoint('commit frozen');
	try {
		await pool.driver.snapshot(requests);
		failpoint('commit snapshots taken');
	} finally {
		stood = await freeze.thaw();
	}

	if (!stood.held) {
		throw new CoppiceError('failed', `The writers of stack ${stack.name} did not stand still until all snapshots were taken, so nothing was committed.`, {
			stack: stack.name, hint: 'The disk may be very busy: try again, or stop the services first.',
		});
	}

	return stood.milliseconds;
};

const commitLocked = async (workspace: Workspace, {message, checkpoint = true, signal}: CommitOptions): Promise<CommitResult> => {
	const {stack, history, pool, runtime, volumes, report} = workspace;
	if (volumes.length === 0) {
		throw new CoppiceError('precondition', `Stack ${stack.name} has no volumes to commit.`, {
			stack: stack.name, hint: 'Give its database a named volume in the compose file and run `coppice init` again.',
		});
	}

	const [branch, branches, states, others, digests] = await Promise.all([
		history.currentBranch(), history.branches(), runtime.states(), runtime.otherUsers(volumes), runtime.imageDigests(), pool.driver.room(),
	]);
	await refuseLinksLeaving(workspace, branch);
	const mounting = new Set(volumes.flatMap(volume => servicesMounting(stack, volume)));
	const writers = states.filter(state => mounting.has(state.name) && (state.status === 'running' || state.status === 'restarting'));
	const notices: string[] = [];
	let consistency: Consistency = 'stopped';
	if (writers.length > 0) {
		const asked = writers.filter(({name}) => workspace.databases.has(name));
		if (checkpoint && asked.length > 0) {
			report({type: 'step', message: `asking ${asked.map(({name}) => name).join(', ')} for a checkpoint`});
		}

		const failures = checkpoint ? await orInterrupted(checkpointAll(workspace, writers), signal, 'commit') : ['no checkpoint was asked for'];
		consistency = failures.length === 0 ? 'quiesced' : 'frozen';
		notices.push(...failures, ...workspace.notices);
	}

	const isPaused = states.some(state => mounting.has(state.name) && state.status === 'paused');
	if (isPaused || others.length > 0) {
		// What is not the stack's stands still as well, but nobody knows how to ask it for a checkpoint.
		consistency = 'frozen';
		notices.push(...others.map(other => `${other}, was not asked for a checkpoint`));
	}

	const tip = branches.get(branch) ?? null;
	const snapshots = Object.fromEntries(volumes.map(volume => [volume, randomUUID()]));
	const requests = Object.entries(snapshots).map(([volume, snapshot]) => ({address: {stack: stack.name, volume}, branch, snapshot}));
	let commit: Commit = {
		version: 1,
		stack: stack.name,
		parents: tip === null ? [] : [tip],
		time: new Date().toISOString(),
		message,
		kind: 'commit',
		branch,
		consistency,
		stillMilliseconds: 0,
		volumes: snapshots,
		definition: await currentDefinition(workspace, digests),
	};
	const discard = Object.entries(snapshots).map(([volume, snapshot]): Step => ({do: 'discard-snapshot', volume, snapshot}));
	await transact(workspace, {
		verb: 'commit',
		rollback: [together(discard)],
		async prepare() {
			await pool.driver.prepareSnapshot?.(requests);
			const still = await snapshotFrozen(workspace, requests, writers.map(writer => writer.name));
			commit = {...commit, time: new Date().toISOString(), stillMilliseconds: Math.round(still * 10) / 10};
		},
		apply() {
			const id = commitId(commit);
			return [together([
				{do: 'write-commit', commit},
				{
					do: 'set-branch', branch, commit: id, reason: `commit: ${message}`,
				},
				{
					do: 'operation',
					operation: {
						id: randomUUID(), time: commit.time, verb: 'commit', summary: `commit ${id.slice(0, 8)} on ${branch}`,
						changes: [{
							type: 'branch', name: branch, from: tip, to: id,
						}],
					},
				},
			])];
		},
	}, signal);
	const stored = {...commit, id: commitId(commit)};
	return {commit: stored, measure: await measureCommit(workspace, stored), notices};
};

/**
Commits all volumes of the stack on the current branch.

@throws CoppiceError `precondition` without volumes; `failed` when the pool is full or writers would not stand still (nothing is committed then).
*/
export const commit = async (workspace: Workspace, options: CommitOptions): Promise<CommitResult> =>
	exclusively(workspace, 'commit', async () => commitLocked(workspace, options), options);
