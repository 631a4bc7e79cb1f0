/**
Whole snapshots that no commit names: they came by a transfer that was given up before its commit was written, whose branch was refused, say. The next
try goes on from them; after a week without one they are only in the way.

All is to be called under the stack's lock, under which commits are written: whoever writes one looks under the same lock whether its data are there,
so a commit never names what goes here. What is on its way needs no lock; while anything is, nothing goes, since it may be built upon what came before.
*/
import type {StoredCommit} from '../../history/commit.ts';
import type {History} from '../../history/history.ts';
import {listVolumes} from '../../storage/list-volumes.ts';
import type {Pool} from '../../storage/pool.ts';
import {listSpools} from '../../storage/spools.ts';
import {formatCount} from '../../system/format.ts';
import type {Step} from '../change/steps.ts';
import {transact} from '../change/transact.ts';
import type {Report} from '../progress.ts';
import type {Workspace} from '../workspace/workspace.ts';

/** How long what came of a transfer that was given up is kept for the next try, whole or in part. */
export const transferDays = 7;

const day = 24 * 3_600_000;

export type UnnamedSnapshot = {
	readonly volume: string;
	readonly snapshot: string;

	/** ISO 8601: since when it is in the pool. */
	readonly arrivedAt: string;

	/** Bytes of disk that its data take, those that it shares with others too. */
	readonly bytes: number;
};

type Place = {
	readonly stack: string;
	readonly pool: Pool;
	readonly history: Pick<History, 'allCommits' | 'elsewhereCommits' | 'removedCommits'>;
	readonly report: Report;
};

type Rules = {
	/** Removed commits that can still be brought back. */
	readonly restorable: ReadonlySet<string>;

	/** Milliseconds since 1970. */
	readonly now?: number;
};

/** What commits of a history may name, or nothing where some of them can't be read. */
const readNamed = async ({history, report}: Place, restorable: ReadonlySet<string>): Promise<ReadonlySet<string> | undefined> => {
	const [here, elsewhere, removed] = await Promise.all([history.allCommits(), history.elsewhereCommits(), history.removedCommits()]);
	const damaged = [...here.damaged, ...elsewhere.damaged, ...removed.damaged];
	if (damaged.length > 0) {
		report({type: 'notice', message: `what came of transfers that were given up stays: ${formatCount(damaged.length, 'commit')} can't be read, and may name it`});
		return undefined;
	}

	const commits: readonly StoredCommit[] = [...here.commits, ...elsewhere.commits, ...removed.commits.filter(({id}) => restorable.has(id))];
	return new Set(commits.flatMap(({volumes}) => Object.entries(volumes).map(([volume, snapshot]) => `${volume}/${snapshot}`)));
};

/**
What `removeUnnamed` would remove.

@throws CoppiceError of the pool that can't tell what it has.
*/
export const findUnnamed = async (place: Place, {restorable, now = Date.now()}: Rules): Promise<UnnamedSnapshot[]> => {
	const {stack, pool} = place;
	const limit = now - (transferDays * day);
	const volumes = await listVolumes(pool.path, stack);
	const spools = await Promise.all(volumes.map(async volume => listSpools(pool.path, {stack, volume})));
	if (spools.flat().some(({changedAt}) => changedAt >= limit)) {
		return [];
	}

	const whole = await Promise.all(volumes.map(async volume => {
		const {snapshots} = await pool.driver.contents({stack, volume});
		return snapshots.map(snapshot => ({volume, snapshot}));
	}));
	if (whole.flat().length === 0) {
		return [];
	}

	const named = await readNamed(place, restorable);
	const found: UnnamedSnapshot[] = [];
	for (const {volume, snapshot} of named === undefined ? [] : whole.flat()) {
		if (named!.has(`${volume}/${snapshot}`)) {
			continue;
		}

		const address = {stack, volume};
		const arrivedAt = await pool.driver.arrivedAt(address, snapshot);
		if (arrivedAt >= limit) {
			continue;
		}

		const {totalBytes: bytes} = await pool.driver.usage(address, {snapshot});
		found.push({
			volume, snapshot, arrivedAt: new Date(arrivedAt).toISOString(), bytes,
		});
	}

	return found;
};

/**
Removes for good whole snapshots that no commit names and that came more than a week ago. Cut off anywhere, the next command finishes it.

@returns What was removed.
*/
export const removeUnnamed = async (workspace: Workspace, rules: Rules): Promise<UnnamedSnapshot[]> => {
	const {stack: {name}, pool, history, report} = workspace;
	const found = await findUnnamed({
		stack: name, pool, history, report,
	}, rules);
	const steps = found.map(({volume, snapshot}): Step => ({do: 'discard-snapshot', volume, snapshot}));
	if (steps.length > 0) {
		await transact(workspace, {
			verb: 'remove-unnamed', rollback: [], async prepare() {}, apply: () => steps,
		});
	}

	return found;
};
