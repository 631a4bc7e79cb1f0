/**
What the state says, as the panels and actions ask for it: pure.
*/
import {describeTransfer} from '../../actions/describe-transfer.ts';
import type {ServiceReport} from '../../actions/services.ts';
import type {Transfer} from '../../actions/transfers.ts';
import {clampIndex} from '../draw/viewport.ts';
import type {
	BranchView,
	CommitView,
	Cursor,
	HostView,
	JobView,
	Panel,
	SidePanel,
	StackView,
	State,
	Tab,
} from './state.ts';
import {matcher} from './filter.ts';

export type ListEntry = {readonly id: string};

export const selectedStack = ({stacks, selected}: State): StackView | undefined => stacks.find(stack => stack.id === selected);

/** A line of the list of stacks: a host or one of its stacks. */
export type StackEntry = {readonly id: string; readonly host?: string; readonly stack?: StackView};

const sortBy = <Value>(values: readonly Value[], key: ((value: Value) => string | number) | undefined): readonly Value[] => key === undefined
	? values
	: values.toSorted((a, b) => {
		const [first, second] = [key(a), key(b)];
		return typeof first === 'number' && typeof second === 'number' ? second - first : String(first).localeCompare(String(second));
	});

export const stackEntries = (state: State): readonly StackEntry[] => {
	const matches = matcher(state.filters.stacks);
	return state.hosts.flatMap((host): StackEntry[] => [
		{id: `host ${host.name}`, host: host.name},
		...state.stacks.filter(stack => stack.host === host.name && matches(`${stack.name} ${stack.folder} ${stack.branch ?? ''}`)).map(stack => ({id: stack.id, stack})),
	]);
};

/** How each list can be sorted besides its own order. */
export const sortKeys: Readonly<Record<SidePanel, readonly string[]>> = {
	stacks: [], services: ['name', 'state'], branches: ['name', 'time', 'size'], commits: [],
};

export type ServiceEntry = ServiceReport & {readonly id: string};

export const serviceEntries = (state: State): readonly ServiceEntry[] => {
	const matches = matcher(state.filters.services);
	const services = (selectedStack(state)?.detail?.services ?? []).filter(service => matches(`${service.name} ${service.state} ${service.database ?? ''}`));
	const key = {name: (service: ServiceReport) => service.name, state: (service: ServiceReport) => service.state}[state.sorts.services ?? ''];
	return sortBy(services, key).map(service => ({...service, id: service.name}));
};

export type BranchEntry = BranchView & {readonly id: string};

export const branchEntries = (state: State): readonly BranchEntry[] => {
	const matches = matcher(state.filters.branches);
	const branches = (selectedStack(state)?.detail?.branches ?? []).filter(branch => matches(`${branch.name} ${branch.message ?? ''}`));
	const key = {
		name: (branch: BranchView) => branch.name,
		time: (branch: BranchView) => branch.time === undefined ? 0 : Date.parse(branch.time),
		size: (branch: BranchView) => branch.ownBytes ?? 0,
	}[state.sorts.branches ?? ''];
	return sortBy(branches, key).map(branch => ({...branch, id: branch.name}));
};

/** Commits without a graph where they are filtered: a part of a graph would show ancestry that is not there. */
export const commitEntries = (state: State): readonly CommitView[] => {
	const commits = selectedStack(state)?.detail?.commits ?? [];
	const filter = state.filters.commits ?? '';
	if (filter === '') {
		return commits;
	}

	const matches = matcher(filter);
	return commits.filter(({id, message, branches, tags, kind, branch}) => matches(`${id} ${message} ${branches.join(' ')} ${tags.join(' ')} ${kind} ${branch}`));
};

export const jobEntries = (state: State): ReadonlyArray<JobView & {readonly key: string}> => {
	const matches = matcher(state.filters.jobs);
	return state.jobs.filter(job => matches(`${job.title} ${job.twin} ${job.status}`)).map(job => ({...job, key: String(job.id)}));
};

/** Transfers by what they are of, and how they are. */
export const transferEntries = (state: State): readonly Transfer[] => {
	const matches = matcher(state.filters.transfers);
	return state.transfers.filter(transfer => matches(`${transfer.id} ${describeTransfer(transfer)} ${transfer.state}`));
};

