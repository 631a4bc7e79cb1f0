/**
`coppice receive`: one snapshot of a volume from the other side of a channel, as the owner's policy allows. No branch moves by it.
*/
import {CoppiceError} from '../../system/errors.ts';
import type {Channel, TransferRequest} from '../../transfer/channel.ts';
import {takeSnapshot} from '../sync/channel-snapshots.ts';
import {requirePush} from './access.ts';
import type {Agent} from './agent.ts';
import {
	buildableCommits,
	mayBring,
	readGraph,
	snapshotsOf,
	visibleCommits,
	type CommitGraph,
} from './commit-graph.ts';
import {findStack, type HostStack} from './host-stacks.ts';
import {snapshotNotFound} from './send-one.ts';

/** Of any other snapshot a caller could make one of its own that has the same content. */
const bases = ({access}: Agent, stack: HostStack, graph: CommitGraph, {volume, branch}: TransferRequest, whole: readonly string[]): readonly string[] => {
	const known = snapshotsOf(graph, buildableCommits(graph, access, stack.name, branch)).get(volume);
	return whole.filter(id => known?.has(id) === true);
};

/**
@throws CoppiceError `permission` where a limited caller brings data of a commit that is not its own; `conflict` where the snapshot is there already, or
is being received; where the policy or the pool has not what is asked for; as `takeSnapshot` throws.
*/
export const receiveOne = async (agent: Agent, channel: Channel, request: TransferRequest, signal?: AbortSignal): Promise<void> => {
	const {stack: name, volume, snapshot, base, branch, plain} = request;
	requirePush(agent.access, name, branch);
	const stack = await findStack(agent.options, agent.access, name);
	const address = {stack: name, volume};
	const {driver} = stack.pool;
	const {snapshots} = await driver.contents(address);
	if (snapshots.includes(snapshot)) {
		throw new CoppiceError('conflict', `Snapshot ${snapshot} of volume ${volume} is on this host already.`, {stack: name, volume, hint: 'Nothing has to be sent. Ask again which snapshots are wanting.'});
	}

	const graph = agent.access.isLimited ? await readGraph(stack) : undefined;
	if (graph !== undefined && !mayBring(graph, agent.access, name, request)) {
		throw new CoppiceError('permission', `Snapshot ${snapshot} of volume ${volume} belongs to a commit that is not of a branch that this key may push to alone.`, {
			stack: name, volume, hint: 'Commit once more and push that, or ask the owner of the host to fetch it.',
		});
	}

	if (base !== undefined && !(graph === undefined ? snapshots : bases(agent, stack, graph, request, snapshots)).includes(base)) {
		throw snapshotNotFound(request, base);
	}

	const pullable = graph === undefined ? undefined : snapshotsOf(graph, visibleCommits(graph, agent.access, name, 'pull')).get(volume);
	const isBlind = graph !== undefined && base !== undefined && pullable?.has(base) !== true;

	// Grows a pool that is nearly full, before it is.
	await driver.room();
	await takeSnapshot(channel, {
		pool: stack.pool, address, snapshot, base, isBlind, plain, signal,
	});
};
