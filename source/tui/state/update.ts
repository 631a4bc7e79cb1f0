/**
New states from old ones: moving, focus, tabs, zoom, filters. Pure.
*/
import {clampIndex} from '../draw/viewport.ts';
import {
	activeList,
	activeTab,
	cursorIndex,
	cursorKey,
	cursorOf,
	entriesOf,
	isListTab,
	panelOrder,
	scrollKey,
	sidePanelOf,
	sortKeys,
} from './select.ts';
import {
	localHost,
	sidePanels,
	tabs,
	type HostView,
	type JobView,
	type Panel,
	type SidePanel,
	type StackDetail,
	type StackView,
	type State,
	type Tab,
} from './state.ts';

export type Change = (state: State) => State;

/** Puts the cursor of a list on one of its entries. */
export const placeCursor = (list: string, index: number): Change => state => {
	const entries = entriesOf(state, list);
	const place = clampIndex(index, entries.length);
	const id = entries[place]?.id;
	const moved = {...state, cursors: {...state.cursors, [cursorKey(state, list)]: {id, index: place}}};
	// The stack under the cursor is the one whose panels are shown.
	return list === 'stacks' && id !== undefined && state.stacks.some(stack => stack.id === id) && id !== state.selected ? selectStack(id)(moved) : moved;
};

export const moveCursor = (list: string, by: number): Change => state =>
	placeCursor(list, cursorIndex(entriesOf(state, list), cursorOf(state, list) ?? (list === 'stacks' ? {id: state.selected, index: 1} : undefined)) + by)(state);

const followed = ({logs: {end: _end, ...logs}}: State): State['logs'] => logs;

/** Shows the logs up to a line; whoever gets to the end follows again. */
export const showLogsUntil = (end: number): Change => state => {
	const {first, end: newest} = state.logRange;
	return {...state, logs: end >= newest ? followed(state) : {...state.logs, end: Math.max(first + 1, end)}};
};

export const selectStack = (id: string | undefined): Change => state => ({
	...state, selected: id, scroll: {}, logs: followed(state), comparedToLive: undefined,
});

/** Scrolls the main pane, up for less than nothing. Drawing keeps it within its content. */
export const scrollMain = (by: number): Change => state => {
	if (activeTab(state) === 'logs') {
		return showLogsUntil((state.logs.end ?? state.logRange.end) + by)(state);
	}

	const key = scrollKey(state);
	return {...state, scroll: {...state.scroll, [key]: Math.max(0, (state.scroll[key] ?? 0) + by)}};
};

/** Moves in whatever has the focus. */
export const move = (by: number): Change => state => {
	const list = activeList(state);
	return isListTab(list) || state.focus !== 'main' ? moveCursor(list, by)(state) : scrollMain(by)(state);
};

export const moveToEnd = (end: 'first' | 'last'): Change => state => {
	const list = activeList(state);
	if (isListTab(list) || state.focus !== 'main') {
		return placeCursor(list, end === 'first' ? 0 : Infinity)(state);
	}

	return list === 'logs' ? showLogsUntil(end === 'first' ? 0 : Infinity)(state) : {...state, scroll: {...state.scroll, [scrollKey(state)]: end === 'first' ? 0 : Infinity}};
};

/** Keeps what was scrolled within what there is, once that is known. */
export const clampScroll = (key: string, most: number): Change => state => (state.scroll[key] ?? 0) > most
	? {...state, scroll: {...state.scroll, [key]: Math.max(0, most)}}
	: state;

export const focusPanel = (panel: Panel): Change => state => panel === state.focus
	? state
	: {
		...state, focus: panel, lastFocus: state.focus, lastSide: panel === 'main' ? sidePanelOf(state) : panel,
	};

export const focusBy = (by: 1 | -1): Change => state => {
	const index = panelOrder.indexOf(state.focus);
	return focusPanel(panelOrder[(index + by + panelOrder.length) % panelOrder.length]!)(state);
};

export const focusSide = (): Change => state => state.focus === 'main' ? focusPanel(state.lastSide)(state) : focusPanel(sidePanels[Math.max(0, sidePanels.indexOf(state.focus) - 1)]!)(state);

export const showTab = (tab: Tab): Change => state => ({...state, tabs: {...state.tabs, [sidePanelOf(state)]: tab}});

