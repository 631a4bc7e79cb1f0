/**
Tells when something happens to a project's containers: starts, ends, pauses, changes of health.
*/
import {setTimeout as delay} from 'node:timers/promises';
import {connectEngine} from './engine.ts';
import {projectLabel} from './containers.ts';

const events = ['start', 'die', 'stop', 'pause', 'unpause', 'destroy', 'health_status', 'rename'];

/** Before the engine is asked again after it went away. */
const pauseMilliseconds = 2000;

/**
Calls `onChange` after each event, and once after every time the engine was away, until the signal aborts. Never throws: while no
engine answers it tries again.
*/
export const watchContainers = async (project: string, {signal, onChange}: {readonly signal: AbortSignal; readonly onChange: () => void}): Promise<void> => {
	for (let isFirst = true; !signal.aborted; isFirst = false) {
		try {
			const {docker} = await connectEngine();
			const stream = await docker.getEvents({filters: {type: ['container'], event: events, label: [`${projectLabel}=${project}`]}, abortSignal: signal});
			if (!isFirst) {
				onChange();
			}

			for await (const _event of stream) {
				onChange();
			}
		} catch {
			// It is asked again: the engine may be on its way.
		}

		onChange();
		await delay(pauseMilliseconds, undefined, {signal}).catch(() => {});
	}
};
