/**
`coppice prune`: removes commits by count and age, or by name. They go to the trash, from which `undo` brings them back, and
are destroyed a day later, or at once with `now`.
*/
import {CoppiceError} from '../system/errors.ts';
import type {StoredCommit} from '../history/commit.ts';
import {undoneOperations} from '../history/operation.ts';
import {decideRetention, parseKeep} from '../history/retention.ts';
import {resolve} from '../history/revision.ts';
import {listHosts} from '../host/host-registry.ts';
import {listSpools, removeSpool} from '../storage/spools.ts';
import {applyChanges} from './change/apply-changes.ts';
import {together, type Step} from './change/steps.ts';
import {exclusively, transact} from './change/transact.ts';
import {hostPin} from './sync/shared-pins.ts';
import {
	findUnnamed,
	removeUnnamed,
	transferDays,
	type UnnamedSnapshot,
} from './sync/unnamed-snapshots.ts';
import type {Workspace} from './workspace/workspace.ts';

/** How long removed commits can be brought back. */
export const trashHours = 24;

/** How long safety commits are kept where no rule says so. */
export const safetyDays = 7;

export type PruneOptions = {
	/** `24h:all,7d:daily,8w:weekly`; parsed by the history. */
	readonly keep?: string;

	/** Keeps at least the last N of each branch. */
	readonly keepLast?: number;

	/** Only these commits. */
	readonly revisions?: readonly string[];
	readonly dryRun?: boolean;

	/** Destroys what is in the trash at once; this can't be undone. */
	readonly now?: boolean;
};

export type PruneResult = {
	readonly removed: ReadonlyArray<{readonly id: string; readonly message: string; readonly time: string; readonly kind: string}>;
	readonly kept: ReadonlyArray<{readonly id: string; readonly why: string}>;

	/** Snapshots destroyed for good, or that would be. */
	readonly destroyed: number;

	/** Commits in the trash, that `undo` can bring back. */
	readonly inTrash: number;

	/** Transfers that were cut long ago, and of which what had come was removed, or would be. */
	readonly abandoned: number;

	/** Whole snapshots that came by such a transfer, which no commit names, and that were removed, or would be. */
	readonly unnamed: readonly UnnamedSnapshot[];
	readonly dryRun: boolean;
};

/**
Commits that must stay: what branches, tags and remote branches point at, and what another host has too and the next increment starts from.
*/
const findProtected = async (workspace: Workspace): Promise<Map<string, string>> => {
	const {history, home} = workspace;
	const [branches, tags, remoteBranches, pins, hosts] = await Promise.all([
		history.branches(), history.tags(), history.remoteBranches(), history.pins(), listHosts(home),
	]);
	const forgotten = (peer: string): boolean => peer.startsWith(hostPin('')) && hosts.every(({name}) => hostPin(name) !== peer);
	const kept = new Map<string, string>(pins.filter(({peer}) => !forgotten(peer)).flatMap(({peer, name = `pool ${peer}`, commits}) =>
		commits.map(id => [id, `${name} has it too, and the next increment to or from there starts from it`] as const)));
	for (const [kind, refs] of [['remote branch', remoteBranches], ['tag', tags], ['branch', branches]] as const) {
		for (const [name, id] of refs) {
			if (id !== null) {
				kept.set(id, `${kind} ${name} points at it`);
			}
		}
	}

	return kept;
};

type Named = {
	readonly commits: readonly StoredCommit[];

	/** Ids of commits whose files are damaged: they can't be read, so not restored either. */
	readonly damaged: readonly string[];
};

/**
What was named by the user, refused where something points at it.
*/
const findNamed = async (workspace: Workspace, revisions: readonly string[], kept: ReadonlyMap<string, string>): Promise<Named> => {
	const {damaged} = await workspace.history.allCommits();
	const broken = revisions.map(revision => damaged.find(({id}) => id === revision || (revision.length >= 8 && id.startsWith(revision)))?.id);
	const commits = await Promise.all(revisions.filter((_, index) => broken[index] === undefined).map(async revision => {
		const id = await resolve(workspace.history, revision);
		const why = kept.get(id);
		if (why !== undefined) {
			throw new CoppiceError('conflict', `${revision} (${id.slice(0, 8)}) can't be pruned: ${why}.`, {
				stack: workspace.stack.name, hint: 'Delete that branch or tag, or move it, first; what is kept for another host is let go when a newer commit is fetched or pushed.',
			});
		}

		return workspace.history.readCommit(id);
	}));
	return {commits, damaged: broken.filter(id => id !== undefined)};
};

type Trash = {
	/** Snapshots to destroy, by volume. */
	readonly destroy: ReadonlyMap<string, readonly string[]>;

	/** Removed commits that can still be brought back. */
	readonly inTrash: number;
};

/** Removed commits that can be brought back: those removed less than a day ago. */
const findRestorable = async ({history}: Workspace): Promise<ReadonlySet<string>> => {
	const [operations, removed] = await Promise.all([history.operations(), history.removedIds()]);
	const undone = undoneOperations(operations);
	const limit = Date.now() - (trashHours * 3_600_000);
	const recent = new Set(operations
		.filter(operation => !undone.has(operation.id) && Date.parse(operation.time) > limit)
		.flatMap(operation => operation.changes.flatMap(change => change.type === 'pruned' ? change.commits : [])));
	return new Set(removed.filter(id => recent.has(id)));
};

