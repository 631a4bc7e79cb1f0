/**
Keeps what is shown of one stack of another host true: reads it when the host answers, and after that what has changed, part by part. While the host is away
what was known stays.
*/
import {z} from 'zod';
import type {ServiceReport} from '../../actions/services.ts';
import {followLogsThere, runVerbThere, type StackThere} from '../../actions/hosts/verb-there.ts';
import type {VolumeStatus} from '../../actions/status.ts';
import {isUnknownMethod} from '../../host/agent-session.ts';
import type {ChangePart} from '../../host/view-methods.ts';
import type {Home} from '../../host/home.ts';
import {monotonicNow} from '../../system/clock.ts';
import {CoppiceError} from '../../system/errors.ts';
import type {Problem, StackDetail, StackView} from '../state/state.ts';
import {
	dataMark,
	keepCounts,
	withCounts,
	withLiveData,
} from '../state/data-state.ts';
import {activeTab} from '../state/select.ts';
import type {Store} from '../state/store.ts';
import {putDetail, putStack} from '../state/update.ts';
import {coalesce} from './coalesce.ts';
import {followLogs} from './follow-logs.ts';
import type {HostSource} from './host-source.ts';
import type {LogRing} from './log-ring.ts';
import {problemOf} from './problem.ts';
import {createRemoteHistory} from './remote-history.ts';
import type {StackSource} from './stack-source.ts';

/** As in `stack-source.ts`: a walk over data must not take more than about a hundredth of the time. */
const leastPause = 5000;
const pauseFactor = 120;

/** Services that are not ready yet are asked again. */
const retryMilliseconds = 2000;

const nothing: Omit<StackDetail, 'head' | 'branches' | 'commits' | 'graph' | 'tags' | 'damaged'> = {
	services: [], volumes: [], definition: [], composeFiles: [], databases: {}, notices: [], pool: {
		driver: '', path: '', totalBytes: 0, freeBytes: 0,
	},
};

const branchesSchema = z.array(z.object({
	name: z.string(), changed: z.boolean(), ownBytes: z.number(), sharedBytes: z.number(),
}));

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** What a part can't be told for: an engine that is too old, or a policy; neither is a failure of the stack. */
const isWithheld = (error: unknown): boolean => isUnknownMethod(error) || (error instanceof CoppiceError && error.code === 'permission');

