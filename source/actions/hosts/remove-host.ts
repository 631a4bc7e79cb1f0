/**
`coppice host rm`: forgets a host. Its pool and what it holds stay as they are.
*/
import {findHome, type Home} from '../../host/home.ts';
import type {HostRecord} from '../../host/host.ts';
import {readHost, removeHost as forget} from '../../host/host-registry.ts';
import {purgeEngine} from '../../host/install-engine.ts';

export type RemovedHost = {
	readonly record: HostRecord;

	/** Whether the engine that `host add` had put there was removed, too. */
	readonly purged: boolean;
};

/**
With `purge` the engine there is removed first, if `host add` has put it there.

@throws CoppiceError `not-found`; with `purge`, `host` where it can't be reached, `conflict` while the engine there is at work. The host is then still known.
*/
export const removeHost = async ({name, purge = false, home = findHome(), signal}: {
	readonly name: string;
	readonly purge?: boolean;
	readonly home?: Home;
	readonly signal?: AbortSignal;
}): Promise<RemovedHost> => {
	const record = await readHost(home, name);
	const purged = purge && record.kind === 'ssh' && record.installed === true;
	if (purged) {
		await purgeEngine(record, {home, ...(signal !== undefined && {signal})});
	}

	await forget(home, name);
	return {record, purged};
};