/**
Which removed commits are past bringing back: all but those that are still restorable.
*/
const findTrash = async ({history, pool, stack, volumes}: Workspace, restorable: ReadonlySet<string>): Promise<Trash> => {
	const protectedSnapshots = new Set<string>();
	const {commits} = await history.removedCommits();
	for (const {id, volumes: snapshots} of commits) {
		for (const snapshot of restorable.has(id) ? Object.values(snapshots) : []) {
			protectedSnapshots.add(snapshot);
		}
	}

	const destroy = new Map<string, readonly string[]>();
	await Promise.all(volumes.map(async volume => {
		const {trash} = await pool.driver.contents({stack: stack.name, volume});
		destroy.set(volume, trash.filter(snapshot => !protectedSnapshots.has(snapshot)));
	}));
	return {destroy, inTrash: restorable.size};
};

/**
What came of transfers that were cut and that nobody went on with for days.
*/
const removeOldSpools = async ({pool, stack, volumes}: Workspace, dryRun: boolean): Promise<number> => {
	const limit = Date.now() - (transferDays * 24 * 3_600_000);
	let count = 0;
	for (const volume of volumes) {
		const address = {stack: stack.name, volume};
		const spools = await listSpools(pool.path, address);
		const old = spools.filter(({changedAt}) => changedAt < limit);
		count += old.length;
		for (const {snapshot} of old) {
			if (!dryRun) {
				await removeSpool(pool.path, address, snapshot);
			}
		}
	}

	return count;
};

const emptyTrash = async (workspace: Workspace, {destroy}: Trash): Promise<number> => {
	const steps = [...destroy].filter(([, snapshots]) => snapshots.length > 0).map(([volume, snapshots]): Step => ({do: 'empty-trash', volume, snapshots}));
	if (steps.length > 0) {
		await transact(workspace, {
			verb: 'empty-trash', rollback: [], async prepare() {}, apply: () => [together(steps)],
		});
	}

	return steps.reduce((sum, step) => sum + (step.do === 'empty-trash' ? step.snapshots.length : 0), 0);
};

/**
Destroys what is past bringing back, and what came of transfers that were given up.
*/
const tidy = async (workspace: Workspace, now: boolean, dryRun: boolean): Promise<Pick<PruneResult, 'destroyed' | 'inTrash' | 'abandoned' | 'unnamed'>> => {
	const restorable = now ? new Set<string>() : await findRestorable(workspace);
	const trash = await findTrash(workspace, restorable);
	return {
		destroyed: dryRun ? trash.destroy.values().reduce((sum, snapshots) => sum + snapshots.length, 0) : await emptyTrash(workspace, trash),
		inTrash: trash.inTrash,
		abandoned: await removeOldSpools(workspace, dryRun),
		unnamed: dryRun ? await findUnnamed({...workspace, stack: workspace.stack.name}, {restorable}) : await removeUnnamed(workspace, {restorable}),
	};
};

/**
What the user's settings say to keep where the command does not.

@throws CoppiceError `usage` when they say nothing either.
*/
const usualKeep = async ({home}: Workspace): Promise<string> => {
	const {readUserSettings} = await import('../host/user-settings.ts');
	const {keep} = readUserSettings(home);
	if (keep === undefined) {
		throw new CoppiceError('usage', 'It has to be said what to keep, or which commits to remove.', {
			hint: 'Try `coppice prune --keep 24h:all,7d:daily,8w:weekly --dry-run`, or put `"keep"` into config.json.',
		});
	}

	return keep;
};

/**
@throws CoppiceError `conflict` when a named commit has a branch or tag; `usage` when a rule can't be read.
*/
export const prune = async (workspace: Workspace, options: PruneOptions): Promise<PruneResult> =>
	exclusively(workspace, 'prune', async () => {
		const {keepLast, revisions = [], dryRun = false, now = false} = options;
		const isTold = options.keep !== undefined || keepLast !== undefined || now || revisions.length > 0;
		const keep = isTold ? options.keep : await usualKeep(workspace);
		const {history} = workspace;
		const kept = await findProtected(workspace);
		let removed: readonly StoredCommit[] = [];
		let reasons: PruneResult['kept'] = [];
		if (revisions.length > 0) {
			const named = await findNamed(workspace, revisions, kept);
			removed = named.commits;
			for (const id of dryRun ? [] : named.damaged) {
				workspace.report({type: 'notice', message: `${id.slice(0, 8)} is damaged: only its file is put away, its snapshots stay`});
				await history.removeCommit(id);
			}
		} else if (keep !== undefined || keepLast !== undefined) {
			const {commits} = await history.allCommits();
			const decision = decideRetention({
				commits,
				rules: keep === undefined ? [] : parseKeep(keep),
				...(keepLast !== undefined && {keepLast}),
				protectedIds: new Set(kept.keys()),
				now: new Date(),
				safetyDays,
			});
			const remove = new Set(decision.remove);
			removed = commits.filter(commit => remove.has(commit.id));
			reasons = decision.keep.map(({id, why}) => ({id, why: kept.get(id) ?? why}));
		}

		if (!dryRun && removed.length > 0) {
			await applyChanges(workspace, {
				verb: 'prune',
				summary: `prune ${removed.length} ${removed.length === 1 ? 'commit' : 'commits'}`,
				changes: [{type: 'prune', commits: removed.map(commit => commit.id)}],
			});
		}

		const tidied = await tidy(workspace, now, dryRun);
		return {
			removed: removed.map(({id, message, time, kind}) => ({
				id, message, time, kind,
			})),
			kept: reasons,
			...tidied,
			dryRun,
		};
	});
