/**
Brings commits and their data from another host into the pool and history of this one. Branches of this side and running services are not
touched.

In this order, so that it may be cut anywhere: commits become known (their data being elsewhere), data come into the pool, commits whose data are whole
become commits of this host, and last the remote branches move.
*/
import {CoppiceError} from '../../system/errors.ts';
import {failpoint} from '../../system/failpoint.ts';
import {formatCount, shortId} from '../../system/format.ts';
import {reachable} from '../../history/ancestry.ts';
import {encodeCommit} from '../../history/commit.ts';
import {sortNewestFirst} from '../../history/commit-order.ts';
import {readKnownCommits, type KnownCommit, type KnownCommits} from '../../history/known-commits.ts';
import {resolveRevision, viewOf} from '../../history/revision.ts';
import type {StackSummary} from '../../host/agent-protocol.ts';
import {askCommits} from './ask-commits.ts';
import {
	announceFullSends,
	chooseBases,
	type FullSends,
	type PlannedSend,
} from './choose-bases.ts';
import {moveSnapshots, type MovedSnapshot} from './move-snapshots.ts';
import {findRemoteStack, type Peer} from './peer.ts';
import type {SyncPlace} from './place.ts';
import {planData, type DataPlan} from './plan-data.ts';
import {
	findShared,
	pinHere,
	pinThere,
	snapshotsHere,
	snapshotsThere,
	volumesOfCommits,
} from './shared-pins.ts';
import {trackTransfer, type TransferTracker} from './track-transfer.ts';
import type {TransferRecord} from './transfer-records.ts';

export type FetchWish = {
	/** Branches there, or commits; all branches unless told. */
	readonly revisions?: readonly string[] | undefined;

	/** All of these are names of branches. */
	readonly onlyBranches?: boolean | undefined;

	/** The data of every commit, not only of the tips. */
	readonly history?: boolean | undefined;

	/** Sends in full where an increment was to be expected, without asking. */
	readonly full?: boolean | undefined;
	readonly confirmFull?: ((sends: FullSends) => Promise<void>) | undefined;

	/** Told what will come, before it does. */
	readonly onPlanned?: ((sends: readonly PlannedSend[]) => void) | undefined;

	/** Bytes a second. */
	readonly limit?: number | undefined;

	/** Forgets remote branches that are not there any more. */
	readonly prune?: boolean | undefined;
	readonly signal?: AbortSignal | undefined;

	/** For the record of the transfer. */
	readonly record: Pick<TransferRecord, 'verb' | 'command' | 'directory'>;
};

export type FetchedBranch = {
	/** As it is called there. */
	readonly name: string;

	/** As it is called here: `staging/main`. */
	readonly remote: string;

	/** What it was here before, if it was known. */
	readonly from: string | null;
	readonly to: string;
};

export type Fetched = {
	readonly host: string;
	readonly stack: string;
	readonly branches: readonly FetchedBranch[];

	/** Remote branches that were forgotten. */
	readonly forgotten: readonly string[];

	/** Remote branches that are not there any more, and are kept here. */
	readonly gone: readonly string[];

	/** Commits that were not known before. */
	readonly newCommits: number;

	/** Ids of commits whose data came. */
	readonly data: readonly string[];
	readonly snapshots: readonly MovedSnapshot[];

	/** Bytes of the streams, and of what went over the line for them in this try. */
	readonly streamBytes: number;
	readonly wireBytes: number;
	readonly resumedBytes: number;
};

type Named = {
	/** Branches there whose remote branches move. */
	readonly branches: ReadonlyMap<string, string>;

	/** Revisions that are no branches there. */
	readonly commits: readonly string[];
};

const tipsOf = ({branches}: StackSummary): Map<string, string> =>
	new Map(Object.entries(branches).filter((entry): entry is [string, string] => entry[1] !== null));

