/**
The methods of the agent for who looks at a stack from another host: what is new in its history, its services, what it is made of, how its data stand.
Anybody who may read the stack may ask; what could tell of more than that is left out for a key that is limited.
*/
import {reachable} from '../../history/ancestry.ts';
import {sortNewestFirst} from '../../history/commit-order.ts';
import type {History} from '../../history/history.ts';
import {nextRedo, nextUndo, type Operation} from '../../history/operation.ts';
import type {AgentService, ParamsOf, ResultOf} from '../../host/agent-protocol.ts';
import type {viewMethods} from '../../host/view-methods.ts';
import {CoppiceError} from '../../system/errors.ts';
import {sha256Hex} from '../../system/sha256.ts';
import {surveyVolumes} from '../baseline.ts';
import {outlineDefinition} from '../definition/outline-definition.ts';
import {listServices} from '../services.ts';
import {requirePull, requireRead} from './access.ts';
import type {Agent} from './agent.ts';
import type {Announcements} from './announcements.ts';
import {visibleCommits} from './commit-graph.ts';
import {firstPage} from './commit-methods.ts';
import {findStack} from './host-stacks.ts';
import {createPlaces, type Places} from './stack-place.ts';
import {createWatch} from './watch-method.ts';

/** A damaged list of operations is no reason not to say how the stack stands. */
const readOperations = async (history: History): Promise<readonly Operation[]> => {
	try {
		return await history.operations();
	} catch {
		return [];
	}
};

/** Names of branches that the caller may not see could be in what was done. */
const describeOperations = async (history: History): Promise<{readonly undo?: string; readonly redo?: string}> => {
	const operations = await readOperations(history);
	const [undo, redo] = [nextUndo(operations)?.summary, nextRedo(operations)?.summary];
	return {...(undo !== undefined && {undo}), ...(redo !== undefined && {redo})};
};

const history = async ({access, options}: Agent, places: Places, {stack: name, known, places: knownKey}: ParamsOf<'history'>): Promise<ResultOf<'history'>> => {
	const stack = await findStack(options, access, name);
	const current = await stack.history.currentBranch();
	const graph = await places.graph(stack);
	const visible = visibleCommits(graph, access, name, 'read');
	const there = reachable(known.filter(id => visible.has(id)), graph.parentsOf);
	const wanted = [...visible].filter(id => !there.has(id)).map(id => graph.byId.get(id)).filter(commit => commit !== undefined);
	const page = firstPage(sortNewestFirst(wanted).toReversed());
	const here = new Set(graph.here);
	const [elsewhere, removed] = [graph.elsewhere, graph.removed].map(ids => ids.filter(id => visible.has(id) && !here.has(id)).toSorted());
	const key = sha256Hex(JSON.stringify([elsewhere, removed]));
	const mayRead = (branch: string): boolean => access.may('read', name, branch);
	return {
		currentBranch: mayRead(current) ? current : null,
		branches: Object.fromEntries([...graph.branches].filter(([branch]) => mayRead(branch))),
		tags: Object.fromEntries([...graph.tags].filter(([, commit]) => visible.has(commit))),
		remoteBranches: access.isLimited ? {} : Object.fromEntries(graph.remoteBranches),
		...(!access.isLimited && await describeOperations(stack.history)),
		commits: page.map(({id, text}) => ({id, text})),
		complete: page.length === wanted.length,
		count: there.size + wanted.length,
		places: {key, ...(key !== knownKey && {elsewhere, removed})},
	};
};

const services = async ({access, options}: Agent, places: Places, {stack: name}: ParamsOf<'services'>): Promise<ResultOf<'services'>> => {
	const stack = await findStack(options, access, name);
	if (stack.project === undefined) {
		return {services: []};
	}

	const reports = await listServices(await places.open(stack));
	return {
		services: reports.map(({
			name: service, state, ready, reason, health, startedAt, restarts, exitCode, ports, database,
		}) => ({
			name: service,
			state,
			ready,
			restarts,
			ports: ports.map(({address, published, target, protocol}) => ({
				target, protocol, ...(address !== undefined && {address}), ...(published !== undefined && {published}),
			})),
			...(reason !== undefined && !access.isLimited && {reason}),
			...(health !== undefined && {health}),
			...(startedAt !== undefined && {startedAt}),
			...(exitCode !== undefined && {exitCode}),
			...(database !== undefined && {database}),
		})),
	};
};

/** Like the definition, it is for who may have the data too. Folders of this host are told to nobody who is limited. */
const outline = async ({access, options}: Agent, places: Places, {stack: name}: ParamsOf<'outline'>): Promise<ResultOf<'outline'>> => {
	requirePull(access, name);
	const stack = await findStack(options, access, name);
	if (stack.project === undefined) {
		return {
			runtime: null, folder: null, composeFiles: [], services: [], notices: [],
		};
	}

	const workspace = await places.open(stack);
	const {stack: definition, notices, runtime} = workspace;
	return {
		runtime: runtime.name,
		folder: access.isLimited ? null : stack.project.folder,
		composeFiles: access.isLimited ? [] : [...definition.composeFiles],
		services: outlineDefinition(definition, mount => !access.isLimited || mount.kind !== 'bind').map(service => ({
			...service,
			ports: [...service.ports],
			mounts: [...service.mounts],
			dependsOn: [...service.dependsOn],
			environmentNames: [...service.environmentNames],
			profiles: [...service.profiles],
		})),
		notices: access.isLimited ? [] : [...definition.notices, ...notices, ...runtime.notices()],
	};
};

const data = async ({access, options}: Agent, places: Places, {stack: name}: ParamsOf<'data'>): Promise<ResultOf<'data'>> => {
	requireRead(access, name);
	const stack = await findStack(options, access, name);
	const [branch, branches] = await Promise.all([stack.history.currentBranch(), stack.history.branches()]);
	if (!access.may('read', name, branch)) {
		throw new CoppiceError('permission', `The policy of this host does not show the branch that ${name} is on.`, {stack: name, hint: 'Ask the owner of the host: the policy is in policy.yaml there.'});
	}

	const workspace = await places.open(stack);
	const tip = branches.get(branch) ?? null;
	const commit = tip === null ? undefined : await stack.history.readCommit(tip);
	const [surveys, room] = await Promise.all([surveyVolumes(workspace, branch, commit), stack.pool.driver.room()]);
	return {
		volumes: surveys.map(({name: volume, changed, sharedBytes, ownBytes}) => ({
			name: volume, changed, sharedBytes, ownBytes,
		})),
		driver: stack.pool.driver.name,
		path: access.isLimited ? null : stack.pool.path,
		totalBytes: room.totalBytes,
		freeBytes: room.freeBytes,
	};
};

/** All of them, for one connection. */
export const createViews = (agent: Agent, announcements: Announcements): Pick<AgentService, keyof typeof viewMethods> => {
	const places = createPlaces(agent);
	const {watch} = createWatch(agent, places, announcements);
	return {
		history: async params => history(agent, places, params),
		services: async params => services(agent, places, params),
		outline: async params => outline(agent, places, params),
		data: async params => data(agent, places, params),
		watch: async params => watch(params),
	};
};
