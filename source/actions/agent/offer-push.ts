/**
`offerPush`: whether a push would be taken, before any data go. Nothing is kept of it: `finishPush` is told the commits again, maybe on another connection.
*/
import {CoppiceError} from '../../system/errors.ts';
import {shortId, type StoredCommit} from '../../history/commit.ts';
import {withLock} from '../../history/lock.ts';
import {openHistory} from '../../history/open-history.ts';
import type {ParamsOf, ResultOf} from '../../host/agent-protocol.ts';
import {readUserSettings} from '../../host/user-settings.ts';
import {findOrMakePool} from '../../storage/find-pool.ts';
import {historyFolder} from '../../storage/layout.ts';
import {requirePush, type Access} from './access.ts';
import type {Agent} from './agent.ts';
import {
	buildableCommits,
	readGraph,
	snapshotsOf,
	type CommitGraph,
} from './commit-graph.ts';
import {
	findStack,
	lookForStack,
	usualPool,
	wholeSnapshots,
	type HostStack,
	type HostStacksOptions,
} from './host-stacks.ts';
import {judgePush, readOffered, type PushDecision} from './push-rules.ts';

export type PushRequest = Pick<ParamsOf<'offerPush'>, 'stack' | 'branch' | 'tip' | 'switch'>;

/**
The stack, made in the usual pool where it is not there: a folder with an empty history, which does no harm.
*/
const findOrMakeStack = async (options: HostStacksOptions, access: Access, name: string, branch: string): Promise<HostStack> => {
	const known = await lookForStack(options, access, name);
	if (known !== undefined) {
		return known;
	}

	const {driver} = readUserSettings(options.home);
	const pool = await findOrMakePool({path: usualPool(options), ...(driver !== undefined && {driver})});
	const history = openHistory(historyFolder(pool.path, name));
	await withLock({name: history.folder, verb: 'push'}, async () => history.create(branch));
	return findStack(options, access, name);
};

/** Who names a snapshot that is hidden makes it that of its own branch. */
const refuseHidden = (graph: CommitGraph, may: ReadonlySet<string>, offered: ReadonlyMap<string, StoredCommit>, stack: string): void => {
	const open = snapshotsOf(graph, may);
	const hidden = snapshotsOf(graph, graph.byId.keys().filter(id => !may.has(id)));
	for (const {id, volumes} of offered.values()) {
		for (const [volume, snapshot] of Object.entries(volumes)) {
			if (hidden.get(volume)?.has(snapshot) === true && open.get(volume)?.has(snapshot) !== true) {
				throw new CoppiceError('permission', `The commit ${shortId(id)} has data that the policy of this host keeps from this key.`, {stack, hint: 'Push commits of your own, from a branch that this key may pull.'});
			}
		}
	}
};

/** Those of this host that a pusher may name: who names a hidden commit as a parent makes it one of its own branch. */
const knownTo = (
	graph: CommitGraph,
	access: Access,
	{stack, branch}: PushRequest,
	offered: ReadonlyMap<string, StoredCommit>,
): ReadonlyMap<string, StoredCommit> => {
	if (!access.isLimited) {
		return graph.byId;
	}

	const may = buildableCommits(graph, access, stack, branch);
	refuseHidden(graph, may, offered, stack);
	return new Map([...graph.byId].filter(([id]) => may.has(id)));
};

/**
Whether a push is taken as things are now.

@throws CoppiceError as `judgePush`; `permission` where `switch` would take the services off a branch that the caller may not push to.
*/
export const decidePush = async (
	{access}: Agent,
	stack: HostStack,
	request: PushRequest,
	offered: ReadonlyMap<string, StoredCommit>,
): Promise<{readonly decision: PushDecision; readonly graph: CommitGraph; readonly known: ReadonlyMap<string, StoredCommit>}> => {
	const {branch} = request;
	const [graph, currentBranch] = await Promise.all([readGraph(stack), stack.history.currentBranch()]);
	if (request.switch && stack.project !== undefined) {
		requirePush(access, stack.name, currentBranch);
	}

	const known = knownTo(graph, access, request, offered);
	const decision = judgePush({
		...request, offered, known, current: graph.branches.get(branch), isAttached: stack.project !== undefined && currentBranch === branch,
	});
	return {decision, graph, known};
};

/** By volume, the snapshots of a commit that are not whole here. */
export const wantingOf = async (stack: HostStack, {volumes}: StoredCommit): Promise<Record<string, string[]>> => {
	const whole = await wholeSnapshots(stack);
	const wanting = Object.entries(volumes).filter(([volume, snapshot]) => whole.get(volume)?.has(snapshot) !== true);
	return Object.fromEntries(wanting.map(([volume, snapshot]) => [volume, [snapshot]]));
};

export const offerPush = async (agent: Agent, {commits, ...request}: ParamsOf<'offerPush'>): Promise<ResultOf<'offerPush'>> => {
	const {stack: name, branch, tip} = request;
	const {access, options} = agent;
	requirePush(access, name, branch);
	const offered = readOffered(name, commits);
	const there = await lookForStack(options, access, name);
	if (there === undefined && !offered.has(tip)) {
		throw new CoppiceError('failed', `The push is not whole: commit ${shortId(tip)} is neither on this host nor was it offered.`, {stack: name, hint: 'Fetch from that host, and push again.'});
	}

	const stack = await findOrMakeStack(options, access, name, branch);
	const {known} = await decidePush(agent, stack, request, offered);
	return {wanting: await wantingOf(stack, (offered.get(tip) ?? known.get(tip))!)};
};
