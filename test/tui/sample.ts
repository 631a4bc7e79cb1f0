/**
A stack as the terminal UI knows it, for tests of what is drawn of it.
*/
import {usualBindings} from '../../source/tui/keys/key-map.ts';
import {drawGraph} from '../../source/tui/sources/history-reader.ts';
import {createLogRing, type LogRing} from '../../source/tui/sources/log-ring.ts';
import {createLogView} from '../../source/tui/sources/log-view.ts';
import {viewOf, type View} from '../../source/tui/components/view.ts';
import {shownLogServices} from '../../source/tui/state/select.ts';
import {
	initialState,
	type CommitView,
	type StackDetail,
	type StackView,
	type State,
} from '../../source/tui/state/state.ts';

export const now = Date.parse('2026-03-01T12:00:00.000Z');

const ids = ['a', 'b', 'c', 'd'].map(letter => letter.repeat(64));

const commit = (index: number, change: Partial<CommitView>): CommitView => ({
	id: ids[index]!,
	message: `commit number ${index}`,
	time: new Date(now - ((index + 1) * 3_600_000)).toISOString(),
	kind: 'commit',
	branch: 'main',
	consistency: 'quiesced',
	stillMilliseconds: 12,
	volumes: ['data'],
	parents: index + 1 < ids.length ? [ids[index + 1]!] : [],
	branches: [],
	remoteBranches: [],
	tags: [],
	isHead: false,
	isElsewhere: false,
	...change,
});

export const sampleCommits: readonly CommitView[] = [
	commit(0, {branches: ['main'], isHead: true, message: 'load the orders of May'}),
	commit(1, {kind: 'safety', parents: [ids[2]!], message: 'before reset main to cccccccc'}),
	commit(2, {branches: ['dev'], tags: ['v1.2'], remoteBranches: ['staging/main']}),
	commit(3, {}),
];

const sampleDetail: StackDetail = {
	head: ids[0]!,
	services: [
		{
			name: 'db', state: 'running', ready: true, restarts: 0, ports: [{
				address: '127.0.0.1', published: 5544, target: 5432, protocol: 'tcp',
			}], database: 'postgres', connectionString: 'postgres://postgres@127.0.0.1:5544/shop', processId: 4711,
		},
		{
			name: 'web', state: 'failed', ready: false, reason: 'is failed (exit code 3)', restarts: 2, ports: [], exitCode: 3,
		},
	],
	volumes: [{
		name: 'data', path: '/pool/data', changed: true, sharedBytes: 50_000_000, ownBytes: 14_000_000,
	}],
	branches: [
		{
			name: 'main', isCurrent: true, isRemote: false, tip: ids[0]!, message: 'load the orders of May', time: sampleCommits[0]!.time, changed: true, ownBytes: 14_000_000, sharedBytes: 50_000_000,
		},
		{
			name: 'dev', isCurrent: false, isRemote: false, tip: ids[2]!, time: sampleCommits[2]!.time,
		},
		{
			name: 'staging/main', isCurrent: false, isRemote: true, tip: ids[2]!, time: sampleCommits[2]!.time,
		},
	],
	commits: sampleCommits,
	graph: drawGraph([
		{id: ids[0]!, parents: [ids[2]!]}, {id: ids[1]!, parents: [ids[2]!]}, {id: ids[2]!, parents: [ids[3]!]}, {id: ids[3]!, parents: []},
	], false),
	tags: {'v1.2': ids[2]!},
	damaged: 0,
	undo: 'reset main to cccccccc',
	pool: {
		driver: 'btrfs', path: '/pool', totalBytes: 100_000_000_000, freeBytes: 60_000_000_000,
	},
	definition: [{
		name: 'db', image: 'postgres:17', ports: ['127.0.0.1:5544→5432'], mounts: ['data:/var/lib/postgresql/data'], dependsOn: [], environmentNames: ['POSTGRES_PASSWORD'], profiles: [],
	}],
	composeFiles: ['/shop/compose.yaml'],
	databases: {db: 'postgres'},
	notices: [],
	changed: true,
};

export const sampleStack: StackView = {
	id: 'local:/shop', host: 'local', name: 'shop', folder: '/shop', runtime: 'process', branch: 'main', isUntaken: false, detail: sampleDetail, readAt: now,
};

/** Nothing is known yet. */
export const emptyState = (columns = 120, rows = 36): State => initialState({
	terminal: {columns, rows}, theme: 'none', isAscii: false, mouse: true, home: '/home/state', directory: '/work', now,
});

/** One stack is shown. */
export const sampleState = (change: Partial<State> = {}, {columns = 120, rows = 36}: {columns?: number; rows?: number} = {}): State => ({
	...emptyState(columns, rows), isLoaded: true, stacks: [sampleStack], selected: sampleStack.id, ...change,
});

/** How it is drawn: with some lines of logs, without colours unless `theme` says so. */
export const sampleView = (state: State, lines: ReadonlyArray<readonly [string, string]> = []): View => {
	const ring: LogRing = createLogRing();
	for (const [index, [service, text]] of lines.entries()) {
		ring.push({
			service, text, stream: 'stdout', time: new Date(now + (index * 1000)).toISOString(),
		});
	}

	const logs = createLogView(ring);
	logs.update(shownLogServices(state), state.filters.logs ?? '');
	return viewOf(state, {bindings: usualBindings, logs});
};
