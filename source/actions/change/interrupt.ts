/**
Ctrl-C while waiting for something that can't be cancelled: the verb goes on to clean up at once.
*/
import {CoppiceError} from '../../system/errors.ts';

/**
Waits for work, but no longer than until the signal aborts. The work itself goes on; its outcome is not waited for.

@throws CoppiceError `interrupted`.
*/
export const orInterrupted = async <Result>(work: Promise<Result>, signal: AbortSignal | undefined, verb: string): Promise<Result> => {
	if (signal === undefined) {
		return work;
	}

	const interrupted = Promise.withResolvers<never>();
	const onAbort = (): void => {
		interrupted.reject(new CoppiceError('interrupted', `Interrupted: nothing was changed by ${verb}.`));
	};

	if (signal.aborted) {
		onAbort();
	}

	signal.addEventListener('abort', onAbort, {once: true});
	try {
		return await Promise.race([work, interrupted.promise]);
	} finally {
		signal.removeEventListener('abort', onAbort);
	}
};
