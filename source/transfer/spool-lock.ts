/**
One process at a time receives into a spool. The one that holds it may be waiting on a line that was cut without a word, for hours: whoever
comes to go on from there asks it, and it lets go unless something arrives within a few seconds.

The lock is an abstract Unix socket (unix(7)), which the kernel frees however its holder dies. Who connects waits: the holder answers `busy`, or the
connection ends when the lock is free.
*/
import {createHash} from 'node:crypto';
import net from 'node:net';
import {setTimeout as delay} from 'node:timers/promises';
import {holdSocket} from '../system/abstract-socket.ts';
import {CoppiceError} from '../system/errors.ts';
import {unlessInterrupted} from './interruption.ts';

/** Milliseconds without a sign of life after which a holder that is asked lets go. */
const silence = 4000;

/** Milliseconds that the holder has for its answer, and to let go. */
const longestAnswer = 15_000;

const busy = (): CoppiceError => new CoppiceError('conflict', 'The same snapshot is being received by another process right now.', {
	hint: 'Wait until that is through: `coppice transfers` shows it.',
});

export type SpoolLock = {
	/** Says that the transfer is alive. */
	readonly touch: () => void;

	/** From now on the holder is at work without hearing from the line, and never lets go when asked. */
	readonly keep: () => void;

	/** Comes when another process is to have the spool. */
	readonly lost: AbortSignal;
	readonly release: () => Promise<void>;
};

/** Takes the lock if it is free. */
const take = async (address: string): Promise<SpoolLock | undefined> => {
	const lost = new AbortController();
	const asking = new Set<net.Socket>();
	let isKept = false;
	let timer: NodeJS.Timeout | undefined;
	const answer = () => {
		clearTimeout(timer);
		timer = undefined;
		for (const socket of asking) {
			socket.end('busy');
		}

		asking.clear();
	};

	const held = await holdSocket(address, socket => {
		asking.add(socket);
		socket.on('close', () => {
			asking.delete(socket);
		});
		if (isKept) {
			answer();
			return;
		}

		timer ??= setTimeout(() => {
			lost.abort(new CoppiceError('conflict', 'Nothing came for a while, and another process has taken this transfer over.', {
				hint: 'See `coppice transfers`.',
			}));
		}, silence).unref();
	});
	return held && {
		touch() {
			if (asking.size > 0) {
				answer();
			}
		},
		keep() {
			isKept = true;
			answer();
		},
		lost: lost.signal,
		async release() {
			clearTimeout(timer);
			await held.release();
		},
	};
};

/** Asks the holder; returns when it has let go. */
const ask = async (address: string): Promise<void> => new Promise((resolve, reject) => {
	let isBusy = false;
	const socket = net.connect(address);
	socket.setTimeout(longestAnswer, () => {
		isBusy = true;
		socket.destroy();
	});
	socket.on('data', () => {
		isBusy = true;
	});
	socket.on('error', () => {
		// It went away just now. `close` follows.
	});
	socket.on('close', () => {
		if (isBusy) {
			reject(busy());
		} else {
			resolve();
		}
	});
});

/**
Takes the lock of a spool, from a holder that hears nothing any more too.

@param folder - The spool's, with every link resolved.
@throws CoppiceError `conflict` if another process receives there; the interruption.
*/
export const lockSpool = async (folder: string, signal?: AbortSignal): Promise<SpoolLock> => {
	const address = `\0coppice-spool/${createHash('sha256').update(folder).digest('hex')}`;
	for (;;) {
		const lock = await take(address);
		if (lock !== undefined) {
			return lock;
		}

		await unlessInterrupted(ask(address), signal);
		await delay(10);
	}
};
