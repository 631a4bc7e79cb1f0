/**
Keeps what is shown of one stack true: reads it, and again when something happens to it. Events come from its history, its compose files and its
runtime; only what has none is looked at now and then.
*/
import path from 'node:path';
import {surveyVolumes} from '../../actions/baseline.ts';
import {listBranches} from '../../actions/branch.ts';
import {outlineDefinition} from '../../actions/definition/outline-definition.ts';
import {listServices, type ServiceReport} from '../../actions/services.ts';
import type {VolumeStatus} from '../../actions/status.ts';
import {openWorkspace} from '../../actions/workspace/open-workspace.ts';
import type {Workspace} from '../../actions/workspace/workspace.ts';
import {stackRunFolder} from '../../host/home.ts';
import type {ServiceState} from '../../runtime/runtime.ts';
import {monotonicNow} from '../../system/clock.ts';
import type {Store} from '../state/store.ts';
import {putDetail, putStack} from '../state/update.ts';
import {
	dataMark,
	keepCounts,
	withCounts,
	withLiveData,
} from '../state/data-state.ts';
import {selectedStack} from '../state/select.ts';
import type {Problem, StackDetail, StackView} from '../state/state.ts';
import {watchFiles} from '../../system/watch-files.ts';
import {coalesce} from './coalesce.ts';
import {createHistoryReader, type HistoryReader} from './history-reader.ts';
import {followLogs} from './follow-logs.ts';
import type {LogRing} from './log-ring.ts';
import {problemOf} from './problem.ts';
import {sampleUsage} from './sample-usage.ts';

export type StackSource = {
	/** Reads everything again soon. */
	refresh(): void;

	/** Counts what each branch takes on disk, which takes a walk over its data. */
	countBranches(): void;

	/** Reads which services run. Returns once that is known; what can't be read is told as a problem of the stack. */
	readServices(): Promise<void>;
	stop(): void;
};

export type StackSourceOptions = {readonly store: Store; readonly stack: StackView; readonly ring: LogRing};

/** The data have no events. A walk over them must not take more than about a hundredth of the time. */
const leastPause = 3000;
const pauseFactor = 120;

/** Services that are not ready yet are asked again. */
const retryMilliseconds = 2000;

/** A stack that could not be opened is tried again: what it needs may be on its way, as an engine after the start of the machine. */
const reopenMilliseconds = 10_000;

/** The kind of database of each service that has one. */
const databaseNames = ({databases}: Workspace): Record<string, string> => Object.fromEntries(databases.entries().map(([service, {name}]) => [service, name]));

/** What is known of a service before anybody has asked it whether it is ready. */
const fromState = ({status, socket: _socket, declaredPorts: _declared, ...rest}: ServiceState, known: ServiceReport | undefined): ServiceReport => ({
	...rest, state: status, ready: known?.state === status && known.ready, ...(known?.database !== undefined && {database: known.database}),
});

