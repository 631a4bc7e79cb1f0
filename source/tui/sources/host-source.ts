/**
Keeps what is shown of another host true: one session with the agent there, kept; when it is lost, what was known stays, marked as old, and it is
connected again with growing pauses. The agent tells what changes; one from before that is asked now and then.
*/
import {setTimeout as delay} from 'node:timers/promises';
import pRetry from 'p-retry';
import type {
	AgentMethod,
	ParamsOf,
	ResultOf,
	StackSummary,
} from '../../host/agent-protocol.ts';
import {isUnknownMethod} from '../../host/agent-session.ts';
import type {Home} from '../../host/home.ts';
import type {HostRecord} from '../../host/host.ts';
import {openHost, type Hello} from '../../host/open-host.ts';
import type {ChangePart, Changes} from '../../host/view-methods.ts';
import {CoppiceError} from '../../system/errors.ts';
import {version} from '../../system/version.ts';
import type {HostView, StackView} from '../state/state.ts';
import type {Store} from '../state/store.ts';
import {putHost, putStack, putStacks} from '../state/update.ts';
import {coalesce} from './coalesce.ts';
import type {HostMemory} from './host-memory.ts';
import {problemOf} from './problem.ts';

/** Pauses before a host is tried again, the first and the longest. */
const firstPause = 1000;
const longestPause = 30_000;

/** How often an engine is asked that does not tell what changes. */
export const pollMilliseconds = 2000;

/** An answer that takes longer is none: the engine there hangs. */
const patienceMilliseconds = 60_000;

export const remoteStackId = (host: string, stack: string): string => `${host}:${stack}`;

/** What is told to whoever shows one of its stacks. */
export type StackListener = {
	/** The host answers (again): everything is to be asked anew. */
	onOnline(): void;
	onChanged(parts: readonly ChangePart[]): void;
};

export type HostSource = {
	readonly record: HostRecord;

	/** Whether it is connected now. */
	isOnline(): boolean;

	/** Whether it tells by itself what changes. */
	isLive(): boolean;

	/** @throws CoppiceError `host` while it is not connected; else as the agent says. */
	call<Method extends AgentMethod>(method: Method, params: ParamsOf<Method>): Promise<ResultOf<Method>>;

	/** From now on everything of this stack is told to the listener; until the returned function is called. */
	focus(stack: string, listener: StackListener): () => void;

	/** Lists its stacks again; tries at once to connect where it is not. */
	refresh(): void;
	stop(): void;
};

export const addressOf = ({address, port}: HostRecord): string => port === undefined ? address : `${address}:${port}`;

/** What the list does not tell stays as it was told elsewhere. */
export const toStackView = (record: HostRecord, {name, currentBranch, hasProject}: StackSummary, known: StackView | undefined): StackView => ({
	id: remoteStackId(record.name, name),
	host: record.name,
	name,
	folder: known?.folder ?? '',
	runtime: known?.runtime ?? '',
	isUntaken: false,
	hasProject,
	branch: currentBranch ?? undefined,
});

export const toHostView = (record: HostRecord): HostView => ({
	name: record.name, kind: record.kind, status: 'connecting', production: record.production === true, address: addressOf(record),
});

