/**
Which other host a verb is for: the one under the cursor, else the one that a branch came from, else the only one, else the one that is chosen.
*/
import {openWorkspace} from '../../actions/workspace/open-workspace.ts';
import {
	currentBranch,
	currentStackEntry,
	sidePanelOf,
} from '../state/select.ts';
import {
	localHost,
	type HostView,
	type StackView,
	type State,
} from '../state/state.ts';
import type {Tools} from './action.ts';

export const otherHosts = ({hosts}: State): readonly HostView[] => hosts.filter(({name}) => name !== localHost);

/** Why nothing can be done with another host. */
export const needsHost = (state: State): string | undefined => otherHosts(state).length === 0 ? 'No other host is known: `A` in the list of stacks adds one.' : undefined;

/** The host that the cursor of the list of stacks is on, or on one of whose stacks it is. */
export const hostUnderCursor = (state: State): string | undefined => {
	const entry = sidePanelOf(state) === 'stacks' ? currentStackEntry(state) : undefined;
	const name = entry?.host ?? entry?.stack?.host;
	return name === localHost ? undefined : name;
};

/** A branch of another host under the cursor of the branches. A host's name has no slash. */
export const remoteUnderCursor = (state: State): {readonly host: string; readonly branch: string} | undefined => {
	const branch = sidePanelOf(state) === 'branches' ? currentBranch(state) : undefined;
	if (branch?.isRemote !== true) {
		return undefined;
	}

	const slash = branch.name.indexOf('/');
	return {host: branch.name.slice(0, slash), branch: branch.name.slice(slash + 1)};
};

/** The host that a branch came from. */
export const upstreamHost = async (stack: StackView, branch: string | undefined): Promise<string | undefined> => {
	const {history} = await openWorkspace({directory: stack.folder});
	const upstreams = await history.upstreams();
	return upstreams.get(branch ?? stack.branch ?? '')?.host;
};

/** How a host is shown where one has to be chosen. */
export const hostDetail = ({address, production, status}: HostView): string => [
	...address === undefined ? [] : [address],
	...production ? ['production'] : [],
	...status === 'stale' ? ['could not be reached lately'] : [],
].join(', ');

/** @returns `undefined` where the user went back. */
export const chooseHost = async ({store, ask}: Tools, title: string, wished?: string): Promise<string | undefined> => {
	const hosts = otherHosts(store.getState());
	const found = hosts.find(({name}) => name === wished) ?? (hosts.length === 1 ? hosts[0] : undefined);
	return found === undefined ? ask.choose(title, hosts.map(host => ({id: host.name, label: host.name, detail: hostDetail(host)}))) : found.name;
};
