/**
Ending what waits when a signal comes: with the reason that the signal carries, if somebody gave one.
*/
import {CoppiceError} from '../system/errors.ts';

/**
The error to throw for a signal that has come.
*/
export const interruption = (signal: AbortSignal): Error => signal.reason instanceof Error && !(signal.reason instanceof DOMException)
	? signal.reason
	: new CoppiceError('interrupted', 'The transfer was stopped.', {hint: 'What has arrived is kept: the next try goes on from there.'});

/**
@throws The interruption, if the signal has come.
*/
export const throwIfInterrupted = (signal: AbortSignal | undefined): void => {
	if (signal?.aborted === true) {
		throw interruption(signal);
	}
};

/**
What a promise gives, unless the signal comes first. The promise is left to itself then.

@throws The interruption.
*/
export const unlessInterrupted = async <Value>(promise: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> => {
	if (signal === undefined) {
		return promise;
	}

	throwIfInterrupted(signal);
	const {promise: interrupted, reject} = Promise.withResolvers<never>();
	const interrupt = () => {
		reject(interruption(signal));
	};

	signal.addEventListener('abort', interrupt, {once: true});
	try {
		return await Promise.race([promise, interrupted]);
	} finally {
		signal.removeEventListener('abort', interrupt);
	}
};