export const createHostSource = ({store, home, record, memory}: {
	readonly store: Store;
	readonly home: Home;
	readonly record: HostRecord;

	/** Where what it has answered is kept for the next time, if anywhere. */
	readonly memory?: Pick<HostMemory, 'note' | 'leave'>;
}): HostSource => {
	const {name} = record;
	const controller = new AbortController();
	const {signal} = controller;
	const listeners = new Map<string, Set<StackListener>>();
	let isOnline = false;
	let isLive = false;

	/** Its stacks as it has told them over the connection that there is, and when it answered last. */
	let told: readonly StackSummary[] | undefined;
	let seenAt = 0;
	let pause = new AbortController();
	const host = openHost(record, {home, version});

	const put = (change: Partial<HostView>): void => {
		if (!signal.aborted) {
			store.setState(putHost(name, change));
		}
	};

	const call: HostSource['call'] = async (method, params) => {
		if (!isOnline) {
			throw new CoppiceError('host', `${name} can't be reached now.`, {host: name, hint: 'It is tried again by itself.'});
		}

		const late = AbortSignal.timeout(patienceMilliseconds);
		try {
			const answer = await host.call(method, params, {signal: AbortSignal.any([signal, late])});
			seenAt = Date.now();
			put({seenAt});
			return answer;
		} catch (error) {
			if (late.aborted) {
				await host.close();
				throw new CoppiceError('host', `The engine on ${name} did not answer within ${patienceMilliseconds / 1000} s.`, {host: name, hint: 'It is connected again by itself.', cause: error});
			}

			throw error;
		}
	};

	/** A failure of the connection is told by its end; one of the host itself stands beside its name. */
	const guarded = (work: () => Promise<void>) => async (): Promise<void> => {
		if (!isOnline || signal.aborted) {
			return;
		}

		try {
			await work();
		} catch (error) {
			if (isOnline) {
				put({problem: problemOf(error)});
			}
		}
	};

	const tell = (stacks: readonly StackSummary[]): void => {
		told = stacks;
		memory?.note(record, {seenAt, stacks});
	};

	/** It answers no more, or is not asked any more. */
	const endTelling = (): void => {
		if (told === undefined) {
			return;
		}

		memory?.leave(record, {seenAt, stacks: told});
		told = undefined;
	};

	const list$ = coalesce(guarded(async () => {
		const {stacks, incomplete} = await call('stacks', {});
		if (signal.aborted) {
			return;
		}

		const known = new Map(store.getState().stacks.filter(stack => stack.host === name).map(stack => [stack.name, stack]));
		store.setState(putStacks(stacks.map(stack => toStackView(record, stack, known.get(stack.name))), undefined, name));
		put({problem: incomplete === undefined ? undefined : {message: incomplete}});
		tell(stacks);
	}), 50);

	/** Stacks of which only the branch may have changed. */
	const moved = new Set<string>();
	const moved$ = coalesce(guarded(async () => {
		const names = [...moved];
		moved.clear();
		for (const stack of names) {
			const summary = await call('stack', {stack});
			store.setState(putStack(remoteStackId(name, stack), {branch: summary.currentBranch ?? undefined}));
			if (told !== undefined && !signal.aborted) {
				tell(told.map(known => known.name === stack ? summary : known));
			}
		}
	}), 50);

	const watch$ = coalesce(guarded(async () => {
		if (isLive) {
			await call('watch', {focus: listeners.keys().toArray()});
		}
	}), 50);

	host.onChanged((changes: Changes) => {
		for (const {stack, parts} of changes) {
			const shown = stack === null ? undefined : listeners.get(stack);
			if (stack === null) {
				list$.ask();
			} else if (shown === undefined) {
				moved.add(stack);
				moved$.ask();
			} else {
				for (const listener of shown) {
					listener.onChanged(parts);
				}
			}
		}
	});

	const tellAll = (parts?: readonly ChangePart[]): void => {
		for (const listener of listeners.values().flatMap(all => all.values())) {
			if (parts === undefined) {
				listener.onOnline();
			} else {
				listener.onChanged(parts);
			}
		}
	};

	/** Whether it knows `watch`. What is in focus by then is watched from now on. */
	const startWatching = async (): Promise<boolean> => {
		try {
			await call('watch', {focus: listeners.keys().toArray()});
			return true;
		} catch (error) {
			if (isUnknownMethod(error)) {
				return false;
			}

			throw error;
		}
	};

	const poll = async (over: AbortSignal): Promise<void> => {
		while (!over.aborted) {
			await delay(pollMilliseconds, undefined, {signal: over}).catch(() => {});
			if (over.aborted) {
				continue;
			}

			list$.ask();
			tellAll(['history', 'services']);
		}
	};

	const greet = ({production, role, version: theirs}: Hello): void => {
		put({
			status: 'online',
			seenAt: Date.now(),
			problem: undefined,
			version: theirs,
			production: record.production === true || production,
			role: role ?? undefined,
		});
	};

	const lose = (error: unknown): void => {
		put({status: 'stale', problem: problemOf(error)});
	};

	/** One connection, from its beginning to its end. */
	const serve = async (hello: Hello, ended: Promise<CoppiceError>): Promise<void> => {
		isOnline = true;
		greet(hello);
		const over = new AbortController();
		try {
			isLive = await startWatching();
			put({isLive});
			list$.ask();
			tellAll();
			if (!isLive) {
				void poll(over.signal);
			}

			const failure = await ended;
			seenAt = Date.now();
			put({seenAt});
			lose(failure);
		} catch (error) {
			await host.close();
			lose(error);
		} finally {
			isOnline = false;
			over.abort();
			endTelling();
		}
	};

	/** Connects, again and again with growing pauses, until it does. */
	const connect = async (): Promise<{readonly hello: Hello; readonly ended: Promise<CoppiceError>} | undefined> => {
		pause = new AbortController();
		try {
			return await pRetry(async () => host.connect({signal}), {
				retries: Infinity,
				minTimeout: firstPause,
				maxTimeout: longestPause,
				factor: 2,
				signal: AbortSignal.any([signal, pause.signal]),
				onFailedAttempt({error}) {
					lose(error);
				},
			});
		} catch {
			// Told to stop, or to try at once.
			return undefined;
		}
	};

	const run = async (): Promise<void> => {
		while (!signal.aborted) {
			const connected = await connect();
			if (connected === undefined) {
				continue;
			}

			const begun = performance.now();
			await serve(connected.hello, connected.ended);

			// An engine that ends as soon as it has begun is not asked all the time.
			if (performance.now() - begun < firstPause) {
				await delay(firstPause, undefined, {signal}).catch(() => {});
			}
		}
	};

	void run();
	return {
		record,
		isOnline: () => isOnline,
		isLive: () => isLive,
		call,
		focus(stack, listener) {
			const all = listeners.get(stack) ?? new Set();
			listeners.set(stack, all.add(listener));
			watch$.ask();
			return () => {
				all.delete(listener);
				if (all.size === 0 && listeners.get(stack) === all) {
					listeners.delete(stack);
				}

				watch$.ask();
			};
		},
		refresh() {
			if (isOnline) {
				list$.ask();
			} else {
				pause.abort();
			}
		},
		stop() {
			controller.abort();
			if (isOnline) {
				seenAt = Date.now();
			}

			endTelling();
			for (const work of [list$, moved$, watch$]) {
				work.stop();
			}

			void host.close();
		},
	};
};
