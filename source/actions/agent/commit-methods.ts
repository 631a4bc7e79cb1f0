/**
The methods of the agent on commits and their snapshots: what a fetch asks before any data go.
*/
import {sortNewestFirst} from '../../history/commit-order.ts';
import {encodeCommit, type StoredCommit} from '../../history/commit.ts';
import {reachable} from '../../history/ancestry.ts';
import type {ParamsOf, ResultOf} from '../../host/agent-protocol.ts';
import {CoppiceError} from '../../system/errors.ts';
import {estimateSends} from '../sync/estimate-sends.ts';
import {requirePull, requireRead, type Access} from './access.ts';
import type {Agent} from './agent.ts';
import {
	baseCommits,
	commitNotFound,
	readGraph,
	snapshotsOf,
	visibleCommits,
} from './commit-graph.ts';
import {findStack, wholeSnapshots, type HostStack} from './host-stacks.ts';

const largestPage = 500;

/** Characters of all texts of a page: well below what a message may have. */
const longestPage = 8 * 1024 * 1024;

/** As many commits, from the first on, as one answer may have. */
export const firstPage = (commits: readonly StoredCommit[]): Array<{readonly id: string; readonly text: string; readonly commit: StoredCommit}> => {
	const page = [];
	let length = 0;
	for (const commit of commits.slice(0, largestPage)) {
		const text = encodeCommit(commit);
		length += text.length;
		if (page.length > 0 && length > longestPage) {
			break;
		}

		page.push({id: commit.id, text, commit});
	}

	return page;
};

/**
Parents come before their children: what came can then be given as `known` for the next page, and a fetch that is cut off leaves nothing without what it
descends from.
*/
export const commits = async ({access, options}: Agent, {stack: name, tips, known}: ParamsOf<'commits'>): Promise<ResultOf<'commits'>> => {
	const stack = await findStack(options, access, name);
	const [graph, whole] = await Promise.all([readGraph(stack), wholeSnapshots(stack)]);
	const visible = visibleCommits(graph, access, name, 'read');
	const isThere = (id: string): boolean => visible.has(id) && graph.byId.has(id);
	const absent = tips.find(id => !isThere(id));
	if (absent !== undefined) {
		throw commitNotFound(name, absent);
	}

	const there = reachable(known.filter(id => isThere(id)), graph.parentsOf);
	const wanted = [...reachable(tips, graph.parentsOf)].filter(id => !there.has(id)).map(id => graph.byId.get(id)).filter(commit => commit !== undefined);
	const page = firstPage(sortNewestFirst(wanted).toReversed());
	return {
		commits: page.map(({id, text, commit}) => ({
			id, text, hasData: Object.entries(commit.volumes).every(([volume, snapshot]) => whole.get(volume)?.has(snapshot) === true),
		})),
		complete: page.length === wanted.length,
	};
};

/** Those that the caller may get, or build an increment on. */
export const snapshots = async ({access, options}: Agent, {stack: name}: ParamsOf<'snapshots'>): Promise<ResultOf<'snapshots'>> => {
	const stack = await findStack(options, access, name);
	const whole = await wholeSnapshots(stack);
	if (!access.isLimited) {
		return {volumes: Object.fromEntries([...whole].map(([volume, ids]) => [volume, [...ids]]))};
	}

	const graph = await readGraph(stack);
	const known = snapshotsOf(graph, baseCommits(graph, access, name));
	return {volumes: Object.fromEntries([...whole].map(([volume, ids]) => [volume, [...ids].filter(id => known.get(volume)?.has(id) === true)]))};
};

/** More than anybody is helped by; the others are answered as unknown. */
const mostBases = 8;

export const estimate = async ({access, options}: Agent, {stack: name, volume, snapshot, bases}: ParamsOf<'estimate'>): Promise<ResultOf<'estimate'>> => {
	requirePull(access, name);
	const stack = await findStack(options, access, name);
	const {volumes} = await snapshots({access, options}, {stack: name});
	const known = new Set(volumes[volume]);
	if (!known.has(snapshot)) {
		throw new CoppiceError('not-found', `There is no snapshot ${snapshot} of volume ${volume} of stack ${name} on this host.`, {stack: name, volume, hint: 'It may have been pruned: fetch again.'});
	}

	return estimateSends(stack.pool, {stack: name, volume}, snapshot, bases.filter(id => known.has(id) && id !== snapshot).slice(0, mostBases));
};

/** Pools that one role may note pins for: each is a file that every `prune` reads. */
const mostPeers = 64;

const refuseTooManyPins = async ({name, history}: HostStack, {role}: Access, owner: string): Promise<void> => {
	const pins = role === undefined ? [] : await history.pins();
	const others = pins.filter(({peer}) => peer !== owner && peer.startsWith(`${role}: `));
	if (others.length >= mostPeers) {
		throw new CoppiceError('conflict', `The role ${role} has commits of stack ${name} kept for ${mostPeers} pools already.`, {stack: name, hint: 'Its owner has to remove some of the files in `history/pins` there.'});
	}
};

/**
Pins of a key that is limited are its role's: it can't take away those of others by giving the id of their pool.
*/
export const pin = async ({access, options}: Agent, {stack: name, peer, commits: wanted}: ParamsOf<'pin'>): Promise<ResultOf<'pin'>> => {
	requireRead(access, name);
	const stack = await findStack(options, access, name);
	const graph = await readGraph(stack);
	const visible = visibleCommits(graph, access, name, 'read');
	const owner = access.role === undefined ? peer : `${access.role}: ${peer}`;
	await refuseTooManyPins(stack, access, owner);
	await stack.history.setPins(owner, [...new Set(wanted)].filter(id => visible.has(id)), access.role);
	return {};
};
