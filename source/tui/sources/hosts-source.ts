/**
Keeps the other hosts: those that `coppice host add` has noted, from the moment that it has. Nothing of it is loaded, and nobody is connected to, before
there is one; then in the background.
*/
import {existsSync} from 'node:fs';
import path from 'node:path';
import type {Home} from '../../host/home.ts';
import {watchFiles} from '../../system/watch-files.ts';
import type {Store} from '../state/store.ts';
import {localHost, type StackView} from '../state/state.ts';
import {putHost, putHosts, putStacks} from '../state/update.ts';
import {coalesce} from './coalesce.ts';
import type {HostMemory} from './host-memory.ts';
import type {HostSource} from './host-source.ts';
import type {LogRing} from './log-ring.ts';
import {problemOf} from './problem.ts';
import type {createRemoteStackSource} from './remote-stack-source.ts';
import type {StackSource} from './stack-source.ts';

export type HostsSource = {
	/** That of a host, once it is known. */
	get(name: string): HostSource | undefined;

	/** Keeps a stack of a host true; `undefined` while the host is not known. */
	open(stack: StackView, ring: LogRing): StackSource | undefined;

	/** Lists the stacks of those that answer again, and tries the others at once. */
	refresh(): void;

	/** Leaves a host alone, so that nothing of this program runs there; what it returns takes it up again, if it is still known. */
	leave(name: string): () => void;
	stop(): void;

	/** Returns once what is known of them is kept for the next time. */
	settled(): Promise<void>;
};

/** The first picture and what it needs come first. */
const firstMilliseconds = 150;

export const createHostsSource = ({store, home, onChange}: {
	readonly store: Store;
	readonly home: Home;

	/** Called after hosts came or went. */
	readonly onChange: () => void;
}): HostsSource => {
	const controller = new AbortController();
	const file = path.join(home.config, 'hosts.json');
	const sources = new Map<string, {readonly key: string; readonly source: HostSource}>();

	let openStack: typeof createRemoteStackSource | undefined;
	let memory: HostMemory | undefined;

	const read = async (): Promise<void> => {
		if (sources.size === 0 && !existsSync(file)) {
			return;
		}

		const [{listHosts}, {createHostSource, toHostView, toStackView}, stackSource, {createHostMemory}] = await Promise.all([
			import('../../host/host-registry.ts'), import('./host-source.ts'), import('./remote-stack-source.ts'), import('./host-memory.ts'),
		]);
		openStack = stackSource.createRemoteStackSource;
		memory ??= createHostMemory(home);
		try {
			const records = await listHosts(home);
			if (controller.signal.aborted) {
				return;
			}

			for (const [name, {key, source}] of sources) {
				if (records.some(record => record.name === name && JSON.stringify(record) === key)) {
					continue;
				}

				source.stop();
				sources.delete(name);
			}

			store.setState(putHosts(records.map(record => toHostView(record))));
			memory.retain(records);
			const added = records.filter(({name}) => !sources.has(name));
			for (const record of added) {
				const {name} = record;
				const seen = store.getState().hosts.find(host => host.name === name)?.seenAt === undefined ? await memory.recall(record) : undefined;
				if (controller.signal.aborted) {
					return;
				}

				if (seen !== undefined) {
					store.setState(putHost(name, {seenAt: seen.seenAt}));
					store.setState(putStacks(seen.stacks.map(stack => toStackView(record, stack, undefined)), undefined, name));
				}

				sources.set(name, {
					key: JSON.stringify(record),
					source: createHostSource({
						store, home, record, memory,
					}),
				});
			}

			store.setState(putHost(localHost, {problem: undefined}));
			onChange();
		} catch (error) {
			store.setState(putHost(localHost, {problem: problemOf(error)}));
		}
	};

	const again = coalesce(read, firstMilliseconds);
	void watchFiles([file], () => {
		again.ask();
	}, {signal: controller.signal});
	again.ask();
	return {
		get: name => sources.get(name)?.source,
		open(stack, ring) {
			const host = sources.get(stack.host)?.source;
			return host === undefined
				? undefined
				: openStack?.({
					store, home, host, stack, ring,
				});
		},
		refresh() {
			for (const {source} of sources.values()) {
				source.refresh();
			}
		},
		leave(name) {
			sources.get(name)?.source.stop();
			sources.delete(name);
			return () => {
				again.ask();
			};
		},
		stop() {
			controller.abort();
			again.stop();
			for (const {source} of sources.values()) {
				source.stop();
			}
		},
		async settled() {
			await memory?.settled();
		},
	};
};
