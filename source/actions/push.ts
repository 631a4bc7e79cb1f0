/**
`coppice push`: sends a branch to another host, and moves the branch there: a fast-forward only. What runs there stays on its data unless it is told
to switch.
*/
import {isDeepStrictEqual} from 'node:util';
import {CoppiceError} from '../system/errors.ts';
import {failpoint} from '../system/failpoint.ts';
import {shortId} from '../system/format.ts';
import {checkName} from '../system/names.ts';
import {isAncestor, reachable} from '../history/ancestry.ts';
import {encodeCommit, type StoredCommit} from '../history/commit.ts';
import {sortNewestFirst} from '../history/commit-order.ts';
import {aheadAndBehind, readKnownCommits, type KnownCommits} from '../history/known-commits.ts';
import type {Upstream} from '../history/history.ts';
import type {StackSummary} from '../host/agent-protocol.ts';
import {
	announceFullSends,
	chooseBases,
	type FullSends,
} from './sync/choose-bases.ts';
import {estimateSends} from './sync/estimate-sends.ts';
import {moveSnapshots, requestOf, type MovedSnapshot} from './sync/move-snapshots.ts';
import {chooseHost} from './sync/choose-host.ts';
import type {ConnectionAhead} from './sync/connect-ahead.ts';
import {
	findRemoteStack,
	ifThere,
	withPeer,
	type Peer,
} from './sync/peer.ts';
import {placeOf} from './sync/place.ts';
import type {SnapshotWanted} from './sync/plan-data.ts';
import {
	findShared,
	pinHere,
	pinThere,
	snapshotsHere,
	snapshotsThere,
	volumesOfCommits,
} from './sync/shared-pins.ts';
import {trackTransfer} from './sync/track-transfer.ts';
import type {Workspace} from './workspace/workspace.ts';

export type PushQuestion = {
	readonly host: string;
	readonly production: boolean;
	readonly stack: string;

	/** As it is called there. */
	readonly branch: string;
	readonly commits: number;
	readonly switch: boolean;
};

export type PushOptions = {
	/** As `host add` has named it; the one that the branch came from, or the only one, unless told. */
	readonly host?: string | undefined;

	/** The current one unless told. */
	readonly branch?: string | undefined;

	/** Attaches the services there to it, and puts its data under them; what was there is kept in a safety commit. */
	readonly switch?: boolean | undefined;

	/** Sends in full where an increment was to be expected, without asking. */
	readonly full?: boolean | undefined;
	readonly confirmFull?: ((sends: FullSends) => Promise<void>) | undefined;

	/** Asked before anything goes to a host that is marked as production; throws where the answer is no. Without it that is an error. */
	readonly confirmProduction?: ((question: PushQuestion) => Promise<void>) | undefined;

	/** Bytes a second. */
	readonly limit?: number | undefined;
	readonly connection?: ConnectionAhead | undefined;
	readonly signal?: AbortSignal | undefined;
};

export type PushResult = {
	readonly host: string;
	readonly stack: string;
	readonly branch: string;

	/** As it is called there. */
	readonly remoteBranch: string;
	readonly from: string | null;
	readonly to: string;

	/** Commits that were offered. */
	readonly commits: number;
	readonly snapshots: readonly MovedSnapshot[];
	readonly streamBytes: number;
	readonly wireBytes: number;
	readonly resumedBytes: number;

	/** Safety commits that were taken there. */
	readonly kept: readonly string[];

	/** Services that were restarted there. */
	readonly restarted: readonly string[];
};

type PushPlan = Pick<PushResult, 'stack' | 'branch' | 'remoteBranch' | 'from' | 'to'>;

/**
@throws CoppiceError `conflict` unless moving the branch there from one commit to the other is a fast-forward, as far as is known here.
*/
const checkFastForward = (peer: Peer, {stack, branch, remoteBranch, from, to}: PushPlan, known: KnownCommits): void => {
	if (from === null || from === to) {
		return;
	}

	const remote = `${peer.name}/${remoteBranch}`;
	if (!known.byId.has(from)) {
		throw new CoppiceError('conflict', `${remote} has commits that are not known here, so it can't be pushed over.`, {
			host: peer.name, stack, hint: `\`coppice pull ${peer.name} ${remoteBranch}\` brings them; then push again.`,
		});
	}

	if (isAncestor(from, to, known.lookup)) {
		return;
	}

	const {ahead, behind} = aheadAndBehind(to, from, known);
	throw isAncestor(to, from, known.lookup)
		? new CoppiceError('conflict', `${remote} is ${behind} ahead of ${branch}: there is nothing to push.`, {
			host: peer.name, stack, hint: `\`coppice pull ${peer.name} ${remoteBranch}\` brings ${branch} there.`,
		})
		: new CoppiceError('conflict', `${branch} and ${remote} have gone different ways: ${ahead} here, ${behind} there. A push moves a branch only forward.`, {
			host: peer.name, stack, hint: `See what \`coppice pull ${peer.name} ${remoteBranch}\` offers, or push under another name: \`coppice branch NAME ${branch}\`, then \`coppice push ${peer.name} NAME\`.`,
		});
};

