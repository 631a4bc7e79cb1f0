/**
The terminal UI on made-up hosts, stacks, commits and logs: what `bench/tui.ts` runs in a terminal. `COPPICE_BENCH_LINES` says how many lines of logs come
a second.
*/
import process from 'node:process';
import {usualBindings} from '../source/tui/keys/key-map.ts';
import {runScreen, sizeOf} from '../source/tui/run-screen.ts';
import {frameMilliseconds} from '../source/tui/sources/follow-logs.ts';
import {drawGraph} from '../source/tui/sources/history-reader.ts';
import {createLogRing} from '../source/tui/sources/log-ring.ts';
import {createLogView} from '../source/tui/sources/log-view.ts';
import {
	initialState,
	type CommitView,
	type StackView,
} from '../source/tui/state/state.ts';
import {shownLogServices} from '../source/tui/state/select.ts';
import {makeStore} from '../source/tui/state/store.ts';
import {drawScreen} from '../source/tui/terminal/draw-screen.ts';

const hostCount = 6;
const stacksOfHost = 10;
const servicesOfStack = 5;
const commitCount = 2000;
const linesPerSecond = Number(process.env.COPPICE_BENCH_LINES ?? 0);
const now = Date.now();

const id = (index: number): string => index.toString(16).padStart(8, '0').repeat(8);

/** A safety commit stands beside the way from the one before it to the one after it. */
const parentOf = (index: number): string => id(Math.min(commitCount - 1, index + ([2, 3].includes(index % 10) ? 2 : 1)));

/** A history with a branch that parts and comes back every tenth commit. */
const commits = Array.from({length: commitCount}, (_, index): CommitView => ({
	id: id(index),
	message: `commit number ${commitCount - index}: what was done to the data`,
	time: new Date(now - (index * 600_000)).toISOString(),
	kind: index % 10 === 3 ? 'safety' : 'commit',
	branch: 'main',
	consistency: 'quiesced',
	stillMilliseconds: 20,
	volumes: ['data'],
	parents: index + 1 >= commitCount ? [] : [parentOf(index)],
	branches: index === 0 ? ['main'] : (index % 50 === 7 ? [`branch-${index}`] : []),
	remoteBranches: [],
	tags: index % 40 === 5 ? [`v${index}`] : [],
	isHead: index === 0,
	isElsewhere: false,
}));

const stacks = Array.from({length: hostCount * stacksOfHost}, (_, index): StackView => ({
	id: `host-${Math.floor(index / stacksOfHost)}:/srv/stack-${index}`,
	host: `host-${Math.floor(index / stacksOfHost)}`,
	name: `stack-${index}`,
	folder: `/srv/stack-${index}`,
	runtime: 'docker',
	branch: 'main',
	isUntaken: false,
	detail: {
		head: id(0),
		services: Array.from({length: servicesOfStack}, (__, service) => ({
			name: `service-${service}`, state: 'running', ready: true, restarts: 0, ports: [{
				address: '127.0.0.1', published: 5000 + service, target: 5432, protocol: 'tcp' as const,
			}], database: 'postgres',
		})),
		volumes: [{
			name: 'data', path: '/data', changed: true, sharedBytes: 1_000_000_000, ownBytes: 14_000_000,
		}],
		branches: commits.filter(({branches}) => branches.length > 0).map(({branches, id: tip, time}) => ({
			name: branches[0]!, isCurrent: branches[0] === 'main', isRemote: false, tip, time, ownBytes: 10_000_000, changed: false,
		})),
		commits,
		graph: index === 0 ? drawGraph(commits, false) : {lines: [], lineOf: []},
		tags: {},
		damaged: 0,
		pool: {
			driver: 'btrfs', path: '/pool', totalBytes: 1e12, freeBytes: 5e11,
		},
		definition: [],
		composeFiles: [],
		databases: {},
		notices: [],
		changed: true,
	},
}));

const store = makeStore({
	...initialState({
		terminal: sizeOf(process.stdout), theme: 'dark', isAscii: false, mouse: true, home: '/', directory: '/', now,
	}),
	isLoaded: true,
	hosts: Array.from({length: hostCount}, (_, index) => ({
		name: `host-${index}`, kind: 'ssh', status: 'online', production: index === 5,
	})),
	stacks,
	selected: stacks[0]!.id,
	focus: 'commits',
	lastSide: 'commits',
	tabs: {
		stacks: 'logs', services: 'logs', branches: 'logs', commits: 'logs',
	},
});

const ring = createLogRing();
const logs = createLogView(ring);
let count = 0;
const timer = linesPerSecond === 0
	? undefined
	: setInterval(() => {
		for (let line = 0; line < linesPerSecond * frameMilliseconds / 1000; line++) {
			count++;
			ring.push({
				service: `service-${count % servicesOfStack}`,
				stream: 'stdout',
				time: new Date().toISOString(),
				text: `${count} request handled: GET /orders/${count * 7919 % 100_003} in ${count % 113} ms, status ${count % 50 === 0 ? 500 : 200} ${count % 200 === 0 ? 'ERROR' : ''}`,
			});
		}

		store.setState(({logVersion}) => ({logVersion: logVersion + 1}));
	}, frameMilliseconds);

const unsubscribe = store.subscribe((state, before) => {
	if (state.logVersion === before.logVersion && state.filters === before.filters && state.cursors === before.cursors) {
		return;
	}

	logs.update(shownLogServices(state), state.filters.logs ?? '');
	if (logs.end !== state.logRange.end || logs.first !== state.logRange.first) {
		store.setState({logRange: {first: logs.first, end: logs.end}});
	}
});

process.exitCode = await runScreen({
	store,
	bindings: usualBindings,
	draw: onCrash => drawScreen({store, parts: {bindings: usualBindings, logs}, onCrash}),
	controller: {
		logs,
		refresh() {},
		countBranches() {},
		leaveHost: () => () => {},
		stop() {
			clearInterval(timer);
			unsubscribe();
		},
	},
});
