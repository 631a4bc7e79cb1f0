/**
Waits until no question is open: what is asked while something else is being answered would take the keys that are meant for that.
*/
import {CoppiceError} from '../../system/errors.ts';
import type {Store} from '../state/store.ts';

/**
@throws CoppiceError `interrupted` where the signal comes first.
*/
export const whenFree = async (store: Store, signal: AbortSignal): Promise<void> => {
	while (store.getState().modal !== undefined) {
		const {promise, resolve} = Promise.withResolvers<void>();
		const unsubscribe = store.subscribe(({modal}) => {
			if (modal === undefined) {
				resolve();
			}
		});
		const onAbort = (): void => {
			resolve();
		};

		signal.addEventListener('abort', onAbort, {once: true});
		try {
			if (!signal.aborted) {
				await promise;
			}
		} finally {
			unsubscribe();
			signal.removeEventListener('abort', onAbort);
		}

		if (signal.aborted) {
			throw new CoppiceError('interrupted', 'Interrupted: nothing was changed.');
		}
	}
};