/** Commits that the other side does not have; those that were removed here too, for their descendants' sake. */
const commitsToOffer = (tip: string, summary: StackSummary | undefined, {byId, parentsOf}: KnownCommits): StoredCommit[] => {
	const theirs = [...Object.values(summary?.branches ?? {}), ...Object.values(summary?.tags ?? {})].filter(id => id !== null && byId.has(id)).map(id => id!);
	const there = reachable(theirs, parentsOf);
	return [...reachable([tip], parentsOf)].filter(id => !there.has(id)).map(id => byId.get(id)).filter(commit => commit !== undefined);
};

/** Ids of snapshots, by volume. */
type Wanting = Readonly<Record<string, readonly string[]>>;

/** What the other side will say is wanting of a commit, as far as is known here. */
const expectWanting = (commit: StoredCommit | undefined, there: ReadonlyMap<string, ReadonlySet<string>>): Wanting => {
	const wanting = Object.entries(commit?.volumes ?? {}).filter(([volume, snapshot]) => there.get(volume)?.has(snapshot) !== true);
	return Object.fromEntries(wanting.map(([volume, snapshot]) => [volume, [snapshot]]));
};

/**
Which of our commits each wanting snapshot is of, in the order of the commits, which is that to send them in; as far as they are here. Pure.
*/
const findWanted = (
	wanting: Wanting,
	{byId}: KnownCommits,
	here: ReadonlyMap<string, ReadonlySet<string>>,
): ReadonlyMap<string, readonly SnapshotWanted[]> => {
	const commits = sortNewestFirst(byId.values().toArray()).toReversed();
	return new Map(Object.entries(wanting).map(([volume, ids]) => {
		const asked = new Set(ids.filter(id => here.get(volume)?.has(id) === true));
		const wanted: SnapshotWanted[] = [];
		for (const {id, volumes} of commits) {
			const snapshot = volumes[volume];
			if (snapshot !== undefined && asked.delete(snapshot)) {
				wanted.push({volume, snapshot, commit: id});
			}
		}

		return [volume, wanted] as const;
	}));
};

/** Asks for what is most likely sent first, so that the other side is ready for it: an increment, about which nobody has to be asked here. */
const requestAhead = async (
	{host}: Peer,
	stack: string,
	{branch, limit, isThere}: {readonly branch: string; readonly limit: number | undefined; readonly isThere: boolean},
	planning: ReturnType<typeof chooseBases>,
): Promise<void> => {
	try {
		const planned = await planning;
		const [first] = planned.values().toArray().flat();
		if (isThere && limit === undefined && first?.base !== undefined) {
			host.prepareChannel('receive', requestOf(stack, first, branch));
		}
	} catch {
		// Thrown to who waits for the plan.
	}
};

const tipToPush = async ({history, stack: {name: stack}}: Workspace, branch: string): Promise<string> => {
	const branches = await history.branches();
	const tip = branches.get(branch);
	if (tip === undefined) {
		throw new CoppiceError('not-found', `There is no branch ${branch} in stack ${stack}.`, {stack, hint: '`coppice branch` lists them.'});
	}

	if (tip === null) {
		throw new CoppiceError('precondition', `Branch ${branch} of stack ${stack} has no commit to push.`, {stack, hint: 'Make one first: `coppice commit -m "…"`.'});
	}

	return tip;
};

const askProduction = async (question: PushQuestion, confirm: PushOptions['confirmProduction']): Promise<void> => {
	if (!question.production) {
		return;
	}

	if (confirm === undefined) {
		throw new CoppiceError('usage', `${question.host} is marked as production: a push to it has to be confirmed, and nobody can be asked.`, {
			host: question.host, hint: 'Run it on a terminal, or add `--yes`.',
		});
	}

	await confirm(question);
};

/** What is pushed, as far as this side knows. */
type Pushed = {
	readonly branch: string;
	readonly upstream: Upstream | undefined;

	/** What it is called there. */
	readonly remoteBranch: string;
	readonly tip: string;
};

