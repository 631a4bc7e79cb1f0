/**
`coppice receive`: one snapshot of a volume from the other side of a channel, as the owner's policy allows. No branch moves by it.
*/
import {CoppiceError} from '../../system/errors.ts';
import type {Channel, TransferRequest} from '../../transfer/channel.ts';
import {takeSnapshot} from '../sync/channel-snapshots.ts';
import {requirePush} from './access.ts';
import type {Agent} from './agent.ts';
import {buildableCommits, readGraph, snapshotsOf} from './commit-graph.ts';
import {findStack, type HostStack} from './host-stacks.ts';
import {snapshotNotFound} from './send-one.ts';

/** Of any other snapshot a caller could make one of its own that has the same content. */
const bases = async ({access}: Agent, stack: HostStack, {volume, branch}: TransferRequest, whole: readonly string[]): Promise<readonly string[]> => {
	if (!access.isLimited) {
		return whole;
	}

	const graph = await readGraph(stack);
	const known = snapshotsOf(graph, buildableCommits(graph, access, stack.name, branch)).get(volume);
	return whole.filter(id => known?.has(id) === true);
};

/**
@throws CoppiceError `conflict` where the snapshot is there already, or is being received; where the policy or the pool has not what is asked for; as
`takeSnapshot` throws.
*/
export const receiveOne = async (agent: Agent, channel: Channel, request: TransferRequest, signal?: AbortSignal): Promise<void> => {
	const {stack: name, volume, snapshot, base, branch} = request;
	requirePush(agent.access, name, branch);
	const stack = await findStack(agent.options, agent.access, name);
	const address = {stack: name, volume};
	const {driver} = stack.pool;
	const {snapshots} = await driver.contents(address);
	if (snapshots.includes(snapshot)) {
		throw new CoppiceError('conflict', `Snapshot ${snapshot} of volume ${volume} is on this host already.`, {stack: name, volume, hint: 'Nothing has to be sent. Ask again which snapshots are wanting.'});
	}

	if (base !== undefined) {
		const known = await bases(agent, stack, request, snapshots);
		if (!known.includes(base)) {
			throw snapshotNotFound(request, base);
		}
	}

	// Grows a pool that is nearly full, before it is.
	await driver.room();
	await takeSnapshot(channel, {
		pool: stack.pool, address, snapshot, base, signal,
	});
};
