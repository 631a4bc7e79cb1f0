/**
The stacks that a host shows to this key.
*/
import {findHome, type Home} from '../../host/home.ts';
import type {StackSummary} from '../../host/agent-protocol.ts';
import {readHost} from '../../host/host-registry.ts';
import {withPeer} from '../sync/peer.ts';

/**
@throws CoppiceError `not-found` for a host that is not known; `host` where it can't be reached.
*/
export const listStacksThere = async (
	host: string,
	{home = findHome(), signal}: {readonly home?: Home; readonly signal?: AbortSignal | undefined} = {},
): Promise<readonly StackSummary[]> => {
	const {stacks} = await withPeer(home, await readHost(home, host), async peer => peer.host.call('stacks', {}, signal === undefined ? {} : {signal}), {signal});
	return stacks;
};
