/**
Says where the data of a commit are that is known here without them: on the host whose branch leads to it.
*/
import {CoppiceError} from '../system/errors.ts';
import {reachable} from './ancestry.ts';
import {shortId} from './commit.ts';
import type {History} from './history.ts';
import {readKnownCommits} from './known-commits.ts';

/**
The hosts whose branches, as last fetched, lead to a commit.
*/
export const hostsWith = async (id: string, history: Pick<History, 'allCommits' | 'elsewhereCommits' | 'removedCommits' | 'remoteBranches'>): Promise<readonly string[]> => {
	const [{parentsOf}, remoteBranches] = await Promise.all([readKnownCommits(history), history.remoteBranches()]);
	const hosts = [...remoteBranches]
		.filter(([, tip]) => reachable([tip], parentsOf).has(id))
		// No name of a host holds a slash.
		.map(([name]) => name.slice(0, name.indexOf('/')));
	return [...new Set(hosts)];
};

/**
The error in place of one that said that a commit is not here: where it is known, but its data are on another host, it names that host
and how to fetch them. Any other error stays as it is.
*/
export const explainElsewhere = async (
	error: unknown,
	id: string,
	history: Pick<History, 'allCommits' | 'elsewhereCommits' | 'elsewhereIds' | 'removedCommits' | 'remoteBranches'>,
): Promise<unknown> => {
	const isAnswer = error instanceof CoppiceError && error.code === 'precondition';
	const elsewhere = isAnswer ? await history.elsewhereIds() : [];
	if (!elsewhere.includes(id)) {
		return error;
	}

	const [host] = await hostsWith(id, history);
	return host === undefined
		? error
		: new CoppiceError('precondition', `Commit ${shortId(id)} is known, but its data are on ${host}.`, {hint: `Fetch them with \`coppice fetch ${host} ${shortId(id)}\`.`});
};