/** Which of the branches there were named. Pure. */
const readNames = (revisions: readonly string[], host: string, tips: ReadonlyMap<string, string>): Named => {
	if (revisions.length === 0) {
		return {branches: tips, commits: []};
	}

	const branches = new Map<string, string>();
	const commits: string[] = [];
	for (const revision of revisions) {
		const name = tips.has(revision) || !revision.startsWith(`${host}/`) ? revision : revision.slice(host.length + 1);
		const tip = tips.get(name);
		if (tip === undefined) {
			commits.push(revision);
		} else {
			branches.set(name, tip);
		}
	}

	return {branches, commits};
};

const noStack = ({name}: Peer, stack: string): CoppiceError => new CoppiceError('not-found', `${name} has no stack ${stack}, or does not show it to you.`, {
	host: name, stack, hint: `\`coppice push ${name}\` makes it there; \`coppice host ls\` lists what each host has.`,
});

/**
Makes commits known that are not, and those known again that were removed here though a branch there points at them.
*/
const learnCommits = async (place: SyncPlace, peer: Peer, tips: readonly string[], signal: AbortSignal | undefined): Promise<number> => {
	const known = await readKnownCommits(place.history);
	const asked = await askCommits(peer, {stack: place.stack, tips, known: known.byId}, {signal});
	const again = tips.map(id => known.byId.get(id)).filter(commit => commit?.state === 'removed');
	if (asked.length + again.length === 0) {
		return 0;
	}

	await place.exclusively('fetch', async () => {
		for (const {text} of asked) {
			await place.history.writeElsewhere(text);
		}

		for (const commit of again) {
			await place.history.writeElsewhere(encodeCommit(commit!));
		}
	});
	failpoint('fetch known');
	return asked.length;
};

/** Revisions that are no branches there, as ids. */
const resolveCommits = async ({history}: SyncPlace, peer: Peer, revisions: readonly string[], tips: ReadonlyMap<string, string>): Promise<string[]> => {
	const view = await viewOf(history);
	const remoteBranches = new Map([...view.remoteBranches, ...[...tips].map(([name, tip]) => [`${peer.name}/${name}`, tip] as const)]);
	return Promise.all(revisions.map(async revision => {
		const {id} = await resolveRevision(revision, {...view, remoteBranches});
		return id;
	}));
};

/** Data of commits that were removed a short while ago are here still. */
const restoreFromTrash = async ({pool, stack, exclusively}: SyncPlace, commits: readonly KnownCommit[]): Promise<void> => {
	const wanted = commits.flatMap(commit => Object.entries(commit.volumes));
	for (const volume of volumesOfCommits(commits)) {
		const {trash} = await pool.driver.contents({stack, volume});
		const back = wanted.filter(([name, snapshot]) => name === volume && trash.includes(snapshot));
		if (back.length > 0) {
			await exclusively('fetch', async () => {
				for (const [, snapshot] of back) {
					await pool.driver.restore({stack, volume}, snapshot);
				}
			});
		}
	}
};

/**
Commits whose data are wanted, parents first.
*/
const wantedCommits = (known: KnownCommits, tips: readonly string[], named: readonly string[], isHistory: boolean): string[] => {
	const {byId, parentsOf} = known;
	const ids = new Set([...tips, ...named]);
	if (isHistory) {
		for (const id of reachable([...ids], parentsOf)) {
			// What was removed here is not wanted.
			if (byId.has(id) && byId.get(id)!.state !== 'removed') {
				ids.add(id);
			}
		}
	}

	const commits = [...ids].map(id => byId.get(id)).filter(commit => commit !== undefined);
	return sortNewestFirst(commits).toReversed().map(({id}) => id);
};

