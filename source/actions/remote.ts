/**
`coppice remote`: the branches of other hosts beside ours: as last fetched, or asked of a host just now.
*/
import {aheadAndBehind, readKnownCommits, type KnownCommits} from '../history/known-commits.ts';
import {chooseHost} from './sync/choose-host.ts';
import {findRemoteStack, withPeer} from './sync/peer.ts';
import type {Workspace} from './workspace/workspace.ts';

export type RemoteBranch = {
	readonly host: string;

	/** As it is called there. */
	readonly name: string;

	/** Its tip: what the host says now, else as last fetched; `null` before the first commit there. */
	readonly commit: string | null;

	/** As last fetched; `null` where it never was. */
	readonly fetched: string | null;

	/** Of the tip, where it is known here. */
	readonly message?: string;
	readonly time?: string;

	/** Where the data of the tip are: here, only there, or the commit is not known here. */
	readonly data: 'here' | 'elsewhere' | 'unknown';

	/** The branch of ours to compare with: the one that follows it, else of the same name. */
	readonly ours?: string;

	/** Commits that ours has more and fewer; absent where the tip is not known here. */
	readonly ahead?: number;
	readonly behind?: number;

	/** Whether that host's services run on it; only where it was asked. */
	readonly current?: boolean;

	/** It is not there any more; only where it was asked. */
	readonly gone?: boolean;
};

type Seen = Pick<RemoteBranch, 'host' | 'name' | 'commit' | 'fetched' | 'current' | 'gone'>;

const describe = async ({history}: Workspace, seen: readonly Seen[], known: KnownCommits): Promise<RemoteBranch[]> => {
	const [branches, upstreams] = await Promise.all([history.branches(), history.upstreams()]);
	return seen.map(each => {
		const follower = [...upstreams].find(([branch, upstream]) => upstream.host === each.host && upstream.branch === each.name && branches.has(branch))?.[0];
		const ours = follower ?? (branches.has(each.name) ? each.name : undefined);
		const commit = each.commit === null ? undefined : known.byId.get(each.commit);
		const tip = ours === undefined ? undefined : branches.get(ours) ?? null;
		return {
			...each,
			data: commit === undefined ? 'unknown' : (commit.state === 'here' ? 'here' : 'elsewhere'),
			...(commit !== undefined && {message: commit.message, time: commit.time}),
			...(ours !== undefined && {ours}),
			...(ours !== undefined && commit !== undefined && tip !== undefined && aheadAndBehind(tip, commit.id, known)),
		};
	});
};

/**
The remote branches as last fetched, of one host or all, by their names.
*/
export const listRemoteBranches = async (workspace: Workspace, host?: string): Promise<readonly RemoteBranch[]> => {
	const {history} = workspace;
	const [remoteBranches, known] = await Promise.all([history.remoteBranches(), readKnownCommits(history)]);
	const seen = [...remoteBranches].toSorted(([a], [b]) => a.localeCompare(b)).map(([remote, commit]) => {
		const slash = remote.indexOf('/');
		return {
			host: remote.slice(0, slash), name: remote.slice(slash + 1), commit, fetched: commit,
		};
	});
	return describe(workspace, seen.filter(each => host === undefined || each.host === host), known);
};

/**
Asks a host what branches it has of this stack. Changes nothing here.

@throws CoppiceError `host` where it can't be reached.
*/
export const askRemoteBranches = async (
	workspace: Workspace,
	host: string,
	{signal}: {readonly signal?: AbortSignal | undefined} = {},
): Promise<readonly RemoteBranch[]> => {
	const {home, history, stack} = workspace;
	const record = await chooseHost(home, host);
	const summary = await withPeer(home, record, async peer => findRemoteStack(peer, stack.name, signal), {signal});
	const [remoteBranches, known] = await Promise.all([history.remoteBranches(), readKnownCommits(history)]);
	const fetched = new Map([...remoteBranches].filter(([name]) => name.startsWith(`${host}/`)).map(([name, commit]) => [name.slice(host.length + 1), commit]));
	const there = Object.entries(summary?.branches ?? {});
	const seen: Seen[] = [
		...there.map(([name, commit]) => ({
			host, name, commit, fetched: fetched.get(name) ?? null, current: summary?.currentBranch === name,
		})),
		...[...fetched].filter(([name]) => there.every(([other]) => other !== name)).map(([name, commit]) => ({
			host, name, commit, fetched: commit, gone: true,
		})),
	];
	return describe(workspace, seen.toSorted((a, b) => a.name.localeCompare(b.name)), known);
};
