/**
Keeps the list of transfers true, whichever process of this machine runs them: their records are files, and change while they run.
*/
import path from 'node:path';
import {existsSync} from 'node:fs';
import type {Home} from '../../host/home.ts';
import {watchFiles} from '../../system/watch-files.ts';
import type {Store} from '../state/store.ts';
import {coalesce} from './coalesce.ts';

export type TransfersSource = {stop(): void};

/** A record is written at most twice a second; all of them are read at once. */
const readMilliseconds = 250;

/** One whose process was killed writes nothing any more, so those that run are looked at again. */
const lookMilliseconds = 2000;

export const createTransfersSource = ({store, home}: {readonly store: Store; readonly home: Home}): TransfersSource => {
	const controller = new AbortController();
	const folder = path.join(home.state, 'transfers');
	let timer: NodeJS.Timeout | undefined;
	const again = coalesce(async () => {
		clearTimeout(timer);
		if (!existsSync(folder)) {
			return;
		}

		// Nothing of it is loaded where nothing was ever transferred.
		const {listTransfers} = await import('../../actions/transfers.ts');
		const transfers = await listTransfers(home);
		if (controller.signal.aborted) {
			return;
		}

		store.setState({transfers});
		if (transfers.some(({state}) => state === 'running')) {
			timer = setTimeout(() => {
				again.ask();
			}, lookMilliseconds).unref();
		}
	}, readMilliseconds);
	void watchFiles([folder], () => {
		again.ask();
	}, {signal: controller.signal});
	again.ask();
	return {
		stop() {
			controller.abort();
			clearTimeout(timer);
			again.stop();
		},
	};
};
