/**
Time as the screen shows it: ages move on now and then, a spinner turns while something runs, sentences go when they were there long enough.
*/
import {runningJobs} from '../state/select.ts';
import type {Store} from '../state/store.ts';

const idleMilliseconds = 10_000;
const spinnerMilliseconds = 125;

export const runClock = (store: Store): {stop(): void} => {
	let spinner: NodeJS.Timeout | undefined;
	let toast: NodeJS.Timeout | undefined;
	const idle = setInterval(() => {
		store.setState({now: Date.now()});
	}, idleMilliseconds);
	const unsubscribe = store.subscribe((state, before) => {
		if (state.jobs !== before.jobs) {
			const isRunning = runningJobs(state).length > 0;
			if (isRunning) {
				spinner ??= setInterval(() => {
					store.setState(({spinner: turn}) => ({spinner: turn + 1, now: Date.now()}));
				}, spinnerMilliseconds);
			} else {
				clearInterval(spinner);
				spinner = undefined;
			}
		}

		if (state.toast === before.toast) {
			return;
		}

		clearTimeout(toast);
		toast = state.toast === undefined
			? undefined
			: setTimeout(() => {
				store.setState({toast: undefined, now: Date.now()});
			}, Math.max(0, state.toast.until - Date.now()));
	});
	return {
		stop() {
			clearInterval(idle);
			clearInterval(spinner);
			clearTimeout(toast);
			unsubscribe();
		},
	};
};
