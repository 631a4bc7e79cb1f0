/**
The logs of a stack's containers as one sequence, in the order of their time, and what comes after: also of containers that are started or
made later.
*/
import type Docker from 'dockerode';
import {mergeLines} from '../merge-lines.ts';
import type {LogLine, LogOptions} from '../runtime.ts';
import {inspectContainer, serviceLabel, type StackContainer} from './containers.ts';
import {hasStatus} from './engine.ts';
import {readLines} from './log-frames.ts';

/** The engine reads both streams of a container at once, and may note their lines out of order by a few. */
const windowLines = 64;

type Query = {readonly follow?: boolean; readonly tail?: number; readonly since?: string};

/**
A moment as the engine takes it: seconds, and digits after the point.
*/
const toSince = (time: string): string => `${Math.floor(Date.parse(time) / 1000)}.${/\.(?<digits>\d+)/v.exec(time)?.groups?.digits ?? '0'}`;

const openLog = async (docker: Docker, id: string, query: Query, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> => new Promise((resolve, reject) => {
	// Dockerode takes a log that is not followed into memory as a whole.
	docker.modem.dial({
		path: `/containers/${id}/logs?`,
		method: 'GET',
		isStream: true,
		abortSignal: signal,
		statusCodes: {
			200: true, 404: 'no such container', 500: 'server error', 501: 'not readable',
		},
		options: {
			stdout: true, stderr: true, timestamps: true, ...query,
		},
	}, (error: Error | null, stream: unknown) => {
		if (error === null) {
			resolve(stream as AsyncIterable<Uint8Array>);
		} else {
			reject(error);
		}
	});
});

/**
Lines that are out of order by a few, in order.

@yields Lines, the oldest first.
*/
async function * inOrder(lines: AsyncIterable<LogLine>): AsyncGenerator<LogLine> {
	const window: LogLine[] = [];
	for await (const line of lines) {
		const after = window.findLastIndex(each => each.time <= line.time);
		window.splice(after + 1, 0, line);
		if (window.length > windowLines) {
			yield window.shift()!;
		}
	}

	yield * window;
}

export type LogSource = {
	readonly docker: Docker;
	readonly project: string;

	/** The containers of the services that are wanted, as they are now. */
	readonly containers: readonly StackContainer[];
	readonly services: readonly string[];
	readonly onNotice: (text: string) => void;
};

class LogReader {
	readonly #source: LogSource;
	readonly #signal: AbortSignal;

	/** The time of the last line that was read of each container. */
	readonly #last = new Map<string, string>();
	readonly #hasTerminal = new Map<string, boolean>();

	constructor(source: LogSource, signal: AbortSignal) {
		this.#source = source;
		this.#signal = signal;
	}

	async #askTerminal(id: string): Promise<boolean> {
		const known = this.#hasTerminal.get(id);
		if (known !== undefined) {
			return known;
		}

		const container = await inspectContainer(this.#source.docker, id);
		this.#hasTerminal.set(id, container?.Config.Tty ?? false);
		return container?.Config.Tty ?? false;
	}

	/**
	What a container has said; with `follow` until it ends.

	@yields Lines as the engine sends them.
	*/
	async * read(id: string, service: string, query: Query): AsyncGenerator<LogLine> {
		const {docker, onNotice} = this.#source;
		try {
			const hasTerminal = await this.#askTerminal(id);
			const seen = query.follow ? this.#last.get(id) : undefined;
			const chunks = await openLog(docker, id, {...query, ...(seen !== undefined && {since: toSince(seen)})}, this.#signal);
			for await (const line of readLines(chunks, hasTerminal)) {
				if (seen !== undefined && line.time <= seen) {
					continue;
				}

				if (line.time > (this.#last.get(id) ?? '')) {
					this.#last.set(id, line.time);
				}

				yield {service, ...line};
			}
		} catch (error) {
			if (hasStatus(error, 501)) {
				onNotice(`the logs of ${service} can't be read: its logging driver keeps them elsewhere`);
			} else if (!this.#signal.aborted && !hasStatus(error, 404, 409)) {
				throw error;
			}
		}
	}

	/**
	All that was said until now, or the last lines of each service.

	@yields Lines, the oldest first.
	*/
	async * past({tail, since}: LogOptions): AsyncGenerator<LogLine> {
		const query: Query = {...(tail !== undefined && {tail}), ...(since !== undefined && {since: toSince(since.toISOString())})};
		const byService = Map.groupBy(this.#source.containers, container => container.service);
		yield * mergeLines([...byService].map(([service, containers]) => {
			const lines = mergeLines(containers.map(({id}) => inOrder(this.read(id, service, query))));
			return tail === undefined || containers.length === 1 ? lines : lastOf(lines, tail);
		}));
	}
}

async function * lastOf(lines: AsyncIterable<LogLine>, count: number): AsyncGenerator<LogLine> {
	const all = await Array.fromAsync(lines);
	yield * count === 0 ? [] : all.slice(-count);
}

type StartEvent = {readonly Actor?: {readonly ID?: string; readonly Attributes?: Readonly<Record<string, string>>}};

async function * readEvents(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<StartEvent> {
	let rest = '';
	for await (const chunk of chunks) {
		const lines = (rest + new TextDecoder().decode(chunk)).split('\n');
		rest = lines.pop() ?? '';
		yield * lines.filter(line => line.trim() !== '').map(line => JSON.parse(line) as StartEvent);
	}
}

/**
@yields Lines, the oldest first; with `follow` then those that come, until the signal aborts.
*/
export async function * readContainerLogs(source: LogSource, options: LogOptions): AsyncGenerator<LogLine> {
	const {docker, project, services} = source;
	const {follow = false, signal: outside} = options;
	const controller = new AbortController();
	const signal = outside === undefined ? controller.signal : AbortSignal.any([outside, controller.signal]);
	const reader = new LogReader(source, signal);
	if (!follow) {
		yield * reader.past(options);
		return;
	}

	// Asked for before the past is read, so that no start falls between the two.
	const events = await docker.getEvents({
		filters: {type: ['container'], event: ['start'], label: [`com.docker.compose.project=${project}`]}, abortSignal: signal,
	});
	const arrived: LogLine[] = [];
	let wake = Promise.withResolvers<void>();
	let failure: unknown;
	const followed = new Map<string, {again: boolean}>();
	const pump = async (id: string, service: string): Promise<void> => {
		const running = followed.get(id);
		if (running !== undefined) {
			running.again = true;
			return;
		}

		const state = {again: true};
		followed.set(id, state);
		while (state.again && !signal.aborted) {
			// A log ends with its container, which may be started again.
			state.again = false;
			for await (const line of reader.read(id, service, {follow: true})) {
				arrived.push(line);
				wake.resolve();
			}
		}

		followed.delete(id);
	};

	const guarded = async (work: () => Promise<void>): Promise<void> => {
		try {
			await work();
		} catch (error) {
			if (!signal.aborted) {
				failure = error;
			}
		} finally {
			wake.resolve();
		}
	};

	const watch = async (): Promise<void> => {
		for await (const {Actor: actor} of readEvents(events as unknown as AsyncIterable<Uint8Array>)) {
			const service = actor?.Attributes?.[serviceLabel];
			const id = actor?.ID;
			if (id === undefined || service === undefined || !services.includes(service)) {
				continue;
			}

			void guarded(async () => pump(id, service));
		}

		if (!signal.aborted) {
			throw new Error('its events have ended');
		}
	};

	signal.addEventListener('abort', () => {
		wake.resolve();
	});
	try {
		yield * reader.past(options);
		void guarded(watch);
		for (const {id, service} of source.containers) {
			void guarded(async () => pump(id, service));
		}

		while (!signal.aborted) {
			await wake.promise;
			wake = Promise.withResolvers();
			yield * arrived.splice(0);
			if (failure !== undefined) {
				throw failure;
			}
		}
	} finally {
		controller.abort();
	}
}
