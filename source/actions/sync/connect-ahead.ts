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

/**
Begins to connect to the host that was named, or to the only one there is. Never throws: what is wrong is told to who asks something of that host.
*/
export const connectAhead = (home: Home, name: string | undefined): ConnectionAhead => {
	let isTaken = false;
	const opening = (async () => {
		try {
			const host = openHost(await chooseHost(home, name), {home});
			host.connect().catch(() => {});
			return host;
		} catch {
			return undefined;
		}
	})();
	return {
		async take(record) {
			const host = await opening;
			if (isTaken || host === undefined || !isSame(host.record, record)) {
				return undefined;
			}

			isTaken = true;
			return host;
		},
		async [Symbol.asyncDispose]() {
			const host = await opening;
			if (isTaken) {
				return;
			}

			isTaken = true;
			await host?.close();
		},
	};
};