export const createStackSource = ({store, stack: {id, folder}, ring}: StackSourceOptions): StackSource => {
	const controller = new AbortController();
	const {signal} = controller;
	let opened: {readonly workspace: Workspace; readonly reader: HistoryReader; readonly controller: AbortController} | undefined;
	let timer: NodeJS.Timeout | undefined;
	let retry: NodeJS.Timeout | undefined;
	let reopen: NodeJS.Timeout | undefined;

	/** Whether branches were to be counted before the stack could be. */
	let isCountWanted = false;

	const view = (): StackView | undefined => store.getState().stacks.find(stack => stack.id === id);
	const detail = (): StackDetail | undefined => view()?.detail;

	/** What is said of the data goes by this; `undefined` while nothing is known. */
	const mark = (): string | undefined => {
		const known = view();
		return known?.detail === undefined ? undefined : dataMark(known.branch, known.detail);
	};

	/** What went wrong, by the part that could not be read: each is over when that part was read again. */
	const problems = new Map<string, Problem>();
	const firstProblem = (): Problem | undefined => problems.values().next().value;

	const guarded = (part: string, work: () => Promise<void>) => async (): Promise<void> => {
		if (signal.aborted) {
			return;
		}

		const before = firstProblem();
		try {
			await work();
			problems.delete(part);
		} catch (error) {
			problems.set(part, problemOf(error));
		}

		const problem = firstProblem();
		if (problem !== before && !signal.aborted) {
			store.setState(putStack(id, {problem}));
		}
	};

	const put = (change: Partial<StackDetail>): void => {
		if (!signal.aborted) {
			store.setState(putDetail(id, change));
		}
	};

	const readHistory = guarded('history', async () => {
		if (opened === undefined) {
			return;
		}

		const {branch, ...part} = await opened.reader.read();
		const isMoved = mark() !== dataMark(branch, part);
		put({
			...part,
			undo: part.undo,
			redo: part.redo,
			branches: keepCounts(part.branches, detail()?.branches ?? [], isMoved),
			...(isMoved && {changed: undefined}),
		});
		store.setState(putStack(id, {branch, readAt: Date.now(), problem: firstProblem()}));
	});

	/** Counts up with every reading of the services: what one has found is old news once a later one has begun. */
	let readings = 0;

	const readStates = async (workspace: Workspace): Promise<number> => {
		readings++;
		const reading = readings;
		const states = await workspace.runtime.states();
		if (reading === readings) {
			const known = new Map((detail()?.services ?? []).map(service => [service.name, service]));
			put({services: states.map(state => fromState(state, known.get(state.name)))});
		}

		return reading;
	};

	const readServices = guarded('services', async () => {
		if (opened === undefined) {
			return;
		}

		const {workspace} = opened;
		const reading = await readStates(workspace);
		const services = await listServices(workspace);
		if (reading !== readings) {
			services$.ask();
			return;
		}

		put({services, notices: [...workspace.stack.notices, ...workspace.notices, ...workspace.runtime.notices()]});
		clearTimeout(retry);
		if (!signal.aborted && services.some(service => !service.ready && (service.state === 'running' || service.state === 'restarting'))) {
			retry = setTimeout(() => {
				services$.ask();
			}, retryMilliseconds);
		}
	});

	/** Walks the data, and sees to it that they are walked again. */
	const readData = guarded('data', async () => {
		if (opened === undefined) {
			return;
		}

		clearTimeout(timer);
		const begun = monotonicNow();
		try {
			const {workspace} = opened;
			const {history, pool} = workspace;
			const whereFrom = async () => {
				const [branch, branches] = await Promise.all([history.currentBranch(), history.branches()]);
				return {branch, tip: branches.get(branch) ?? null};
			};

			const shown = mark();
			const {branch, tip} = await whereFrom();
			const commit = tip === null ? undefined : await history.readCommit(tip);
			const [surveys, room] = await Promise.all([surveyVolumes(workspace, branch, commit), pool.driver.room()]);
			const after = await whereFrom();
			if (mark() !== shown || after.branch !== branch || after.tip !== tip) {
				// A verb has ended meanwhile: these may be the data from before it.
				data$.ask();
				return;
			}

			put({
				branches: withLiveData(detail()?.branches ?? [], surveys),
				volumes: surveys.map(({name, changed, sharedBytes, ownBytes}): VolumeStatus => ({
					name, path: pool.driver.branchData({stack: workspace.stack.name, volume: name}, branch), changed, sharedBytes, ownBytes,
				})),
				changed: surveys.some(survey => survey.changed),
				measuredAt: Date.now(),
				pool: {driver: pool.driver.name, path: pool.path, ...room},
			});
		} finally {
			if (!signal.aborted) {
				timer = setTimeout(() => {
					data$.ask();
				}, Math.max(leastPause, (monotonicNow() - begun) * pauseFactor));
			}
		}
	});

	const history$ = coalesce(readHistory, 50);
	const services$ = coalesce(readServices, 50);
	const data$ = coalesce(readData, 100);

	const openOnce = guarded('open', async () => {
		const workspace = await openWorkspace({directory: folder});
		if (signal.aborted) {
			return;
		}

		opened?.controller.abort();
		const inner = new AbortController();
		const reader = createHistoryReader(workspace.history, store.getState().isAscii);
		opened = {workspace, reader, controller: inner};
		const {stack, history, runtime, pool, home} = workspace;
		const both = AbortSignal.any([signal, inner.signal]);
		const [{branch, ...part}, states] = await Promise.all([reader.read(), runtime.states()]);
		const before = detail();
		const isStill = mark() === dataMark(branch, part);
		const known = new Map((before?.services ?? []).map(service => [service.name, service]));
		store.setState(putStack(id, {
			branch,
			problem: undefined,
			readAt: Date.now(),
			detail: {
				volumes: before?.volumes ?? [],
				pool: before?.pool ?? {
					driver: pool.driver.name, path: pool.path, totalBytes: 0, freeBytes: 0,
				},
				...(isStill && before?.changed !== undefined && {changed: before.changed, measuredAt: before.measuredAt}),
				...part,
				branches: keepCounts(part.branches, before?.branches ?? [], !isStill),
				services: states.map(state => fromState(state, known.get(state.name))),
				definition: outlineDefinition(workspace.stack),
				composeFiles: stack.composeFiles,
				databases: databaseNames(workspace),
				notices: [...stack.notices, ...workspace.notices],
			},
		}));
		const onHistory = (): void => {
			history$.ask();
			data$.ask();
		};

		const onRuntime = (): void => {
			services$.ask();
		};

		const watched = [
			// Folders, since files are replaced by renames.
			watchFiles([history.folder], onHistory, {signal: both, depth: 0}),
			watchFiles([path.join(history.folder, 'refs')], onHistory, {signal: both, depth: 3}),
			watchFiles([...stack.composeFiles, path.join(stack.projectFolder, '.env')], () => {
				open$.ask();
			}, {signal: both}),
		];
		if (runtime.name === 'docker') {
			const {watchContainers} = await import('../../runtime/docker/watch-containers.ts');
			void watchContainers(stack.name, {signal: both, onChange: onRuntime});
		} else {
			watched.push(watchFiles([stackRunFolder(home, pool.path, stack.name)], onRuntime, {signal: both}));
		}

		void followLogs({
			store, ring, runtime, signal: both,
		});
		void sampleUsage({
			store, stack: id, signal: both, services: () => detail()?.services ?? [], isShown: () => selectedStack(store.getState())?.id === id,
			// Nobody tells where what watched over it is gone too.
			onGone: onRuntime,
		});
		await Promise.all(watched);
		services$.ask();
		data$.ask();
		if (isCountWanted) {
			count$.ask();
		}
	});
	const tried = Promise.withResolvers<void>();
	const open = async (): Promise<void> => {
		await openOnce();
		tried.resolve();
		if (opened === undefined && !signal.aborted) {
			reopen = setTimeout(() => {
				open$.ask();
			}, reopenMilliseconds);
		}
	};

	const open$ = coalesce(open, 50);

	const countBranches = guarded('branches', async () => {
		if (opened === undefined) {
			isCountWanted = true;
			return;
		}

		isCountWanted = false;
		const shown = mark();
		const listed = await listBranches(opened.workspace);
		if (mark() !== shown) {
			// A verb has ended meanwhile: these may be the data from before it.
			count$.ask();
			return;
		}

		const known = detail();
		put({branches: withCounts(known?.branches ?? [], listed, known?.changed !== undefined)});
	});
	const count$ = coalesce(countBranches, 50);

	open$.ask();
	return {
		refresh() {
			if (opened === undefined) {
				open$.ask();
				return;
			}

			history$.ask();
			services$.ask();
			data$.ask();
		},
		countBranches() {
			count$.ask();
		},
		async readServices() {
			await tried.promise;
			await guarded('services', async () => {
				if (opened !== undefined) {
					await readStates(opened.workspace);
				}
			})();
			services$.ask();
		},
		stop() {
			controller.abort();
			opened?.controller.abort();
			tried.resolve();
			clearTimeout(timer);
			clearTimeout(retry);
			clearTimeout(reopen);
			for (const work of [history$, services$, data$, open$, count$]) {
				work.stop();
			}
		},
	};
};
