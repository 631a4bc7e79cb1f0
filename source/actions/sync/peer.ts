/**
The host at the other end, while something is asked of it.
*/
import {CoppiceError} from '../../system/errors.ts';
import type {StackSummary} from '../../host/agent-protocol.ts';
import type {Home} from '../../host/home.ts';
import type {Host, HostRecord} from '../../host/host.ts';
import {openHost} from '../../host/open-host.ts';
import {boundMemory} from '../../system/bound-memory.ts';
import type {ConnectionAhead} from './connect-ahead.ts';

export type Peer = {
	/** As `host add` has named it. */
	readonly name: string;
	readonly host: Host;

	/** Marked as production, here or by its owner. */
	readonly production: boolean;
};

export type PeerOptions = {
	readonly signal?: AbortSignal | undefined;

	/** What that side will have to do: it takes a while to be up. */
	readonly prepares?: 'send' | 'receive' | undefined;

	/** One that may have been begun to that host already. */
	readonly connection?: ConnectionAhead | undefined;
};

/**
Runs something with a connection to a host, and ends the connection.

@throws CoppiceError `host` where it can't be reached.
*/
export const withPeer = async <Result>(
	home: Home,
	record: HostRecord,
	run: (peer: Peer) => Promise<Result>,
	{signal, prepares, connection}: PeerOptions = {},
): Promise<Result> => {
	// Most of what is asked of a peer ends in a transfer.
	boundMemory();
	const host = await connection?.take(record) ?? openHost(record, {home});
	if (prepares !== undefined) {
		host.prepareChannel(prepares);
	}

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
