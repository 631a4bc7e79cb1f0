/**
Which host a verb is about.
*/
import {CoppiceError} from '../../system/errors.ts';
import type {Upstream} from '../../history/history.ts';
import type {Home} from '../../host/home.ts';
import type {HostRecord} from '../../host/host.ts';
import {listHosts, readHost} from '../../host/host-registry.ts';

/**
The host that a verb is about: the one that was named, else that which the branch came from, else the only one there is.

@throws CoppiceError `not-found` where there is no such host; `usage` where none was named and several could be meant.
*/
export const chooseHost = async (home: Home, name: string | undefined, upstream?: Upstream): Promise<HostRecord> => {
	if (name !== undefined) {
		return readHost(home, name);
	}

	const hosts = await listHosts(home);
	const followed = hosts.find(host => host.name === upstream?.host);
	if (followed !== undefined) {
		return followed;
	}

	const [only, ...others] = hosts;
	if (only === undefined) {
		throw new CoppiceError('precondition', 'No other host is known.', {hint: 'Add one: `coppice host add NAME USER@ADDRESS`, or `coppice host add NAME --pool PATH` for another pool of this machine.'});
	}

	if (others.length > 0) {
		throw new CoppiceError('usage', 'It has to be said which host is meant.', {hint: `There is ${hosts.map(host => host.name).join(', ')}.`});
	}

	return only;
};
