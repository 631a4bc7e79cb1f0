/**
Measures what the services of a stack use, now and then: often while somebody looks at it.
*/
import {setTimeout as delay} from 'node:timers/promises';
import type {ServiceReport} from '../../actions/services.ts';
import {readUsage, usageBetween, type UsageCounters} from '../../runtime/service-usage.ts';
import {activeTab} from '../state/select.ts';
import type {Store} from '../state/store.ts';
import type {UsageView} from '../state/state.ts';

const shownMilliseconds = 2000;
const hiddenMilliseconds = 15_000;

/** As many as the widest graph shows. */
const keptSamples = 200;

export type SampleOptions = {
	readonly store: Store;

	/** Id of the stack. */
	readonly stack: string;
	readonly services: () => readonly ServiceReport[];
	readonly isShown: () => boolean;

	/** Called when a service's process is not there any more. */
	readonly onGone: () => void;
	readonly signal: AbortSignal;
};

export const sampleUsage = async ({store, stack, services, isShown, onGone, signal}: SampleOptions): Promise<void> => {
	const before = new Map<string, UsageCounters & {readonly processId: number}>();
	while (!signal.aborted) {
		const added: Record<string, readonly UsageView[]> = {};
		const {usage} = store.getState();
		for (const {name, processId} of services()) {
			const counters = processId === undefined ? undefined : await readUsage(processId);
			const last = before.get(name);
			before.delete(name);
			if (counters === undefined || processId === undefined) {
				if (last !== undefined) {
					onGone();
				}

				continue;
			}

			before.set(name, {...counters, processId});
			const used = last?.processId === processId ? usageBetween(last, counters) : undefined;
			const key = `${stack}/${name}`;
			const known = usage[key] ?? [];
			added[key] = used === undefined ? known : [...known, used].slice(-keptSamples);
		}

		if (Object.keys(added).length > 0 && !signal.aborted) {
			store.setState(state => ({usage: {...state.usage, ...added}}));
		}

		const isLookedAt = isShown() && activeTab(store.getState()) === 'stats';
		// Woken early where the tab is opened meanwhile.
		const until = performance.now() + (isLookedAt ? shownMilliseconds : hiddenMilliseconds);
		while (!signal.aborted && performance.now() < until) {
			await delay(Math.min(shownMilliseconds, until - performance.now() + 1), undefined, {signal}).catch(() => {});
			if (!isLookedAt && isShown() && activeTab(store.getState()) === 'stats') {
				break;
			}
		}
	}
};
