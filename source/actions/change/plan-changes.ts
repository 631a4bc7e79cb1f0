/**
Decides the steps of every verb that changes branches, tags or the current data: pure, from facts to a plan.

Verbs say what should be different (`Change`); the plan says how, in which order, what undoes it half way, and what `undo` has
to know afterwards.
*/
import {CoppiceError} from '../../system/errors.ts';
import {
	commitId,
	type Commit,
	type Consistency,
	type StoredCommit,
} from '../../history/commit.ts';
import type {Operation, OperationChange} from '../../history/operation.ts';
import type {Definition} from '../../stack/stack.ts';
import {together, type Step} from './steps.ts';

/**
What should be different afterwards.
*/
export type Change =
	/** Another branch is current. */
	| {readonly type: 'head'; readonly to: string}

	/** A branch points elsewhere; with `data`, its live data become those of that commit. */
	| {readonly type: 'move'; readonly branch: string; readonly to: string | null; readonly data?: string}
	| {readonly type: 'create'; readonly branch: string; readonly at: string | null; readonly data: string}
	| {readonly type: 'delete'; readonly branch: string}
	| {readonly type: 'rename'; readonly from: string; readonly to: string}

	/** A tag is set, or removed where `to` is absent. */
	| {readonly type: 'tag'; readonly name: string; readonly to?: string}
	| {readonly type: 'prune'; readonly commits: readonly string[]}
	| {readonly type: 'restore'; readonly commits: readonly string[]};

/**
How things stand, as far as the plan depends on it.
*/
export type Facts = {
	readonly stack: string;
	readonly current: string;
	readonly branches: ReadonlyMap<string, string | null>;
	readonly tags: ReadonlyMap<string, string>;
	readonly volumes: readonly string[];

	/** Volumes that have a live clone of a branch. */
	readonly liveVolumes: ReadonlyMap<string, readonly string[]>;

	/** Every commit that a change names, and that of a branch to go to that has not all of its live clones. */
	readonly commits: ReadonlyMap<string, StoredCommit>;

	/** Services that run now. */
	readonly running: readonly string[];

	/** Services that have to be stopped when a volume's data change, those that restart with them included. */
	readonly users: Readonly<Record<string, readonly string[]>>;
	readonly definition: Definition;

	/** ISO 8601. */
	readonly now: string;
	readonly newId: () => string;
};

export type Intent = {
	readonly verb: string;
	readonly summary: string;
	readonly changes: readonly Change[];
	readonly undoes?: string;
	readonly redoes?: string;

	/** Starts services when all else is done, in place of starting again those that had to be stopped. */
	readonly start?: Step;
};

export type Plan = {
	readonly prepare: readonly Step[];
	readonly rollback: readonly Step[];
	readonly apply: readonly Step[];
	readonly operation: Operation;

	/** Ids of the safety commits that hold what was replaced or removed. */
	readonly kept: readonly string[];

	/** Services that are stopped and started again. */
	readonly restarted: readonly string[];
	readonly notices: readonly string[];
};

/**
Collects steps while the changes are walked through one by one.
*/
type Draft = {
	readonly stage: Step[];
	readonly unstage: Step[];
	readonly data: Step[];
	readonly records: Step[];
	readonly operationChanges: OperationChange[];
	readonly kept: string[];
	readonly touched: Set<string>;
	readonly notices: string[];
	readonly branches: Map<string, string | null>;
	current: string;
	graceful: boolean;
};

const short = (id: string): string => id.slice(0, 8);

const branchTip = (draft: Draft, stack: string, branch: string): string | null => {
	const tip = draft.branches.get(branch);
	if (tip === undefined) {
		throw new CoppiceError('not-found', `There is no branch ${branch} in stack ${stack}.`, {stack, hint: '`coppice branch` lists them.'});
	}

	return tip;
};

const commitOf = (facts: Facts, id: string): StoredCommit => {
	const commit = facts.commits.get(id);
	if (commit === undefined) {
		throw new CoppiceError('not-found', `The commit ${short(id)} of stack ${facts.stack} is not there any more.`, {
			stack: facts.stack, hint: 'It was pruned; `coppice log --all` lists what is there.',
		});
	}

	return commit;
};

/**
The commit that keeps what is about to be replaced or removed.
*/
const safetyCommit = (facts: Facts, draft: Draft, intent: Intent, branch: string, volumes: readonly string[]): Commit => {
	const tip = draft.branches.get(branch) ?? null;
	const runs = branch === facts.current && volumes.some(volume => (facts.users[volume] ?? []).some(service => facts.running.includes(service)));
	// Killed writers leave what a power cut would leave: one instant, recovered at the next start.
	const consistency: Consistency = runs ? 'frozen' : 'stopped';
	return {
		version: 1,
		stack: facts.stack,
		parents: tip === null ? [] : [tip],
		time: facts.now,
		message: `before ${intent.summary}`,
		kind: 'safety',
		branch,
		consistency,
		stillMilliseconds: 0,
		volumes: Object.fromEntries(volumes.map(volume => [volume, facts.newId()])),
		definition: facts.definition,
	};
};

