/**
Which branch of another host a new branch here comes from, and so follows from then on: `pull` and `push` mean it where nothing else is said. Pure.
*/
import {CoppiceError} from '../../system/errors.ts';
import type {Upstream} from '../../history/history.ts';

export type RemoteStart = {
	/** What the branch here is called. */
	readonly branch: string;

	/** `staging/fix`. */
	readonly remote: string;
	readonly upstream: Upstream;
};

/** A host's name has no slash in it. */
export const upstreamOf = (remote: string): Upstream => {
	const slash = remote.indexOf('/');
	return {host: remote.slice(0, slash), branch: remote.slice(slash + 1)};
};

/**
The branch to make for one that is not here, as git does it (git-switch(1), `--guess` and `--track`): for `fix`, of the one host that has a `fix`; for
`staging/fix`, of that host.

@param wanted - No branch that is here.
@returns `undefined` where no host is known to have one.
@throws CoppiceError `usage` where several have; `conflict` for `staging/fix` where a `fix` is here already.
*/
export const guessRemote = (wanted: string, branches: ReadonlySet<string>, remoteBranches: ReadonlySet<string>): RemoteStart | undefined => {
	if (remoteBranches.has(wanted)) {
		const upstream = upstreamOf(wanted);
		const {host, branch} = upstream;
		if (branches.has(branch)) {
			throw new CoppiceError('conflict', `${wanted} is what ${branch} is on ${host}; the branch ${branch} of this side is another one.`, {
				host, hint: `\`coppice switch ${branch}\` goes to yours, \`coppice pull ${wanted.replace('/', ' ')}\` there takes theirs; \`coppice switch -c NAME ${wanted}\` makes another branch of it.`,
			});
		}

		return {branch, remote: wanted, upstream};
	}

	const found = remoteBranches.values().filter(remote => upstreamOf(remote).branch === wanted).toArray().toSorted();
	const [remote, ...others] = found;
	if (remote === undefined) {
		return undefined;
	}

	if (others.length > 0) {
		throw new CoppiceError('usage', `There is no branch ${wanted} here, and several hosts have one: ${found.join(', ')}.`, {hint: `Say whose: \`coppice switch ${remote}\`.`});
	}

	return {branch: wanted, remote, upstream: upstreamOf(remote)};
};
