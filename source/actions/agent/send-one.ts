/**
`coppice send`: one snapshot of a volume to the other side of a channel, as the owner's policy allows.
*/
import {CoppiceError} from '../../system/errors.ts';
import type {Channel, TransferRequest} from '../../transfer/channel.ts';
import {giveSnapshot} from '../sync/channel-snapshots.ts';
import {requirePull} from './access.ts';
import type {Agent} from './agent.ts';
import {readGraph, snapshotsOf, visibleCommits} from './commit-graph.ts';
import {findStack, type HostStack} from './host-stacks.ts';

export const snapshotNotFound = ({stack, volume}: TransferRequest, snapshot: string): CoppiceError =>
	new CoppiceError('not-found', `There is no snapshot ${snapshot} of volume ${volume} of stack ${stack} on this host.`, {stack, volume, hint: 'It may have been pruned: fetch again.'});

/**
The snapshots of a volume that a caller may have the data of: whole here and, for one that is limited, of a commit on a branch that it may pull.
*/
export const pullableSnapshots = async ({access}: Agent, stack: HostStack, volume: string): Promise<ReadonlySet<string>> => {
	const {snapshots} = await stack.pool.driver.contents({stack: stack.name, volume});
	if (!access.isLimited) {
		return new Set(snapshots);
	}

	const graph = await readGraph(stack);
	const pullable = snapshotsOf(graph, visibleCommits(graph, access, stack.name, 'pull')).get(volume);
	return new Set(snapshots.filter(id => pullable?.has(id) === true));
};

/**
@throws CoppiceError where the policy or the pool has not what is asked for; as `giveSnapshot` throws.
*/
export const sendOne = async (agent: Agent, channel: Channel, request: TransferRequest, signal?: AbortSignal): Promise<void> => {
	const {stack: name, volume, snapshot, base, branch, limit, plain} = request;
	requirePull(agent.access, name, branch);
	const stack = await findStack(agent.options, agent.access, name);
	const known = await pullableSnapshots(agent, stack, volume);
	for (const id of base === undefined ? [snapshot] : [snapshot, base]) {
		if (!known.has(id)) {
			throw snapshotNotFound(request, id);
		}
	}

	await giveSnapshot(channel, {
		pool: stack.pool, address: {stack: name, volume}, snapshot, base, plain, signal,
	}, limit);
};