const keep = (draft: Draft, commit: Commit): string => {
	const id = commitId(commit);
	draft.records.push({do: 'write-commit', commit});
	draft.kept.push(id);
	return id;
};

/**
Volumes of the stack that a commit has data of; says which are left out.
*/
const volumesOf = (facts: Facts, draft: Draft, commit: StoredCommit): string[] => {
	const shared = facts.volumes.filter(volume => commit.volumes[volume] !== undefined);
	const missing = facts.volumes.filter(volume => commit.volumes[volume] === undefined);
	const gone = Object.keys(commit.volumes).filter(volume => !facts.volumes.includes(volume));
	if (missing.length > 0) {
		draft.notices.push(`${short(commit.id)} has no data of ${missing.join(', ')}`);
	}

	if (gone.length > 0) {
		draft.notices.push(`${short(commit.id)} also holds ${gone.join(', ')}, which the stack has no more`);
	}

	return shared;
};

/** A branch that came from another host may have a commit and no live clone yet. What its commit does not have is new. */
const addLive = (facts: Facts, draft: Draft, volume: string, branch: string): void => {
	const tip = draft.branches.get(branch) ?? undefined;
	const snapshot = tip === undefined ? undefined : facts.commits.get(tip)?.volumes[volume];
	if (tip === undefined || snapshot === undefined) {
		draft.data.push({do: 'create', volume, branch});
		draft.notices.push(`${volume} is new on ${branch}, and empty`);
		return;
	}

	const staged = `${short(tip)}-${short(facts.newId())}`;
	draft.stage.push({
		do: 'stage', volume, snapshot, staged,
	});
	draft.unstage.push({do: 'unstage', volume, staged});
	draft.data.push({
		do: 'swap', volume, branch, staged,
	});
};

const addChange = (facts: Facts, draft: Draft, intent: Intent, change: Change): void => {
	switch (change.type) {
		case 'head': {
			branchTip(draft, facts.stack, change.to);
			const live = facts.liveVolumes.get(change.to) ?? [];
			const staged = new Set(draft.data.flatMap(step => step.do === 'swap' && step.branch === change.to ? [step.volume] : []));
			for (const volume of facts.volumes) {
				if (!live.includes(volume) && !staged.has(volume)) {
					addLive(facts, draft, volume, change.to);
				}

				draft.data.push({do: 'link', volume, branch: change.to});
				draft.touched.add(volume);
			}

			draft.graceful = true;
			draft.records.push({do: 'set-head', branch: change.to});
			draft.operationChanges.push({type: 'head', from: draft.current, to: change.to});
			draft.current = change.to;
			return;
		}

		case 'move': {
			const tip = branchTip(draft, facts.stack, change.branch);
			let kept: string | undefined;
			if (change.data !== undefined) {
				const target = commitOf(facts, change.data);
				const volumes = volumesOf(facts, draft, target);
				const live = facts.liveVolumes.get(change.branch) ?? [];
				const replaced = volumes.filter(volume => live.includes(volume));
				const safety = safetyCommit(facts, draft, intent, change.branch, replaced);
				kept = keep(draft, safety);
				for (const volume of volumes) {
					const staged = short(kept);
					const keepAs = safety.volumes[volume];
					draft.stage.push({
						do: 'stage', volume, snapshot: target.volumes[volume]!, staged,
					});
					draft.unstage.push({do: 'unstage', volume, staged});
					draft.data.push({
						do: 'swap', volume, branch: change.branch, staged, ...(keepAs !== undefined && {keepAs}),
					});
					if (change.branch === draft.current) {
						draft.touched.add(volume);
					}
				}
			}

			if (change.to !== tip) {
				draft.records.push({
					do: 'set-branch', branch: change.branch, commit: change.to, reason: intent.summary,
				});
			}

			draft.branches.set(change.branch, change.to);
			draft.operationChanges.push({
				type: 'branch', name: change.branch, from: tip, to: change.to, ...(kept !== undefined && {kept, made: change.data}),
			});
			return;
		}

		case 'create': {
			if (draft.branches.has(change.branch)) {
				throw new CoppiceError('conflict', `There is a branch ${change.branch} in stack ${facts.stack} already.`, {
					stack: facts.stack, hint: `\`coppice switch ${change.branch}\` goes there.`,
				});
			}

			const source = commitOf(facts, change.data);
			const staged = short(facts.newId());
			for (const volume of volumesOf(facts, draft, source)) {
				draft.stage.push({
					do: 'stage', volume, snapshot: source.volumes[volume]!, staged,
				});
				draft.unstage.push({do: 'unstage', volume, staged});
				draft.data.push({
					do: 'swap', volume, branch: change.branch, staged,
				});
			}

			draft.records.push({
				do: 'set-branch', branch: change.branch, commit: change.at, reason: intent.summary,
			});
			draft.branches.set(change.branch, change.at);
			draft.operationChanges.push({
				type: 'branch', name: change.branch, to: change.at, made: change.data,
			});
			return;
		}

		case 'delete': {
			const tip = branchTip(draft, facts.stack, change.branch);
			if (change.branch === draft.current) {
				throw new CoppiceError('conflict', `${change.branch} is the current branch of stack ${facts.stack} and can't be deleted.`, {
					stack: facts.stack, hint: 'Switch to another branch first: `coppice switch BRANCH`.',
				});
			}

			const safety = safetyCommit(facts, draft, intent, change.branch, facts.liveVolumes.get(change.branch) ?? []);
			const kept = keep(draft, safety);
			for (const [volume, keepAs] of Object.entries(safety.volumes)) {
				draft.data.push({
					do: 'retire', volume, branch: change.branch, keepAs,
				});
			}

			draft.records.push({do: 'remove-branch', branch: change.branch, reason: intent.summary});
			draft.branches.delete(change.branch);
			draft.operationChanges.push({
				type: 'branch', name: change.branch, from: tip, kept,
			});
			return;
		}

		case 'rename': {
			const tip = branchTip(draft, facts.stack, change.from);
			if (draft.branches.has(change.to)) {
				throw new CoppiceError('conflict', `There is a branch ${change.to} in stack ${facts.stack} already.`, {stack: facts.stack});
			}

			const isCurrent = change.from === draft.current;
			for (const volume of facts.liveVolumes.get(change.from) ?? []) {
				draft.data.push({
					do: 'rename', volume, from: change.from, to: change.to,
				});
			}

			draft.records.push({
				do: 'set-branch', branch: change.to, commit: tip, reason: intent.summary,
			}, {do: 'remove-branch', branch: change.from, reason: intent.summary});
			if (isCurrent) {
				// A mounted data set can't be moved under a service on every file system.
				draft.graceful = true;
				for (const volume of facts.volumes) {
					draft.data.push({do: 'link', volume, branch: change.to});
					draft.touched.add(volume);
				}

				draft.records.push({do: 'set-head', branch: change.to});
				draft.current = change.to;
			}

			draft.branches.delete(change.from);
			draft.branches.set(change.to, tip);
			draft.operationChanges.push({type: 'branch-renamed', from: change.from, to: change.to});
			return;
		}

		case 'tag': {
			const from = facts.tags.get(change.name);
			draft.records.push(change.to === undefined
				? {do: 'remove-tag', tag: change.name}
				: {do: 'set-tag', tag: change.name, commit: commitOf(facts, change.to).id});
			draft.operationChanges.push({
				type: 'tag', name: change.name, ...(from !== undefined && {from}), ...(change.to !== undefined && {to: change.to}),
			});
			return;
		}

		case 'prune':
		case 'restore': {
			for (const id of change.commits) {
				draft.records.push({
					do: change.type === 'prune' ? 'remove-commit' : 'restore-commit', commit: id, snapshots: commitOf(facts, id).volumes,
				});
			}

			draft.operationChanges.push({type: change.type === 'prune' ? 'pruned' : 'restored', commits: change.commits});
		}
	}
};

