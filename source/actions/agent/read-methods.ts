/**
The methods of the agent that say who and what is here.
*/
import os from 'node:os';
import process from 'node:process';
import {CoppiceError} from '../../system/errors.ts';
import {version} from '../../system/version.ts';
import {isRoot} from '../../system/run-command.ts';
import {agentProtocol, type ResultOf, type StackSummary} from '../../host/agent-protocol.ts';
import {isPoolKnown, openPool} from '../../storage/pool.ts';
import type {Access} from './access.ts';
import {readGraph, visibleCommits} from './commit-graph.ts';
import {
	findStack,
	listStacks,
	usualPool,
	volumesOfStack,
	type HostStack,
} from './host-stacks.ts';
import type {Agent} from './agent.ts';

const refuseOtherProtocol = (protocol: number, theirs: string): void => {
	if (protocol !== agentProtocol) {
		throw new CoppiceError('precondition', `This host speaks version ${agentProtocol} of the protocol (Coppice ${version}), the other side version ${protocol} (Coppice ${theirs.slice(0, 40)}).`, {
			hint: protocol > agentProtocol ? 'Update Coppice on this host: `coppice host add` does that.' : 'Update Coppice where you are.',
		});
	}
};

const username = (): string => {
	try {
		return os.userInfo().username;
	} catch {
		// One without an entry in the list of users.
		return String(process.getuid?.() ?? '');
	}
};

/** What is needed before anything else. A pool that can't be opened is told by the methods that need it. */
export const hello = async ({access, options}: Agent, {protocol, version: theirs}: {readonly protocol: number; readonly version: string}): Promise<ResultOf<'hello'>> => {
	refuseOtherProtocol(protocol, theirs);
	const folder = usualPool(options);
	const pool = await isPoolKnown(folder) ? await openPool(folder) : undefined;
	return {
		protocol: agentProtocol,
		version,
		hostName: os.hostname(),
		pool: pool?.description.id ?? null,
		production: access.production,
		role: access.role ?? null,
		driver: pool?.driver.name ?? null,
		time: Date.now(),
		user: username(),
		root: isRoot(),
	};
};

const summarise = async (stack: HostStack, access: Access): Promise<StackSummary> => {
	const {name, pool, history, project} = stack;
	const [current, branches, tags, volumes] = await Promise.all([history.currentBranch(), history.branches(), history.tags(), volumesOfStack(stack)]);
	const mayRead = (branch: string): boolean => access.may('read', name, branch);
	const visible = access.isLimited && tags.size > 0 ? visibleCommits(await readGraph(stack), access, name, 'read') : undefined;
	return {
		name,
		pool: pool.description.id,
		driver: pool.driver.name,
		hasProject: project !== undefined,
		currentBranch: mayRead(current) ? current : null,
		branches: Object.fromEntries([...branches].filter(([branch]) => mayRead(branch))),
		tags: Object.fromEntries([...tags].filter(([, commit]) => visible?.has(commit) ?? true)),
		volumes,
	};
};

export const stacks = async ({access, options}: Agent): Promise<ResultOf<'stacks'>> => {
	const {stacks: found, isWhole} = await listStacks(options, access);
	return {
		stacks: await Promise.all(found.map(async stack => summarise(stack, access))),
		...(!isWhole && {incomplete: 'A pool of this host is out of reach, so these may not be all of its stacks.'}),
	};
};

export const stack = async ({access, options}: Agent, {stack: name}: {readonly stack: string}): Promise<ResultOf<'stack'>> =>
	summarise(await findStack(options, access, name), access);