export const createRemoteStackSource = ({store, home, host, stack, ring}: {
	readonly store: Store;
	readonly home: Home;
	readonly host: HostSource;
	readonly stack: StackView;
	readonly ring: LogRing;
}): StackSource => {
	const {id, name} = stack;
	const controller = new AbortController();
	const {signal} = controller;
	const history = createRemoteHistory(host, name, store.getState().isAscii);
	let timer: NodeJS.Timeout | undefined;
	let retry: NodeJS.Timeout | undefined;
	let isFollowing = false;
	const view = (): StackView | undefined => store.getState().stacks.find(known => known.id === id);

	/** What is said of the data goes by this; `undefined` while nothing is known. */
	const mark = (): string | undefined => {
		const known = view();
		return known?.detail === undefined ? undefined : dataMark(known.branch, known.detail);
	};

	const withheld = new Map<string, string>();

	/** What the engine there does not know: not asked again over this connection. */
	const unknown = new Set<string>();
	let told: readonly string[] = [];

	/** Why a part is not shown stands among the notes of the stack. */
	const notices = (): readonly string[] => [...new Set([...told, ...withheld.values()])];
	const note = (part: string, sentence: string | undefined): void => {
		if (withheld.get(part) === sentence) {
			return;
		}

		if (sentence === undefined) {
			withheld.delete(part);
		} else {
			withheld.set(part, sentence);
		}

		store.setState(putDetail(id, {notices: notices()}));
	};

	/** What went wrong, by the part that could not be read: each is over when that part was read again. */
	const problems = new Map<string, Problem>();
	const firstProblem = (): Problem | undefined => problems.values().next().value;

	/** A host that is away says so beside its name. */
	const guarded = (part: string, work: () => Promise<void>) => async (): Promise<void> => {
		if (signal.aborted || !host.isOnline() || unknown.has(part)) {
			return;
		}

		const before = firstProblem();
		try {
			await work();
			problems.delete(part);
			note(part, undefined);
		} catch (error) {
			if (signal.aborted || !host.isOnline()) {
				return;
			}

			problems.delete(part);
			if (isWithheld(error)) {
				const {message} = problemOf(error);
				if (isUnknownMethod(error)) {
					unknown.add(part);
				}

				note(part, isUnknownMethod(error) ? `The engine on ${host.record.name} is too old to tell of ${part}: \`coppice host add\` puts this version there.` : message);
			} else {
				problems.set(part, problemOf(error));
			}
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

	const readHistory = guarded('its history', async () => {
		const {branch, ...part} = await history.read();
		if (signal.aborted) {
			return;
		}

		const before = view()?.detail;
		const isStill = mark() === dataMark(branch, part);
		const {changed, measuredAt, ...kept} = before ?? {...nothing, changed: undefined, measuredAt: undefined};
		store.setState(putStack(id, {
			branch,
			readAt: Date.now(),
			problem: firstProblem(),
			detail: {
				...kept,
				...part,
				notices: notices(),
				undo: part.undo,
				redo: part.redo,
				...(changed !== undefined && isStill && {changed, measuredAt}),
				branches: keepCounts(part.branches, before?.branches ?? [], !isStill),
			},
		}));
	});

	/** Counts up with every reading of the services: what one has found is old news once a later one has begun. */
	let readings = 0;

	const readServices = guarded('services', async () => {
		readings++;
		const reading = readings;
		const answer = await host.call('services', {stack: name});
		if (reading !== readings) {
			return;
		}

		const services: ServiceReport[] = answer.services.map(service => ({...service}));
		const databases = Object.fromEntries(services.flatMap(({name: service, database}) => database === undefined ? [] : [[service, database]]));
		if (!isSame(view()?.detail?.services, services)) {
			put({services, databases});
		}

		clearTimeout(retry);
		if (!signal.aborted && services.some(service => !service.ready && (service.state === 'running' || service.state === 'restarting'))) {
			retry = setTimeout(() => {
				services$.ask();
			}, retryMilliseconds);
		}
	});

	const readOutline = guarded('what it is made of', async () => {
		const {runtime, folder, composeFiles, services, notices: found} = await host.call('outline', {stack: name});
		store.setState(putStack(id, {folder: folder ?? '', runtime: runtime ?? ''}));
		told = found;
		put({definition: services, composeFiles, notices: notices()});
	});

	const readData = guarded('the state of its data', async () => {
		clearTimeout(timer);
		const begun = monotonicNow();
		try {
			const shown = mark();
			const {volumes: found, driver, path, totalBytes, freeBytes} = await host.call('data', {stack: name});
			if (mark() !== shown) {
				// A verb has ended meanwhile: these may be the data from before it.
				data$.ask();
				return;
			}

			const volumes = found.map((volume): VolumeStatus => ({...volume, path: ''}));
			const before = view()?.detail;
			put({
				// What is compared with live data goes by whether these are the same.
				...(!isSame(before?.volumes, volumes) && {volumes}),
				branches: withLiveData(before?.branches ?? [], volumes),
				changed: volumes.some(volume => volume.changed),
				measuredAt: Date.now(),
				pool: {
					driver, path: path ?? '', totalBytes, freeBytes,
				},
			});
		} finally {
			if (!signal.aborted) {
				timer = setTimeout(() => {
					data$.ask();
				}, Math.max(leastPause, (monotonicNow() - begun) * pauseFactor));
			}
		}
	});

	const history$ = coalesce(readHistory, 30);
	const services$ = coalesce(readServices, 30);
	const outline$ = coalesce(readOutline, 60);
	const data$ = coalesce(readData, 100);
	const works = [history$, services$, outline$, data$];
	const askAll = (): void => {
		unknown.clear();
		void (async () => {
			// The others are put beside what it has made.
			await readHistory();
			if (view()?.detail === undefined) {
				return;
			}

			services$.ask();
			outline$.ask();
			data$.ask();
		})();
	};

	const onChanged = (parts: readonly ChangePart[]): void => {
		for (const part of parts) {
			switch (part) {
				case 'history': {
					history$.ask();
					data$.ask();
					break;
				}

				case 'services': {
					services$.ask();
					break;
				}

				case 'definition': {
					outline$.ask();
					services$.ask();
					break;
				}

				default: {
					break;
				}
			}
		}
	};

	const place = (): StackThere => ({
		home, record: host.record, stack: name, canStop: host.isLive(),
	});

	/** Whether this key may run verbs there, and on this stack. */
	const canRun = (): boolean => {
		const shown = store.getState().hosts.find(known => known.name === host.record.name);
		return shown?.status === 'online' && shown.role === undefined && shown.kind === 'ssh' && view()?.hasProject === true;
	};

	const countBranches = async (): Promise<void> => {
		if (!canRun()) {
			return;
		}

		try {
			const shown = mark();
			const listed = branchesSchema.parse(await runVerbThere(place(), ['branch'], {signal}));
			if (mark() !== shown) {
				// A verb has ended meanwhile: these may be the data from before it.
				count$.ask();
				return;
			}

			const known = view()?.detail;
			put({branches: withCounts(known?.branches ?? [], listed, known?.changed !== undefined)});
		} catch {
			// They are shown without their bytes: a host that is away says so beside its name.
		}
	};

	const count$ = coalesce(countBranches, 30);

	/** A process there and here: only for who looks at them. */
	const followWhenLooked = (): void => {
		const state = store.getState();
		if (isFollowing || activeTab(state) !== 'logs' || state.selected !== id || !canRun()) {
			return;
		}

		isFollowing = true;
		void followLogs({
			store,
			ring,
			runtime: {
				async * logs({tail, since}) {
					if (host.isOnline()) {
						yield * followLogsThere(place(), {signal, ...(tail !== undefined && {tail}), ...(since !== undefined && {since})});
					}
				},
			},
			signal,
		});
	};

	const unsubscribe = store.subscribe(followWhenLooked);
	const unfocus = host.focus(name, {onOnline: askAll, onChanged});
	followWhenLooked();
	askAll();
	return {
		refresh() {
			for (const work of works) {
				work.ask();
			}
		},

		countBranches() {
			count$.ask();
		},
		readServices,
		stop() {
			controller.abort();
			unsubscribe();
			unfocus();
			clearTimeout(timer);
			clearTimeout(retry);
			for (const work of [...works, count$]) {
				work.stop();
			}
		},
	};
};
