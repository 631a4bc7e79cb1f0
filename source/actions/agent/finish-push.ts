/**
`finishPush`: moves a branch to what was pushed, once its data have come. All is decided again, under the stack's lock.
*/
import {CoppiceError} from '../../system/errors.ts';
import {failpoint} from '../../system/failpoint.ts';
import {sortNewestFirst} from '../../history/commit-order.ts';
import {shortId, type StoredCommit} from '../../history/commit.ts';
import type {ParamsOf, ResultOf} from '../../host/agent-protocol.ts';
import {applyChanges} from '../change/apply-changes.ts';
import type {Change} from '../change/plan-changes.ts';
import {exclusively} from '../change/transact.ts';
import {notNoted} from '../sync/shared-pins.ts';
import type {Workspace} from '../workspace/workspace.ts';
import {requirePush} from './access.ts';
import type {Agent} from './agent.ts';
import {pin} from './commit-methods.ts';
import {findStack, wholeSnapshots, type HostStack} from './host-stacks.ts';
import {decidePush, wantingOf} from './offer-push.ts';
import {readOffered, type PushDecision} from './push-rules.ts';
import {openPushPlace} from './push-place.ts';

/**
Writes what was offered, parents before their children, so that a cut leaves none without what it descends from. Nothing points at them yet.
*/
const writeCommits = async (stack: HostStack, commits: readonly StoredCommit[]): Promise<void> => {
	const whole = await wholeSnapshots(stack);
	const {history} = stack;
	const here = new Set(await history.commitIds());
	const missing = sortNewestFirst(commits).toReversed().filter(({id}) => !here.has(id));
	for (const commit of missing) {
		const isWhole = Object.entries(commit.volumes).every(([volume, snapshot]) => whole.get(volume)?.has(snapshot) === true);
		await (isWhole ? history.writeCommit(commit) : history.writeElsewhere(commit));
		failpoint('push commit written');
	}
};

/**
The live clones of a branch that is pushed follow it, as those of `reset` do: with a safety commit, a journal and `undo`. Data alone have none, unless they
were left by a project.
*/
const planPush = async (stack: HostStack, workspace: Workspace, {branch, tip, switch: isSwitch}: ParamsOf<'finishPush'>, decision: PushDecision): Promise<Change[]> => {
	const changes: Change[] = [];
	if (decision === 'create' && stack.project === undefined) {
		// Without a commit at first, then moved: a branch of data alone needs no live clones.
		await workspace.history.setBranch(branch, null, 'push');
		changes.push({type: 'move', branch, to: tip});
	} else if (decision === 'create') {
		changes.push({
			type: 'create', branch, at: tip, data: tip,
		});
	} else if (decision === 'move') {
		const live = await Promise.all(workspace.volumes.map(async volume => stack.pool.driver.contents({stack: stack.name, volume})));
		const hasData = stack.project !== undefined || live.some(({branches}) => branches.includes(branch));
		changes.push({
			type: 'move', branch, to: tip, ...(hasData && {data: tip}),
		});
	}

	if (isSwitch && stack.project !== undefined && await workspace.history.currentBranch() !== branch) {
		changes.push({type: 'head', to: branch});
	}

	return changes;
};

type Finishing = {
	readonly agent: Agent;
	readonly stack: HostStack;
	readonly workspace: Workspace;
	readonly offered: ReadonlyMap<string, StoredCommit>;
	readonly params: ParamsOf<'finishPush'>;
	readonly signal: AbortSignal;
	readonly notice: (message: string) => void;
};

/** A branch that can be moved moves, whether or not the next increment's base can be kept. */
const keepShared = async ({agent, params: {stack, pin: shared}, notice}: Finishing): Promise<void> => {
	if (shared === undefined) {
		return;
	}

	try {
		await pin(agent, {stack, ...shared});
	} catch (error) {
		notice(notNoted(error));
	}
};

const finishLocked = async (finishing: Finishing): Promise<Omit<ResultOf<'finishPush'>, 'notices'>> => {
	const {
		agent, stack, workspace, offered, params, signal,
	} = finishing;
	const {branch, tip, from} = params;
	const {decision, graph, known} = await decidePush(agent, stack, params, offered);
	const current = graph.branches.get(branch) ?? null;
	if (decision !== 'nothing' && current !== from) {
		throw new CoppiceError('conflict', `Branch ${branch} of stack ${stack.name} was moved on this host while the push was on its way${current === null ? '' : `, to ${shortId(current)}`}.`, {
			stack: stack.name, hint: 'Fetch, and push again: what has arrived is kept, and not sent again.',
		});
	}

	const commit = (offered.get(tip) ?? known.get(tip))!;
	const wanting = Object.keys(await wantingOf(stack, commit));
	if (wanting.length > 0) {
		throw new CoppiceError('precondition', `The data of commit ${shortId(tip)} have not all come: ${wanting.join(', ')} ${wanting.length === 1 ? 'is' : 'are'} wanting.`, {
			stack: stack.name, hint: 'Push again: what has arrived is not sent again. The branch was not moved.',
		});
	}

	await writeCommits(stack, [...offered.values(), commit]);
	failpoint('push commits written');
	const keeping = keepShared(finishing);
	try {
		const changes = await planPush(stack, workspace, params, decision);
		if (changes.length === 0) {
			return {kept: [], restarted: []};
		}

		const {kept, restarted} = await applyChanges(workspace, {
			verb: 'push', summary: `push of ${shortId(tip)} to ${branch}`, changes,
		}, {signal});
		return {kept: [...kept], restarted: [...restarted]};
	} finally {
		await keeping;
	}
};

/**
@throws CoppiceError `precondition` where data are wanting; `conflict` as `judgePush`, where the branch was
moved meanwhile, or where another command holds the stack; as `applyChanges`.
*/
export const finishPush = async (agent: Agent, params: ParamsOf<'finishPush'>, signal: AbortSignal): Promise<ResultOf<'finishPush'>> => {
	const {stack: name, branch} = params;
	const {access, options} = agent;
	requirePush(access, name, branch);
	const offered = readOffered(name, params.commits);
	const stack = await findStack(options, access, name);
	const notices: string[] = [];
	const workspace = await openPushPlace(stack, options.home, event => {
		if (event.type === 'notice') {
			notices.push(event.message);
		}
	});
	const finished = await exclusively(workspace, 'push', async () => finishLocked({
		agent, stack, workspace, offered, params, signal,
		notice(message) {
			notices.push(message);
		},
	}), {signal});
	return {...finished, notices};
};
