/**
`coppice host check`: whether hosts can be reached, how far away they are, and what their engines are and may do.
*/
import {agentProtocol} from '../../host/agent-protocol.ts';
import {findHome, type Home} from '../../host/home.ts';
import type {HostRecord} from '../../host/host.ts';
import {listHosts, readHost} from '../../host/host-registry.ts';
import {openHost, type Hello} from '../../host/open-host.ts';
import {probeHost} from '../../host/probe-host.ts';
import {sudoRule} from '../../host/sudo-rule.ts';
import {monotonicNow} from '../../system/clock.ts';
import {CoppiceError} from '../../system/errors.ts';
import {version} from '../../system/version.ts';
import type {Report} from '../progress.ts';
import {needsRoot} from './add-host.ts';

export type CheckedHost = {
	readonly record: HostRecord;

	/** Why it can't be used; the rest is missing then. */
	readonly failure?: CoppiceError;
	readonly hello?: Hello;

	/** The version of the engine here. */
	readonly ownVersion: string;

	/** Of one call over the connection, in milliseconds. */
	readonly latency?: number;

	/** By how many milliseconds the clock there is ahead of this one; not known to less than the latency. */
	readonly skew?: number;

	/** The line for sudoers(5) that would let its engine use root's pool, where it may not. */
	readonly sudoRule?: string;
};

const rounds = 3;

const measure = async (record: HostRecord, home: Home, report: Report, signal: AbortSignal | undefined): Promise<Omit<CheckedHost, 'record' | 'ownVersion'>> => {
	const host = openHost(record, {
		home,
		onUpgrade(message) {
			report({type: 'notice', message: `${record.name}: ${message}`});
		},
	});
	try {
		await host.call('hello', {protocol: agentProtocol, version}, {signal});
		let best: {readonly latency: number; readonly skew?: number; readonly hello: Hello} | undefined;
		for (let round = 0; round < rounds; round++) {
			const [begun, clock] = [monotonicNow(), Date.now()];
			const hello = await host.call('hello', {protocol: agentProtocol, version}, {signal});
			const latency = monotonicNow() - begun;
			if (best === undefined || latency < best.latency) {
				best = {latency, hello, ...(hello.time !== undefined && {skew: hello.time - (clock + (latency / 2))})};
			}
		}

		return {...best};
	} finally {
		await host.close();
	}
};

/** Only a key that may run anything can say. */
const missingRule = async (record: HostRecord, home: Home, signal: AbortSignal | undefined): Promise<string | undefined> => {
	if (record.kind !== 'ssh' || record.sudo === true) {
		return undefined;
	}

	const facts = await probeHost(record, {home, ...(signal !== undefined && {signal})});
	return facts !== undefined && needsRoot(facts) ? sudoRule(record, facts.user) : undefined;
};

const check = async (record: HostRecord, home: Home, report: Report, signal: AbortSignal | undefined): Promise<CheckedHost> => {
	try {
		const measured = await measure(record, home, report, signal);
		const rule = await missingRule(record, home, signal);
		return {
			record, ownVersion: version, ...measured, ...(rule !== undefined && {sudoRule: rule}),
		};
	} catch (error) {
		if (error instanceof CoppiceError && error.code !== 'interrupted') {
			return {record, ownVersion: version, failure: error};
		}

		throw error;
	}
};

/**
Checks one host, or all of them at once. What is wrong with a host is in the result.

@throws CoppiceError `not-found` for a host that is not known.
*/
export const checkHosts = async ({name, home = findHome(), report, signal}: {
	readonly name?: string;
	readonly home?: Home;
	readonly report: Report;
	readonly signal?: AbortSignal;
}): Promise<CheckedHost[]> => {
	const records = name === undefined ? await listHosts(home) : [await readHost(home, name)];
	return Promise.all(records.map(async record => check(record, home, report, signal)));
};