export const tabBy = (by: 1 | -1): Change => state => showTab(tabs[(tabs.indexOf(activeTab(state)) + by + tabs.length) % tabs.length]!)(state);

export const zoomBy = (by: 1 | -1): Change => state => ({...state, zoom: Math.max(0, Math.min(2, state.zoom + by)) as State['zoom']});

export const setFilter = (list: string, text: string): Change => state => ({...state, filters: {...state.filters, [list]: text}, logs: list === 'logs' ? followed(state) : state.logs});

/** The next way to sort the list that has the focus; its own order after the last. */
export const sortNext = (): Change => state => {
	const list = activeList(state) as SidePanel;
	const keys = ['', ...(sortKeys as Readonly<Record<string, readonly string[] | undefined>>)[list] ?? []];
	const next = keys[(keys.indexOf(state.sorts[list] ?? '') + 1) % keys.length]!;
	return {...state, sorts: {...state.sorts, [list]: next}};
};

/** One step back: out of a filter, a zoom, the main pane. */
export const goBack = (): Change => state => {
	const list = activeList(state);
	if ((state.filters[list] ?? '') !== '') {
		return setFilter(list, '')(state);
	}

	if (state.zoom > 0) {
		return {...state, zoom: 0};
	}

	return state.focus === 'main' ? focusPanel(state.lastSide)(state) : state;
};

/** Puts what was read of a stack in its place. */
export const putStack = (id: string, change: Partial<StackView>): Change => state => ({
	...state, stacks: state.stacks.map(stack => stack.id === id ? {...stack, ...change} : stack),
});

export const putDetail = (id: string, change: Partial<StackDetail>): Change => state => ({
	...state, stacks: state.stacks.map(stack => stack.id === id && stack.detail !== undefined ? {...stack, detail: {...stack.detail, ...change}} : stack),
});

/** The stacks of a host as they are listed now; what is known of each stays. */
export const putStacks = (listed: readonly StackView[], wanted: string | undefined, host: string = localHost): Change => state => {
	const own = listed.map(stack => {
		const known = state.stacks.find(other => other.id === stack.id);
		return known?.isUntaken === stack.isUntaken
			? {
				...known, ...stack, detail: known.detail, readAt: known.readAt,
			}
			: stack;
	});

	// In the order of the hosts, this one first.
	const order = state.hosts.map(({name}) => name);
	const others = state.stacks.filter(stack => stack.host !== host);
	const stacks = [...own, ...others].toSorted((a, b) => order.indexOf(a.host) - order.indexOf(b.host));
	const isThere = stacks.some(stack => stack.id === state.selected);
	const next = {...state, stacks, ...(host === localHost && {isLoaded: true})};
	// What another host has is shown when it is gone to.
	const stays = isThere || (host !== localHost && state.selected === undefined);
	return stays ? next : selectStack(stacks.find(stack => stack.id === wanted)?.id ?? stacks[0]?.id)(next);
};

/** The other hosts as they are listed now; what is known of each stays. Stacks of hosts that were forgotten go. */
export const putHosts = (listed: readonly HostView[]): Change => state => {
	const hosts = [
		...state.hosts.filter(({name}) => name === localHost),
		...listed.map(host => {
			const known = state.hosts.find(({name, address, kind}) => name === host.name && address === host.address && kind === host.kind);
			return known === undefined ? host : {...known, production: known.production || host.production};
		}),
	];
	let next: State = {...state, hosts};
	for (const {name} of state.hosts) {
		if (hosts.every(host => host.name !== name)) {
			next = putStacks([], undefined, name)(next);
		}
	}

	return next;
};

/** Puts what was learned of a host in its place. */
export const putHost = (name: string, change: Partial<HostView>): Change => state => ({
	...state, hosts: state.hosts.map(host => host.name === name ? {...host, ...change} : host),
});

const jobsKept = 200;

export const putJob = (job: JobView): Change => state => {
	const isKnown = state.jobs.some(other => other.id === job.id);
	return {...state, jobs: isKnown ? state.jobs.map(other => other.id === job.id ? job : other) : [job, ...state.jobs].slice(0, jobsKept)};
};

export const changeJob = (id: number, change: (job: JobView) => Partial<JobView>): Change => state => ({
	...state, jobs: state.jobs.map(job => job.id === id ? {...job, ...change(job)} : job),
});
