/**
Gathers how things stand, plans a verb's changes and carries them out. The one way in which verbs change branches and data.
*/
import {randomUUID} from 'node:crypto';
import {monotonicNow} from '../../system/clock.ts';
import type {StoredCommit} from '../../history/commit.ts';
import type {Operation} from '../../history/operation.ts';
import {currentDefinition} from '../definition/current-definition.ts';
import {waitUntilReady} from '../databases/ready.ts';
import {isBranchClean, markBaseline} from '../baseline.ts';
import type {Workspace} from '../workspace/workspace.ts';
import {
	planChanges,
	type Change,
	type Facts,
	type Intent,
} from './plan-changes.ts';
import {refuseOtherUsers, volumesTaken} from './refuse-other-users.ts';
import {runSteps, transact} from './transact.ts';
import {volumeUsers} from './volume-users.ts';

export type Applied = {
	readonly operation: Operation;

	/** Safety commits that hold what was replaced or removed. */
	readonly kept: readonly string[];

	/** Services that were stopped and started again. */
	readonly restarted: readonly string[];

	/** Milliseconds from the beginning until clients could query. */
	readonly readyMilliseconds: number;
};

/**
Commits that have to be there for a change.
*/
const namedCommits = (change: Change): readonly string[] => {
	switch (change.type) {
		case 'move': {
			return [change.to, change.data].filter(id => typeof id === 'string');
		}

		case 'create': {
			return [change.at, change.data].filter(id => typeof id === 'string');
		}

		case 'tag': {
			return change.to === undefined ? [] : [change.to];
		}

		case 'prune':
		case 'restore': {
			return change.commits;
		}

		default: {
			return [];
		}
	}
};

/**
Branches whose live clones a change touches.
*/
const namedBranches = (change: Change): readonly string[] => {
	switch (change.type) {
		case 'head': {
			return [change.to];
		}

		case 'move':
		case 'delete': {
			return [change.branch];
		}

		case 'rename': {
			return [change.from];
		}

		default: {
			return [];
		}
	}
};

const readCommits = async (workspace: Workspace, changes: readonly Change[]): Promise<Map<string, StoredCommit>> => {
	const commits = new Map<string, StoredCommit>();
	await Promise.all(changes.flatMap(change => namedCommits(change).map(async id => {
		// What is restored was removed; everything else has to be there.
		const commit = change.type === 'restore' ? await workspace.history.readAnyCommit(id) : await workspace.history.readCommit(id);
		commits.set(id, commit);
	})));
	return commits;
};

const findLiveVolumes = async (workspace: Workspace, changes: readonly Change[]): Promise<Map<string, string[]>> => {
	const branches = new Set(changes.flatMap(change => namedBranches(change)));
	const live = new Map<string, string[]>([...branches].map(branch => [branch, []]));
	if (branches.size === 0) {
		return live;
	}

	await Promise.all(workspace.volumes.map(async volume => {
		const contents = await workspace.pool.driver.contents({stack: workspace.stack.name, volume});
		for (const branch of contents.branches) {
			live.get(branch)?.push(volume);
		}
	}));
	return live;
};

/**
Commits of branches to go to whose live clones have to be made of them.
*/
const readTipsToGoTo = async (
	{history, volumes}: Workspace,
	changes: readonly Change[],
	branches: ReadonlyMap<string, string | null>,
	liveVolumes: ReadonlyMap<string, readonly string[]>,
): Promise<Map<string, StoredCommit>> => {
	const commits = new Map<string, StoredCommit>();
	for (const change of changes) {
		if (change.type !== 'head') {
			continue;
		}

		const [tip, live = []] = [branches.get(change.to) ?? undefined, liveVolumes.get(change.to)];
		if (tip !== undefined && volumes.some(volume => !live.includes(volume))) {
			commits.set(tip, await history.readCommit(tip));
		}
	}

	return commits;
};

/**
How things stand for a verb.
*/
const gatherFacts = async (workspace: Workspace, changes: readonly Change[]): Promise<Facts> => {
	const {history, runtime, stack, volumes} = workspace;
	const [current, branches, tags, states, named, liveVolumes] = await Promise.all([
		history.currentBranch(),
		history.branches(),
		history.tags(),
		runtime.states(),
		readCommits(workspace, changes),
		findLiveVolumes(workspace, changes),
	]);
	const commits = new Map([...await readTipsToGoTo(workspace, changes, branches, liveVolumes), ...named]);
	return {
		stack: stack.name,
		current,
		branches,
		tags,
		volumes,
		liveVolumes,
		commits,
		// What is paused has its files open too.
		running: states.filter(state => ['running', 'restarting', 'paused'].includes(state.status)).map(state => state.name),
		users: volumeUsers(stack, volumes),
		definition: await currentDefinition(workspace),
		now: new Date().toISOString(),
		newId: randomUUID,
	};
};

/**
Whether the current branch's live data are those of its tip when the changes are through, before any service starts.
*/
const leavesClean = async (workspace: Workspace, changes: readonly Change[], current: string, head: string): Promise<boolean> => {
	const last = changes.findLast(change => (change.type === 'move' || change.type === 'create') && change.branch === head);
	switch (last?.type) {
		case 'create': {
			return last.at === last.data;
		}

		case 'move': {
			return last.data !== undefined && last.data === last.to;
		}

		default: {
			return head !== current && isBranchClean(workspace, head);
		}
	}
};

/**
Carries a verb's changes out and waits until the services it restarted are ready. To be called under the stack's lock.

@throws CoppiceError when the changes don't fit, a step fails, or a service does not get ready (the data are in place then).
*/
export const applyChanges = async (workspace: Workspace, intent: Intent, options: {signal?: AbortSignal} = {}): Promise<Applied> => {
	const begun = monotonicNow();
	const facts = await gatherFacts(workspace, intent.changes);
	const head = intent.changes.findLast(change => change.type === 'head')?.to ?? facts.current;
	const [endsClean, leftClean] = await Promise.all([
		leavesClean(workspace, intent.changes, facts.current, head),
		head !== facts.current && isBranchClean(workspace, facts.current),
	]);
	const plan = planChanges(facts, intent);
	for (const message of plan.notices) {
		workspace.report({type: 'notice', message});
	}

	await transact(workspace, {
		verb: intent.verb,
		rollback: plan.rollback,
		apply: () => plan.apply,
		async prepare() {
			const taken = volumesTaken(plan.apply, facts.current);
			// Before anything is stopped for nothing; and again, since that takes time.
			await refuseOtherUsers(workspace, intent.verb, taken);
			await runSteps(workspace, `${intent.verb} prepare`, plan.prepare);
			await refuseOtherUsers(workspace, intent.verb, taken);
		},
	}, options.signal);
	// What else was started is for those to wait for who know what it is.
	const isUsual = intent.start === undefined;
	await waitUntilReady(workspace, isUsual ? plan.restarted : [], options);
	const readyMilliseconds = monotonicNow() - begun;
	if (plan.restarted.length > 0) {
		await Promise.all([
			endsClean && isUsual ? markBaseline(workspace, head) : undefined,
			leftClean ? markBaseline(workspace, facts.current) : undefined,
		]);
	}

	return {
		operation: plan.operation, kept: plan.kept, restarted: plan.restarted, readyMilliseconds,
	};
};
