/**
Runs the sources that what is on the screen asks for: those of the stack that is shown, the lines of its logs, what its commits changed.
*/
import {setTimeout as delay} from 'node:timers/promises';
import {diff, type DiffResult} from '../../actions/diff.ts';
import {openWorkspace} from '../../actions/workspace/open-workspace.ts';
import type {Home} from '../../host/home.ts';
import type {Measure} from '../../history/history.ts';
import {describeError} from '../../system/describe-error.ts';
import {workOnStack} from '../jobs/stack-work.ts';
import {dataMark} from '../state/data-state.ts';
import {diffRequest} from '../state/diff-request.ts';
import {
	activeTab,
	diffKey,
	selectedStack,
	shownLogServices,
	sidePanelOf,
} from '../state/select.ts';
import {isLocal, localHost, type State} from '../state/state.ts';
import type {Store} from '../state/store.ts';
import {coalesce} from './coalesce.ts';
import type {HostSource} from './host-source.ts';
import {createHostsSource} from './hosts-source.ts';
import {createLogRing} from './log-ring.ts';
import {createLogView, type LogView} from './log-view.ts';
import {createStackSource, type StackSource} from './stack-source.ts';
import {createStacksSource} from './stacks-source.ts';
import {createDriftSource} from './drift-source.ts';
import {createTransfersSource} from './transfers-source.ts';

export type Controller = {
	readonly logs: LogView;

	/** Reads what is shown again; with a folder, lists the stacks again and shows that one. */
	refresh(folder?: string): void;
	countBranches(): void;

	/** Reads which services of the stack that is shown run. Returns once that is known, or after some seconds. Left out where what is shown is made up. */
	readonly readServices?: () => Promise<void>;

	/** Leaves a host alone; what it returns takes it up again. */
	leaveHost(name: string): () => void;
	stop(): void;

	/** After it was stopped: returns once what is kept for the next time is written. Left out where nothing is. */
	readonly settled?: () => Promise<void>;
};

/** Loaded where there is another host. */
const checkDiff = async (answer: unknown, host: string): Promise<DiffResult> => {
	const {readDiff} = await import('./remote-diff.ts');
	return readDiff(answer, host);
};

/** Services that take longer to be read are taken as they were last known. */
const servicesPatience = 5000;

const listedFiles = 300;
const measuredCommits = 60;

/** What the lines of logs that are shown depend on. */
const logKey = (state: State): string => JSON.stringify([state.selected, shownLogServices(state), state.filters.logs ?? '', state.logVersion]);

