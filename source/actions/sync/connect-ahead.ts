/**
A connection that is begun before the workspace is open and it is known what will be asked: both take a while.
*/
import type {Home} from '../../host/home.ts';
import type {HostRecord} from '../../host/host.ts';
import {openHost, type LiveHost} from '../../host/open-host.ts';
import {chooseHost} from './choose-host.ts';

export type ConnectionAhead = AsyncDisposable & {
	/** The connection, where it is to this host: from then on it is the taker's to close. */
	take(record: HostRecord): Promise<LiveHost | undefined>;
};

const isSame = (one: HostRecord, other: HostRecord): boolean => JSON.stringify(one) === JSON.stringify(other);

const openChosen = async (home: Home, name: string | undefined): Promise<LiveHost | undefined> => {
	try {
		const host = openHost(await chooseHost(home, name), {home});
		host.connect().catch(() => {
			// Thrown to who asks something of it.
		});
		return host;
	} catch {
		return undefined;
	}
};

/**
Begins to connect to the host that was named, or to the only one there is. Returns when that is under way: what is done next takes this process a while, in
which the other side gets up. Never throws: what is wrong is told to who asks something of that host.
*/
export const connectAhead = async (home: Home, name: string | undefined): Promise<ConnectionAhead> => {
	let isTaken = false;
	const host = await openChosen(home, name);
	return {
		async take(record) {
			if (isTaken || host === undefined || !isSame(host.record, record)) {
				return undefined;
			}

			isTaken = true;
			return host;
		},
		async [Symbol.asyncDispose]() {
			if (isTaken) {
				return;
			}

			isTaken = true;
			await host?.close();
		},
	};
};