/**
Plans a verb.

@throws CoppiceError `not-found` or `conflict` when a change does not fit the facts; nothing has been touched then.
*/
export const planChanges = (facts: Facts, intent: Intent): Plan => {
	const draft: Draft = {
		stage: [], unstage: [], data: [], records: [], operationChanges: [], kept: [], touched: new Set(), notices: [],
		branches: new Map(facts.branches), current: facts.current, graceful: false,
	};
	for (const change of intent.changes) {
		addChange(facts, draft, intent, change);
	}

	const affected = new Set([...draft.touched].flatMap(volume => facts.users[volume] ?? []));
	const restarted = facts.running.filter(service => affected.has(service));
	const operation: Operation = {
		id: facts.newId(),
		time: facts.now,
		verb: intent.verb,
		summary: intent.summary,
		changes: draft.operationChanges,
		...(intent.undoes !== undefined && {undoes: intent.undoes}),
		...(intent.redoes !== undefined && {redoes: intent.redoes}),
	};
	const start: Step[] = restarted.length === 0 ? [] : [{do: 'start', services: restarted}];
	const stop: Step[] = restarted.length === 0 ? [] : [{do: 'stop', services: restarted, mode: draft.graceful ? 'graceful' : 'now'}];
	const prepare = [...stop, ...draft.stage];
	const records: Step[] = [...draft.records, {do: 'operation', operation}];
	// The services start on their new data while the history is written: neither waits for the other's disk.
	const applyRecords = intent.start === undefined ? [together([...start, ...records])] : [together(records), intent.start];
	return {
		prepare: prepare.length === 0 ? [] : [together(prepare)],
		rollback: [...draft.unstage, ...start],
		apply: [...inParallelByVolume(draft.data), ...applyRecords],
		operation,
		kept: draft.kept,
		restarted,
		notices: [...new Set(draft.notices)],
	};
};

/**
Steps on one volume keep their order; different volumes don't wait for each other.
*/
const inParallelByVolume = (steps: readonly Step[]): Step[] => {
	const rounds: Step[][] = [];
	const next = new Map<string, number>();
	for (const step of steps) {
		const volume = 'volume' in step ? step.volume : '';
		const round = next.get(volume) ?? 0;
		(rounds[round] ??= []).push(step);
		next.set(volume, round + 1);
	}

	return rounds.map(round => together(round));
};