export const createController = ({store, home, directory}: {readonly store: Store; readonly home: Home; readonly directory: string}): Controller => {
	const ring = createLogRing();
	const logs = createLogView(ring);
	const stacks = createStacksSource({store, home, directory});
	const transfers = createTransfersSource({store, home});
	const drift = createDriftSource({store});
	let source: {readonly id: string; readonly source: StackSource; readonly host?: HostSource | undefined} | undefined;
	let shownLogs = '';
	let counted = '';
	let measured = '';

	const followStack = (state: State): void => {
		const stack = selectedStack(state);
		const id = stack === undefined || stack.isUntaken ? undefined : stack.id;
		const host = stack === undefined || isLocal(stack) ? undefined : hosts.get(stack.host);
		if (source?.id === id && source?.host === host) {
			return;
		}

		source?.source.stop();
		if (source?.id !== id) {
			ring.clear();
		}

		source = undefined;
		if (stack === undefined || id === undefined) {
			return;
		}

		const opened = isLocal(stack) ? createStackSource({store, stack, ring}) : hosts.open(stack, ring);
		source = opened === undefined ? undefined : {id, source: opened, host};
	};

	const hosts = createHostsSource({
		store, home, onChange() {
			followStack(store.getState());
		},
	});

	const showLogs = (state: State): void => {
		const key = logKey(state);
		if (key === shownLogs) {
			return;
		}

		shownLogs = key;
		logs.update(shownLogServices(state), state.filters.logs ?? '');
		store.setState({logRange: {first: logs.first, end: logs.end}});
	};

	/** Of what data the comparisons with live data are; their place in memory names the moment they were walked. */
	const seen = new WeakMap<object, Set<string>>();
	const compare = coalesce(async () => {
		const state = store.getState();
		const stack = selectedStack(state);
		const tab = activeTab(state);
		const request = tab === 'commit' || tab === 'definition' ? diffRequest(state) : undefined;
		if (request === undefined || stack?.detail === undefined) {
			return;
		}

		const key = diffKey(stack.id, request);
		const known = state.diffs[key];
		const moment = stack.detail.volumes;
		const isFresh = request.to === undefined ? seen.get(moment)?.has(key) === true : known !== undefined;
		if (isFresh) {
			return;
		}

		seen.set(moment, (seen.get(moment) ?? new Set()).add(key));
		if (known === undefined) {
			store.setState(({diffs}) => ({diffs: {...diffs, [key]: 'loading'}}));
		}

		try {
			const {from, to} = request;
			const answer = await workOnStack(state, stack, {
				words: ['diff', from, ...to === undefined ? [] : [to], `--limit=${listedFiles}`],
				run: async workspace => diff(workspace, {...request, limit: listedFiles}),
			});
			const found = isLocal(stack) ? answer : await checkDiff(answer, stack.host);
			store.setState(({diffs}) => ({diffs: {...diffs, [key]: found}}));
		} catch (error) {
			const {message, hint} = describeError(error);
			store.setState(({diffs}) => ({diffs: {...diffs, [key]: {message, ...(hint !== undefined && {hint})}}}));
		}
	}, 100);

	const measure = coalesce(async () => {
		const state = store.getState();
		const stack = selectedStack(state);
		if (stack?.detail === undefined || !isLocal(stack)) {
			return;
		}

		const {history} = await openWorkspace({directory: stack.folder});
		const wanted = stack.detail.commits.filter(({kind, id}) => kind === 'commit' && state.measures[id] === undefined).slice(0, measuredCommits);
		const found: Record<string, Measure> = {};
		for (const {id} of wanted) {
			const known = await history.readMeasure(id);
			if (known !== undefined) {
				found[id] = known;
			}
		}

		store.setState(({measures}) => ({measures: {...measures, ...found}}));
	}, 100);

	const countWhatIsShown = (state: State): void => {
		const stack = selectedStack(state);
		const isStats = activeTab(state) === 'stats';
		if (stack?.detail === undefined || !(isStats || sidePanelOf(state) === 'branches')) {
			return;
		}

		const tips = stack.detail.branches.map(({name, tip}) => `${name}${tip ?? ''}`).join(' ');
		const key = `${stack.id} ${dataMark(stack.branch, stack.detail)} ${tips}`;
		if (key !== counted) {
			counted = key;
			source?.source.countBranches();
		}

		if (!isStats || key === measured) {
			return;
		}

		measured = key;
		measure.ask();
	};

	const unsubscribe = store.subscribe((state, before) => {
		if (state.selected !== before.selected || state.stacks !== before.stacks) {
			followStack(state);
		}

		showLogs(state);
		countWhatIsShown(state);
		const tab = activeTab(state);
		if ((tab === 'commit' || tab === 'definition') && (state.cursors !== before.cursors || state.stacks !== before.stacks || state.tabs !== before.tabs
			|| state.focus !== before.focus || state.comparedToLive !== before.comparedToLive || state.selected !== before.selected)) {
			compare.ask();
		}
	});

	void stacks.refresh();
	return {
		logs,
		refresh(folder) {
			if (folder === undefined) {
				source?.source.refresh();
				if (selectedStack(store.getState())?.host !== localHost) {
					hosts.refresh();
				}
			}

			void (async () => {
				await stacks.refresh(folder);
				const stack = store.getState().stacks.find(known => isLocal(known) && known.folder === folder);
				if (stack !== undefined) {
					store.setState({selected: stack.id});
				}
			})();
		},
		countBranches() {
			source?.source.countBranches();
		},
		async readServices() {
			const late = new AbortController();
			try {
				await Promise.race([source?.source.readServices(), delay(servicesPatience, undefined, {signal: late.signal})]);
			} finally {
				late.abort();
			}
		},
		leaveHost: name => hosts.leave(name),
		stop() {
			unsubscribe();
			source?.source.stop();
			stacks.stop();
			hosts.stop();
			transfers.stop();
			drift.stop();
			compare.stop();
			measure.stop();
		},
		settled: async () => hosts.settled(),
	};
};
