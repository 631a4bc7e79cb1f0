/**
The stacks that a host shows to this key.
*/
import {findHome, type Home} from '../../host/home.ts';
import type {ResultOf} from '../../host/agent-protocol.ts';
import {readHost} from '../../host/host-registry.ts';
import {withPeer} from '../sync/peer.ts';

/**
@returns With a sentence where they may not be all.
@throws CoppiceError `not-found` for a host that is not known; `host` where it can't be reached.
*/
export const listStacksThere = async (
	host: string,
	{home = findHome(), signal}: {readonly home?: Home; readonly signal?: AbortSignal | undefined} = {},
): Promise<ResultOf<'stacks'>> => withPeer(home, await readHost(home, host), async peer => peer.host.call('stacks', {}, signal === undefined ? {} : {signal}), {signal});
