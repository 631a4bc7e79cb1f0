/**
`coppice pull`: fetches a branch of another host and moves the current branch forward to it, with its data. What was not committed is kept in a
safety commit. Where both have gone on, nothing is changed but what was asked for.
*/
import {CoppiceError} from '../system/errors.ts';
import {shortId} from '../system/format.ts';
import {checkName} from '../system/names.ts';
import {isAncestor, type Lookup} from '../history/ancestry.ts';
import {aheadAndBehind, readKnownCommits} from '../history/known-commits.ts';
import {isBranchClean} from './baseline.ts';
import {applyChanges} from './change/apply-changes.ts';
import type {Change} from './change/plan-changes.ts';
import {exclusively} from './change/transact.ts';
import {optionWords, type FetchOptions} from './fetch.ts';
import {fetchInto, type Fetched} from './sync/fetch-into.ts';
import {chooseHost} from './sync/choose-host.ts';
import {withPeer} from './sync/peer.ts';
import {placeOf} from './sync/place.ts';
import type {Workspace} from './workspace/workspace.ts';

/** What to do where both have gone on. */
export type DivergenceAnswer = {readonly reset: true} | {readonly into: string};

export type Divergence = {
	readonly branch: string;

	/** `staging/main`. */
	readonly remote: string;
	readonly ahead: number;
	readonly behind: number;

	/** What the branch would be called that keeps ours, where theirs is taken. */
	readonly keptBranch: string;
};

export type PullOptions = Pick<FetchOptions, 'host' | 'history' | 'full' | 'confirmFull' | 'limit' | 'connection' | 'signal'> & {
	/** A branch there; the one that the current branch came from, or that of the same name, unless told. */
	readonly branch?: string | undefined;

	/** Where both have gone on: takes theirs, and keeps ours as a branch. */
	readonly reset?: boolean | undefined;

	/** Takes theirs into a new branch of this name; the current branch stays. */
	readonly into?: string | undefined;

	/** Asked where both have gone on and nothing was said of it; `undefined` stops. */
	readonly onDivergence?: ((divergence: Divergence) => Promise<DivergenceAnswer | undefined>) | undefined;
};

export type PullResult = {
	readonly fetched: Fetched;
	readonly branch: string;
	readonly remote: string;
	readonly from: string | null;
	readonly to: string;
	readonly did: 'nothing' | 'fast-forward' | 'reset' | 'new-branch';

	/** Commits that the current branch has and theirs has not. */
	readonly ahead: number;

	/** The branch that keeps what was ours. */
	readonly keptBranch?: string;

	/** Whether something was there that was not committed. */
	readonly hadChanges: boolean;

	/** Safety commits that hold what was there. */
	readonly kept: readonly string[];
	readonly restarted: readonly string[];
	readonly readyMilliseconds: number;
};

const diverged = (host: string, {branch, remote, ahead, behind}: Omit<Divergence, 'keptBranch'>, stack: string): CoppiceError =>
	new CoppiceError('conflict', `${branch} and ${remote} have gone different ways: ${ahead} here, ${behind} there. Nothing was changed.`, {
		stack,
		host,
		hint: 'Take theirs and keep yours as a branch with `--reset`, or take theirs into a new branch with `--into BRANCH`.',
	});

/**
A name for the branch that keeps what was ours: `main-before-pull`, with a number where that is taken. Pure.
*/
export const keepName = (branch: string, taken: ReadonlySet<string>): string => {
	const name = `${branch}-before-pull`;
	for (let number = 1; ; number++) {
		const candidate = number === 1 ? name : `${name}-${number}`;
		if (!taken.has(candidate)) {
			return candidate;
		}
	}
};

type Relation = 'same' | 'ahead' | 'behind' | 'diverged';

const relate = (from: string | null, to: string, lookup: Lookup): Relation => {
	if (from === to) {
		return 'same';
	}

	if (from === null || isAncestor(from, to, lookup)) {
		return 'behind';
	}

	return isAncestor(to, from, lookup) ? 'ahead' : 'diverged';
};

type Decision = {readonly did: PullResult['did']; readonly changes: readonly Change[]; readonly keptBranch?: string};

const decide = (
	{branch, from, to, relation, branches}: {
		readonly branch: string;
		readonly from: string | null;
		readonly to: string;
		readonly relation: Relation;
		readonly branches: ReadonlySet<string>;
	},
	answer: DivergenceAnswer | undefined,
): Decision => {
	if (answer !== undefined && 'into' in answer) {
		return {
			did: 'new-branch', changes: [{
				type: 'create', branch: answer.into, at: to, data: to,
			}],
		};
	}

	const move: Change = {
		type: 'move', branch, to, data: to,
	};
	if (relation === 'diverged' && answer !== undefined) {
		const keptBranch = keepName(branch, branches);
		return {
			did: 'reset', keptBranch, changes: [{
				type: 'create', branch: keptBranch, at: from, data: from!,
			}, move],
		};
	}

	return relation === 'behind' ? {did: 'fast-forward', changes: [move]} : {did: 'nothing', changes: []};
};

