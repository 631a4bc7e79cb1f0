/**
The terminal UI without a terminal: keys go into the real store, and what would be done to the terminal is noted.
*/
import {setImmediate as soon, setTimeout as delay} from 'node:timers/promises';
import type {Tools} from '../../source/tui/actions/action.ts';
import {createJobs} from '../../source/tui/jobs/jobs.ts';
import {dispatch} from '../../source/tui/keys/dispatch.ts';
import {usualBindings} from '../../source/tui/keys/key-map.ts';
import {createTokeniser} from '../../source/tui/keys/tokenise.ts';
import {createAsk} from '../../source/tui/modals/ask.ts';
import type {Controller} from '../../source/tui/sources/controller.ts';
import {createLogRing} from '../../source/tui/sources/log-ring.ts';
import {createLogView} from '../../source/tui/sources/log-view.ts';
import type {State} from '../../source/tui/state/state.ts';
import {makeStore, type Store} from '../../source/tui/state/store.ts';

export type WithoutTerminal = {
	readonly store: Store;
	readonly tools: Tools;

	/** What was done to the terminal, and asked of what feeds the store. */
	readonly done: readonly string[];

	/** Types keys, one after the other. */
	readonly type: (text: string) => Promise<State>;

	/** Waits until the state is so. Throws with what is known after 40 s. */
	readonly until: (isSo: (state: State) => boolean, what: string) => Promise<State>;
};

export const withoutTerminal = (state: State, feed?: (store: Store) => Controller): WithoutTerminal => {
	const store = makeStore(state);
	const controller = feed?.(store);
	const done: string[] = [];
	const tools: Tools = {
		store,
		jobs: createJobs({
			store, onEnd() {
				controller?.refresh();
			},
		}),
		ask: createAsk(store),
		bindings: usualBindings,
		logs: controller?.logs ?? createLogView(createLogRing()),
		refresh(folder) {
			done.push('refresh');
			controller?.refresh(folder);
		},
		countBranches() {},
		async readServices() {
			done.push('read services');
			await controller?.readServices?.();
		},
		leaveHost: name => controller?.leaveHost(name) ?? (() => {}),
		terminal: {
			async suspend(run) {
				done.push('suspend');
				await run();
			},
			copy(text) {
				done.push(`copy ${text}`);
			},
			redraw() {},
			setMouse(isOn) {
				done.push(`mouse ${isOn ? 'on' : 'off'}`);
			},
			async stop() {},
			quit() {
				done.push('quit');
			},
		},
	};
	return {
		store,
		tools,
		done,
		async type(text) {
			const tokeniser = createTokeniser();
			for (const token of [...tokeniser.feed(text), ...tokeniser.flush()]) {
				dispatch(token, tools);
				await soon();
			}

			return store.getState();
		},
		async until(isSo, what) {
			const end = performance.now() + 40_000;
			for (let now = store.getState(); ; now = store.getState()) {
				if (isSo(now)) {
					return now;
				}

				if (performance.now() > end) {
					const {jobs, modal, toast, transfers, hosts} = now;
					throw new Error(`${what} did not come: ${JSON.stringify({
						jobs, modal, toast, transfers, hosts,
					}, undefined, ' ')}`);
				}

				await delay(20);
			}
		},
	};
};