const refuseUnavailable = (peer: Peer, place: SyncPlace, {unavailable}: DataPlan, needed: ReadonlySet<string>): void => {
	const first = unavailable.find(id => needed.has(id));
	if (first !== undefined) {
		throw new CoppiceError('not-found', `${peer.name} has no data of ${shortId(first)} (any more).`, {
			host: peer.name, stack: place.stack, hint: 'They were pruned there, or you may not have them: `coppice fetch` without that commit brings what there is.',
		});
	}

	if (unavailable.length > 0) {
		place.report({type: 'notice', message: `${peer.name} has no data of ${formatCount(unavailable.length, 'commit')} any more: only what is known of them came`});
	}
};

/** Commits of this side that hold the bases of what is on its way. */
const commitsOfBases = ({byId}: KnownCommits, sends: Iterable<PlannedSend>): string[] => {
	const bases = new Set([...sends].flatMap(({volume, base}) => base === undefined ? [] : [`${volume}/${base}`]));
	return byId.values()
		.filter(({volumes}) => Object.entries(volumes).some(([volume, snapshot]) => bases.has(`${volume}/${snapshot}`)))
		.map(({id}) => id)
		.toArray();
};

/**
Makes commits of this host of those whose data are all here.
*/
const promoteWhole = async (place: SyncPlace, ids: readonly string[]): Promise<string[]> => {
	const {history} = place;
	const {byId} = await readKnownCommits(history);
	const candidates = ids.map(id => byId.get(id)).filter(commit => commit !== undefined && commit.state !== 'here').map(commit => commit!);
	if (candidates.length === 0) {
		return [];
	}

	const here = await snapshotsHere(place, volumesOfCommits(candidates));
	const whole = candidates.filter(({volumes}) => Object.entries(volumes).every(([volume, snapshot]) => here.get(volume)?.has(snapshot) === true));
	await place.exclusively('fetch', async () => {
		for (const {id} of whole) {
			await history.promoteCommit(id);
			failpoint('fetch promoted one');
		}
	});
	return whole.map(({id}) => id);
};

const nothing = {streamBytes: 0, wireBytes: 0, resumedBytes: 0};

/** A branch there that leads to a commit: on whose behalf its data are asked for. */
const branchFinder = (tips: ReadonlyMap<string, string>, {parentsOf}: KnownCommits) => {
	const found = [...tips].map(([name, tip]) => ({name, tip, commits: undefined as ReadonlySet<string> | undefined}));
	return (commit: string): string => {
		const exact = found.find(({tip}) => tip === commit);
		const leading = exact ?? found.find(each => {
			each.commits ??= reachable([each.tip], parentsOf);
			return each.commits.has(commit);
		});
		return leading?.name ?? found[0]?.name ?? 'main';
	};
};