/** The entries of a list by its name, as far as a cursor has to know them. */
export const entriesOf = (state: State, list: string): readonly ListEntry[] => {
	switch (list) {
		case 'stacks': {
			return stackEntries(state);
		}

		case 'services': {
			return serviceEntries(state);
		}

		case 'branches': {
			return branchEntries(state);
		}

		case 'commits': {
			return commitEntries(state);
		}

		case 'jobs': {
			return jobEntries(state).map(({key}) => ({id: key}));
		}

		case 'transfers': {
			return transferEntries(state);
		}

		default: {
			return [];
		}
	}
};

/** Where the cursor of a list is: on the entry it was put on, else as near to its old place as can be. */
export const cursorIndex = (entries: readonly ListEntry[], cursor: Cursor | undefined): number => {
	if (cursor === undefined) {
		return 0;
	}

	const index = entries.findIndex(({id}) => id === cursor.id);
	return index === -1 ? clampIndex(cursor.index, entries.length) : index;
};

const entryAt = <Entry extends ListEntry>(entries: readonly Entry[], cursor: Cursor | undefined): Entry | undefined => entries[cursorIndex(entries, cursor)];

/** Cursors of lists that belong to a stack are kept for each stack. */
export const cursorKey = (state: State, list: string): string => ['stacks', 'jobs', 'transfers'].includes(list) ? list : `${state.selected ?? ''} ${list}`;

export const cursorOf = (state: State, list: string): Cursor | undefined => state.cursors[cursorKey(state, list)];

export const currentStackEntry = (state: State): StackEntry | undefined => {
	const entries = stackEntries(state);
	const cursor = cursorOf(state, 'stacks') ?? {id: state.selected, index: 1};
	return entryAt(entries, cursor);
};

/** The host under the cursor of the list of stacks. */
export const currentHost = (state: State): HostView | undefined => {
	const name = currentStackEntry(state)?.host;
	return name === undefined ? undefined : state.hosts.find(host => host.name === name);
};

export const currentService = (state: State): ServiceEntry | undefined => entryAt(serviceEntries(state), cursorOf(state, 'services'));

export const currentBranch = (state: State): BranchEntry | undefined => entryAt(branchEntries(state), cursorOf(state, 'branches'));

export const currentCommit = (state: State): CommitView | undefined => entryAt(commitEntries(state), cursorOf(state, 'commits'));

export const currentJob = (state: State): JobView | undefined => jobEntries(state)[cursorIndex(entriesOf(state, 'jobs'), cursorOf(state, 'jobs'))];

/** The transfer under the cursor of their tab. */
export const currentTransfer = (state: State): Transfer | undefined => entryAt(transferEntries(state), cursorOf(state, 'transfers'));

/** Whether a tab is a list, with a cursor in it. */
export const isListTab = (tab: string): boolean => tab === 'jobs' || tab === 'transfers';

/** The side panel whose selection the main pane shows. */
export const sidePanelOf = (state: State): SidePanel => state.focus === 'main' ? state.lastSide : state.focus;

export const activeTab = (state: State): Tab => state.tabs[sidePanelOf(state)];

/** The list that `/` filters, moving keys move in, and `o` sorts. The main pane's is that of its tab. */
export const activeList = (state: State): string => state.focus === 'main' ? activeTab(state) : state.focus;

export const runningJobs = ({jobs}: State): readonly JobView[] => jobs.filter(job => job.status === 'running');

/** The services whose logs are shown: the one under the cursor while the services have the main pane, else all. */
export const shownLogServices = (state: State): readonly string[] | undefined => {
	const service = sidePanelOf(state) === 'services' ? currentService(state) : undefined;
	return service === undefined ? undefined : [service.name];
};

export const isProduction = (state: State): boolean => {
	const stack = selectedStack(state);
	return stack !== undefined && state.hosts.some(host => host.name === stack.host && host.production);
};

/** What the tab of a commit shows. */
export type DiffRequest = {readonly from: string; readonly to?: string};

export const diffKey = (stack: string, {from, to}: DiffRequest): string => `${stack} ${from}..${to ?? 'live'}`;

export const scrollKey = (state: State): string => `${state.selected ?? ''} ${activeTab(state)}`;

export const panelOrder: readonly Panel[] = ['stacks', 'services', 'branches', 'commits', 'main'];
