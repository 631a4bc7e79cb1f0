/**
Which snapshots have to come for which commits: pure.
*/
import {sortNewestFirst} from '../../history/commit-order.ts';
import {nearestPresent, reachable} from '../../history/ancestry.ts';
import type {KnownCommits} from '../../history/known-commits.ts';

export type SnapshotWanted = {
	readonly volume: string;
	readonly snapshot: string;

	/** The first commit that it is wanted for. */
	readonly commit: string;
};

export type DataPlan = {
	/** For each volume, in the order to bring them: each can be the base of the next. */
	readonly byVolume: ReadonlyMap<string, readonly SnapshotWanted[]>;

	/** Commits that are whole once these have come, parents first. Those that lacked nothing are among them. */
	readonly commits: readonly string[];

	/** Commits whose data the other side has no more. */
	readonly unavailable: readonly string[];
};

type Snapshots = ReadonlyMap<string, ReadonlySet<string>>;

const has = (snapshots: Snapshots, volume: string, snapshot: string): boolean => snapshots.get(volume)?.has(snapshot) === true;

/**
@param commits - Ids of commits whose data are wanted, parents first.
@param known - What is known of them.
@param here - Snapshots that the side has that they come to, by volume.
@param there - Snapshots that the side has that they come from.
*/
export const planData = (commits: readonly string[], known: KnownCommits, here: Snapshots, there: Snapshots): DataPlan => {
	const byVolume = new Map<string, SnapshotWanted[]>();
	const whole: string[] = [];
	const unavailable: string[] = [];
	const planned = new Set<string>();
	for (const id of commits) {
		const volumes = Object.entries(known.byId.get(id)?.volumes ?? {});
		const missing = volumes.filter(([volume, snapshot]) => !has(here, volume, snapshot));
		if (missing.some(([volume, snapshot]) => !has(there, volume, snapshot))) {
			unavailable.push(id);
			continue;
		}

		whole.push(id);
		for (const [volume, snapshot] of missing) {
			if (planned.has(`${volume}/${snapshot}`)) {
				continue;
			}

			planned.add(`${volume}/${snapshot}`);
			const list = byVolume.get(volume) ?? [];
			list.push({volume, snapshot, commit: id});
			byVolume.set(volume, list);
		}
	}

	return {byVolume, commits: whole, unavailable};
};

/**
Snapshots of a volume that are likely to be near to that of a commit, the nearest first: of what it descends from, of what descends from
it, and of all other commits from the newest on.
*/
export const nearestSnapshots = (commit: string, volume: string, {byId, parentsOf}: KnownCommits): string[] => {
	const children = new Map<string, string[]>();
	for (const {id, parents} of byId.values()) {
		for (const parent of parents) {
			const list = children.get(parent) ?? [];
			list.push(id);
			children.set(parent, list);
		}
	}

	// Over parents and children alike, from near to far: a sibling branch is nearer than the first commit.
	const neighbours = (id: string): readonly string[] => [...parentsOf(id), ...children.get(id) ?? []];
	const others = sortNewestFirst(byId.values().toArray()).map(({id}) => id);
	const ordered = new Set([...reachable([commit], neighbours), ...others]);
	ordered.delete(commit);
	return [...ordered].map(id => byId.get(id)?.volumes[volume]).filter(snapshot => snapshot !== undefined);
};

/**
Snapshots of a volume that only commits have which lie behind a nearer one of the wanted commit's past: nothing is looked for there, since less has
changed since the nearer one.

@param common - Snapshots that both sides have.
*/
export const fartherSnapshots = (commit: string, volume: string, {byId, parentsOf}: KnownCommits, common: ReadonlySet<string>): ReadonlySet<string> => {
	const snapshotOf = (id: string): string => byId.get(id)?.volumes[volume] ?? '';
	const nearest = nearestPresent(parentsOf(commit), id => common.has(snapshotOf(id)), parentsOf);
	const behind = reachable(nearest.flatMap(id => parentsOf(id)), parentsOf);
	const elsewhere = new Set([...nearest, ...byId.keys().filter(id => !behind.has(id))].map(id => snapshotOf(id)));
	return new Set([...behind].map(id => snapshotOf(id))).difference(elsewhere);
};
