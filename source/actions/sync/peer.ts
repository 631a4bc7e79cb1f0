/**
The host at the other end: which one is meant, and the connection to it while something is asked of it.
*/
import {CoppiceError} from '../../system/errors.ts';
import type {Upstream} from '../../history/history.ts';
import type {StackSummary} from '../../host/agent-protocol.ts';
import type {Home} from '../../host/home.ts';
import type {Host, HostRecord} from '../../host/host.ts';
import {listHosts, readHost} from '../../host/host-registry.ts';
import {openHost} from '../../host/open-host.ts';
import {boundMemory} from '../../system/bound-memory.ts';

export type Peer = {
	/** As `host add` has named it. */
	readonly name: string;
	readonly host: Host;

	/** Marked as production, here or by its owner. */
	readonly production: boolean;
};

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

/**
Runs something with a connection to a host, and ends the connection.

@throws CoppiceError `host` where it can't be reached.
*/
export const withPeer = async <Result>(
	home: Home,
	record: HostRecord,
	run: (peer: Peer) => Promise<Result>,
	{signal}: {signal?: AbortSignal | undefined} = {},
): Promise<Result> => {
	// Most of what is asked of a peer ends in a transfer.
	boundMemory();
	const host = openHost(record, {home});
	try {
		const {hello: {production}} = await host.connect({signal});
		return await run({name: record.name, host, production: production || record.production === true});
	} finally {
		await host.close();
	}
};

/**
What a host answers, or `undefined` where it says that there is no such thing. A host that could not answer throws.
*/
export const ifThere = async <Answer>(answer: Promise<Answer>): Promise<Answer | undefined> => {
	try {
		return await answer;
	} catch (error) {
		if (error instanceof CoppiceError && error.code === 'not-found') {
			return undefined;
		}

		throw error;
	}
};

/**
The stack on that host, or `undefined` where that host says that it has none.
*/
export const findRemoteStack = async ({host}: Peer, stack: string, signal?: AbortSignal): Promise<StackSummary | undefined> =>
	ifThere(host.call('stack', {stack}, {signal}));