const pushTo = async (workspace: Workspace, peer: Peer, pushed: Pushed, options: PushOptions): Promise<PushResult> => {
	const {branch, upstream, remoteBranch, tip} = pushed;
	const {signal} = options;
	const call = {signal};
	const place = placeOf(workspace, signal);
	const {history, stack, report, home} = place;
	report({type: 'step', message: `asking ${peer.name} what it has of ${stack}`});
	const [summary, there = new Map<string, Set<string>>()] = await Promise.all([
		findRemoteStack(peer, stack, signal),
		ifThere(snapshotsThere(peer, stack, signal)),
	]);
	const from = summary?.branches[remoteBranch] ?? null;
	const known = await readKnownCommits(history);
	checkFastForward(peer, {
		stack, branch, remoteBranch, from, to: tip,
	}, known);
	const offered = commitsToOffer(tip, summary, known);
	const isSwitch = options.switch === true;
	const about = {
		host: peer.name, stack, branch, remoteBranch, from, to: tip, commits: offered.length,
	};
	const noteMoved = async (shared: readonly string[]): Promise<void> => place.exclusively('push', async () => {
		await Promise.all([
			history.setRemoteBranch(peer.name, remoteBranch, tip),
			upstream === undefined && history.setUpstream(branch, {host: peer.name, branch: remoteBranch}),
			pinHere(place, peer, shared),
		]);
	});

	if (from === tip && !isSwitch) {
		const shared = await findShared(place, peer, there, {[remoteBranch]: tip});
		await noteMoved(shared);
		await pinThere(place, peer, shared, signal);
		return {
			...about, snapshots: [], streamBytes: 0, wireBytes: 0, resumedBytes: 0, kept: [], restarted: [],
		};
	}

	await askProduction({
		host: peer.name, production: peer.production, stack, branch: remoteBranch, commits: offered.length, switch: isSwitch,
	}, options.confirmProduction);
	const commits = sortNewestFirst(offered).toReversed();
	const offer = {
		stack, branch: remoteBranch, tip, commits: commits.map(commit => ({id: commit.id, text: encodeCommit(commit)})), switch: isSwitch,
	};
	const offering = peer.host.call('offerPush', offer, call);
	offering.catch(() => {
		// Thrown where it is waited for.
	});
	const here = await snapshotsHere(place, volumesOfCommits(known.byId.values()));
	const plan = async (wanting: Wanting) => chooseBases({
		wanted: findWanted(wanting, known, here),
		known,
		sender: here,
		receiver: there,
		estimate: async (volume, snapshot, bases) => estimateSends(place.pool, {stack, volume}, snapshot, bases),
	});

	// Planned while they judge the offer, as what they will most likely answer.
	const expected = expectWanting(known.byId.get(tip), there);
	const planning = plan(expected);
	void requestAhead(peer, stack, {branch: remoteBranch, limit: options.limit, isThere: summary !== undefined}, planning);
	const {wanting} = await offering;
	failpoint('push offered');
	const planned = await (isDeepStrictEqual(wanting, expected) ? planning : plan(wanting));

	await announceFullSends(planned, {host: peer.name, direction: 'to'}, {full: options.full, confirm: options.confirmFull});
	for (const {volume, snapshot} of planned.values().toArray().flat()) {
		there.set(volume, new Set(there.get(volume)).add(snapshot));
	}

	const shared = await findShared(place, peer, there, {[remoteBranch]: tip});
	let snapshots: readonly MovedSnapshot[] = [];
	let sums = {streamBytes: 0, wireBytes: 0, resumedBytes: 0};
	if (planned.values().some(list => list.length > 0)) {
		await trackTransfer(home, {
			verb: 'push',
			host: peer.name,
			stack,
			command: ['push', peer.name, branch, '--full', ...isSwitch ? ['--switch'] : [], ...options.limit === undefined ? [] : ['--limit', String(options.limit)]],
			directory: workspace.stack.projectFolder,
		}, {report, task: `sending ${stack} to ${peer.name}`, signal}, async tracker => {
			snapshots = await moveSnapshots(place, peer, planned, {
				direction: 'receive',
				branchOf: () => remoteBranch, limit: options.limit, signal, tracker,
			});
			sums = tracker.sums();
		});
	}

	failpoint('push sent');
	report({type: 'step', message: `moving ${remoteBranch} on ${peer.name} to ${shortId(tip)}`});
	const finished = await peer.host.call('finishPush', {...offer, from, pin: {peer: place.pool.description.id, commits: shared}}, call);
	failpoint('push finished');
	for (const message of finished.notices ?? []) {
		report({type: 'notice', message: `${peer.name}: ${message}`});
	}

	// Nothing more is asked there.
	await Promise.all([noteMoved(shared), peer.host.close()]);
	return {
		...about, snapshots, ...sums, kept: finished.kept, restarted: finished.restarted,
	};
};

/**
@throws CoppiceError `host` where the host can't be reached; `conflict` where it would not be a fast-forward; `permission` where the owner's policy does not let
it; `precondition` where all data would have to be sent and nobody said that they may be.
*/
export const push = async (workspace: Workspace, options: PushOptions = {}): Promise<PushResult> => {
	const {home, history} = workspace;
	const branch = checkName('branch', options.branch ?? await history.currentBranch());
	const upstreams = await history.upstreams();
	const upstream = upstreams.get(branch);
	const record = await chooseHost(home, options.host, upstream);
	const tip = await tipToPush(workspace, branch);
	const remoteBranch = upstream?.host === record.name ? upstream.branch : branch;
	const remoteBranches = await history.remoteBranches();
	const pushed = {
		branch, upstream, remoteBranch, tip,
	};
	return withPeer(home, record, async peer => pushTo(workspace, peer, pushed, options), {
		signal: options.signal, connection: options.connection, prepares: remoteBranches.get(`${record.name}/${remoteBranch}`) === tip ? undefined : 'receive',
	});
};