/**
@throws CoppiceError `usage` for what can be no name, `conflict` for one that is taken.
*/
const checkInto = (into: string, branches: ReadonlySet<string>, stack: string): void => {
	checkName('branch', into);
	if (branches.has(into)) {
		throw new CoppiceError('conflict', `There is a branch ${into} in stack ${stack} already.`, {stack, hint: 'Choose another name.'});
	}
};

const answerOf = ({into, reset}: PullOptions): DivergenceAnswer | undefined => {
	if (into !== undefined) {
		return {into};
	}

	return reset === true ? {reset} : undefined;
};

const integrate = async (workspace: Workspace, remoteBranch: string, fetched: Fetched, options: PullOptions): Promise<PullResult> => {
	const {host} = fetched;
	const {history, stack} = workspace;
	const {signal} = options;
	const remote = `${host}/${remoteBranch}`;
	const look = async () => {
		const [branch, branches, remoteBranches, known] = await Promise.all([
			history.currentBranch(), history.branches(), history.remoteBranches(), readKnownCommits(history),
		]);
		const from = branches.get(branch) ?? null;
		const to = remoteBranches.get(remote)!;
		const counts = aheadAndBehind(from, to, known);
		return {
			branch, branches: new Set(branches.keys()), from, to, relation: relate(from, to, known.lookup), ...counts,
		};
	};

	let answer = answerOf(options);
	const before = await look();
	if (answer === undefined && before.relation === 'diverged') {
		const divergence = {
			branch: before.branch, remote, ahead: before.ahead, behind: before.behind, keptBranch: keepName(before.branch, before.branches),
		};
		answer = await options.onDivergence?.(divergence);
		if (answer === undefined) {
			throw diverged(host, divergence, stack.name);
		}

		if ('into' in answer) {
			checkInto(answer.into, before.branches, stack.name);
		}
	}

	return exclusively(workspace, 'pull', async () => {
		const now = await look();
		const {branch, from, to} = now;
		if (answer === undefined && now.relation === 'diverged') {
			throw diverged(host, {
				branch, remote, ahead: now.ahead, behind: now.behind,
			}, stack.name);
		}

		const {did, changes, keptBranch} = decide(now, answer);
		const hadChanges = did === 'fast-forward' || did === 'reset' ? from !== null && !await isBranchClean(workspace, branch) : false;
		const upstreamOf = did === 'new-branch' && answer !== undefined && 'into' in answer ? answer.into : branch;
		const upstreams = await history.upstreams();
		if (did === 'new-branch' || !upstreams.has(upstreamOf)) {
			await history.setUpstream(upstreamOf, {host, branch: remoteBranch});
		}

		const about = {
			fetched, branch: upstreamOf, remote, from, to, did, ahead: now.ahead, hadChanges, ...(keptBranch !== undefined && {keptBranch}),
		};
		if (changes.length === 0) {
			return {
				...about, kept: [], restarted: [], readyMilliseconds: 0,
			};
		}

		const {kept, restarted, readyMilliseconds} = await applyChanges(workspace, {
			verb: 'pull', summary: `pull of ${remote} (${shortId(to)}) into ${upstreamOf}`, changes,
		}, {signal});
		return {
			...about, kept, restarted, readyMilliseconds,
		};
	}, {signal});
};

/**
@throws CoppiceError `conflict` where both have gone on and nothing was said of what to do; as `fetchInto` and `applyChanges`.
*/
export const pull = async (workspace: Workspace, options: PullOptions = {}): Promise<PullResult> => {
	const {home, history, stack} = workspace;
	const {into, signal, connection} = options;
	if (into !== undefined) {
		if (options.reset === true) {
			throw new CoppiceError('usage', '`--reset` and `--into` can\'t be given at once.', {hint: '`--reset` moves the current branch; `--into` makes another one.'});
		}

		const branches = await history.branches();
		checkInto(into, new Set(branches.keys()), stack.name);
	}

	const [current, upstreams] = await Promise.all([history.currentBranch(), history.upstreams()]);
	const upstream = upstreams.get(current);
	const record = await chooseHost(home, options.host, upstream);
	// `staging/main` says the same of staging as `main` does.
	const prefix = `${record.name}/`;
	const wished = options.branch?.startsWith(prefix) === true ? options.branch.slice(prefix.length) : options.branch;
	const remoteBranch = checkName('branch', wished ?? (upstream?.host === record.name ? upstream.branch : current));
	const fetched = await withPeer(home, record, async peer => fetchInto(placeOf(workspace, signal), peer, {
		...options,
		revisions: [remoteBranch],
		onlyBranches: true,
		record: {
			verb: 'pull',
			command: [
				'pull', record.name, remoteBranch, ...optionWords(options, true), ...options.reset === true ? ['--reset'] : [], ...into === undefined ? [] : ['--into', into],
			],
			directory: stack.projectFolder,
		},
	}), {signal, connection});
	return integrate(workspace, remoteBranch, fetched, options);
};