/**
@throws CoppiceError `host` where the host can't be reached or the line is lost for good; `not-found` where it has no such stack, branch or
commit; `precondition` where all of it would have to be sent and nobody said that it may be.
*/
export const fetchInto = async (place: SyncPlace, peer: Peer, wish: FetchWish): Promise<Fetched> => {
	const {history, stack, report} = place;
	const {revisions = [], signal} = wish;
	report({type: 'step', message: `asking ${peer.name} what it has of ${stack}`});
	const summary = await findRemoteStack(peer, stack, signal);
	if (summary === undefined) {
		throw noStack(peer, stack);
	}

	const allTips = tipsOf(summary);
	const named = readNames(revisions, peer.name, allTips);
	const [stranger] = wish.onlyBranches === true ? named.commits : [];
	if (stranger !== undefined) {
		throw new CoppiceError('not-found', `${peer.name} has no branch ${stranger} of stack ${stack}${Object.hasOwn(summary.branches, stranger) ? ' with a commit on it' : ''}.`, {
			host: peer.name, stack, hint: `\`coppice remote ${peer.name}\` lists the branches there.`,
		});
	}

	const asksForCommits = named.commits.length > 0;
	const newCommits = await learnCommits(place, peer, [...new Set((asksForCommits ? allTips : named.branches).values())], signal);
	const commits = await resolveCommits(place, peer, named.commits, allTips);
	const known = await readKnownCommits(history);
	const tips = [...new Set(named.branches.values())];
	const wanted = wantedCommits(known, tips, commits, wish.history === true);
	await restoreFromTrash(place, wanted.map(id => known.byId.get(id)!));

	const volumes = volumesOfCommits(known.byId.values());
	const [here, there] = await Promise.all([
		snapshotsHere(place, volumes),
		snapshotsThere(peer, stack, signal),
	]);
	const plan = planData(wanted, known, here, there);
	refuseUnavailable(peer, place, plan, new Set([...tips, ...commits]));
	if (plan.byVolume.values().some(list => list.length > 0)) {
		peer.host.prepareChannel('send');
	}

	const planned = await chooseBases({
		wanted: plan.byVolume,
		known,
		sender: there,
		receiver: here,
		estimate: async (volume, snapshot, bases) => peer.host.call('estimate', {
			stack, volume, snapshot, bases: [...bases],
		}, {signal}),
	});
	await announceFullSends(planned, {host: peer.name, direction: 'from'}, {full: wish.full, confirm: wish.confirmFull});

	const sends = planned.values().toArray().flat();
	wish.onPlanned?.(sends);
	let snapshots: readonly MovedSnapshot[] = [];
	let sums = nothing;
	const data: string[] = [];
	if (sends.length > 0) {
		// A pool that can grow does so before it is full.
		await place.pool.driver.room(sends.reduce((sum, {bytes}) => sum + bytes, 0));
		const shared = [...new Set([...await findShared(place, peer, there), ...commitsOfBases(known, sends)])];
		await place.exclusively('fetch', async () => pinHere(place, peer, shared));
		const noting = pinThere(place, peer, shared, signal);
		noting.catch(() => {
			// Told when the transfer is through.
		});
		const move = async (tracker: TransferTracker): Promise<void> => {
			try {
				snapshots = await moveSnapshots(place, peer, planned, {
					direction: 'send',
					// All that there is was asked for: what may be had of it.
					passesRefused: revisions.length === 0,
					branchOf: branchFinder(new Map([...named.branches, ...allTips]), known), limit: wish.limit, signal, tracker,
				});
			} finally {
				failpoint('fetch received');
				data.push(...await promoteWhole(place, plan.commits));
			}

			sums = tracker.sums();
		};

		await trackTransfer(place.home, {...wish.record, host: peer.name, stack}, {report, task: `fetching ${stack} from ${peer.name}`, signal}, move);
		await noting;
	} else {
		data.push(...await promoteWhole(place, plan.commits));
	}

	failpoint('fetch promoted');
	const before = await history.remoteBranches();
	const branches = [...named.branches].map(([name, to]): FetchedBranch => {
		const remote = `${peer.name}/${name}`;
		return {
			name, remote, from: before.get(remote) ?? null, to,
		};
	});
	const gone = before.keys()
		.filter(name => name.startsWith(`${peer.name}/`) && !Object.hasOwn(summary.branches, name.slice(peer.name.length + 1)))
		.toArray();
	const isMoved = branches.some(({from, to}) => from !== to) || (wish.prune === true && gone.length > 0);
	if (isMoved || sends.length > 0) {
		const shared = await findShared(place, peer, there, Object.fromEntries(named.branches));
		await place.exclusively('fetch', async () => {
			for (const {name, from, to} of branches) {
				if (from === to) {
					continue;
				}

				await history.setRemoteBranch(peer.name, name, to);
				failpoint('fetch moved one');
			}

			for (const name of wish.prune === true ? gone : []) {
				await history.removeRemoteBranch(peer.name, name.slice(peer.name.length + 1));
			}

			await pinHere(place, peer, shared);
		});
		failpoint('fetch moved');
		await pinThere(place, peer, shared, signal);
	}

	return {
		host: peer.name,
		stack,
		branches,
		forgotten: wish.prune === true ? gone : [],
		gone: wish.prune === true ? [] : gone,
		newCommits,
		data,
		snapshots,
		...sums,
	};
};
