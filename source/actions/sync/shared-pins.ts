/**
Keeps on both sides what the next increment can start from: the newest commits that both have the data of.
*/
import {CoppiceError} from '../../system/errors.ts';
import {nearestPresent} from '../../history/ancestry.ts';
import {readKnownCommits, type KnownCommits} from '../../history/known-commits.ts';
import type {Peer} from './peer.ts';
import type {SyncPlace} from './place.ts';

type Snapshots = ReadonlyMap<string, ReadonlySet<string>>;

/**
From each tip the nearest commits whose data are on both sides. Pure.
*/
export const sharedCommits = (tips: readonly string[], {byId, parentsOf}: Pick<KnownCommits, 'byId' | 'parentsOf'>, here: Snapshots, there: Snapshots): string[] => {
	const isShared = (id: string): boolean => {
		const volumes = Object.entries(byId.get(id)?.volumes ?? {});
		return volumes.length > 0 && byId.get(id)?.state === 'here'
			&& volumes.every(([volume, snapshot]) => here.get(volume)?.has(snapshot) === true && there.get(volume)?.has(snapshot) === true);
	};

	return [...new Set(tips.flatMap(tip => nearestPresent([tip], id => isShared(id), parentsOf)))];
};

/** Ids of whole snapshots, by volume. */
export const snapshotsHere = async ({pool, stack}: SyncPlace, volumes: Iterable<string>): Promise<Map<string, Set<string>>> =>
	new Map(await Promise.all([...volumes].map(async volume => {
		const {snapshots} = await pool.driver.contents({stack, volume});
		return [volume, new Set(snapshots)] as const;
	})));

export const snapshotsThere = async ({host}: Peer, stack: string, signal?: AbortSignal): Promise<Map<string, Set<string>>> => {
	const {volumes} = await host.call('snapshots', {stack}, {signal});
	return new Map(Object.entries(volumes).map(([volume, ids]) => [volume, new Set(ids)]));
};

/** Volumes that any commit has data of. */
export const volumesOfCommits = (commits: Iterable<{readonly volumes: Readonly<Record<string, string>>}>): Set<string> => {
	const volumes = new Set<string>();
	for (const commit of commits) {
		for (const volume of Object.keys(commit.volumes)) {
			volumes.add(volume);
		}
	}

	return volumes;
};

/** How pins of a host are told from those that peers have asked for. */
export const hostPin = (name: string): string => `host:${name}`;

/**
What is kept on both sides, from what is known here of a host: the newest commits, from the tips of branches here and there, that both have the data of.

@param moved - Branches of the host that are about to be elsewhere.
*/
export const findShared = async (
	place: SyncPlace,
	{name}: Pick<Peer, 'name'>,
	there: Snapshots,
	moved: Readonly<Record<string, string>> = {},
): Promise<string[]> => {
	const {history} = place;
	const [known, remoteBranches, branches] = await Promise.all([readKnownCommits(history), history.remoteBranches(), history.branches()]);
	const here = await snapshotsHere(place, volumesOfCommits(known.byId.values()));
	const theirs = new Map([...remoteBranches].filter(([branch]) => branch.startsWith(`${name}/`)));
	for (const [branch, tip] of Object.entries(moved)) {
		theirs.set(`${name}/${branch}`, tip);
	}

	const own = branches.values().filter(tip => tip !== null);
	return sharedCommits([...theirs.values(), ...own], known, here, there);
};

/**
Notes it on this side, by the name that the host has here: an id that it chose could be another's.
*/
export const pinHere = async ({history}: SyncPlace, {name}: Pick<Peer, 'name'>, commits: readonly string[]): Promise<void> =>
	history.setPins(hostPin(name), commits, name);

/** What is told of an owner who does not let it be noted, and may prune what the next increment would start from. */
export const notNoted = (error: unknown): string =>
	`what is shared was not noted (${error instanceof Error ? error.message : String(error)}): if it is pruned there, the next transfer is a full one`;

/**
Notes it on the other side. One that does not let us is told.
*/
export const pinThere = async (place: SyncPlace, peer: Peer, commits: readonly string[], signal?: AbortSignal): Promise<void> => {
	try {
		await peer.host.call('pin', {stack: place.stack, peer: place.pool.description.id, commits: [...commits]}, {signal});
	} catch (error) {
		if (!(error instanceof CoppiceError) || error.code === 'interrupted') {
			throw error;
		}

		place.report({type: 'notice', message: `${peer.name}: ${notNoted(error)}`});
	}
};
