/**
After the stream is through: the receiver applies it, and says so, or why not.
*/
import type {Channel} from './channel.ts';
import {badMessage, encodeControl} from './codec.ts';
import {ToldFailure} from './failure.ts';
import {
	readMessage,
	takeChannel,
	writeBytes,
	writeControl,
} from './line.ts';
import {boundLeftOut, plainLeftOut, type LeftOutEntry} from './left-out.ts';
import {throttleProgress} from './throttle-progress.ts';

/** What the receiver's file system could not hold, or what its owner does not let in, as the applier tells it. */
export type AppliedReport = {
	readonly leftOut: readonly LeftOutEntry[];
};

export type ApplyingProgress = {
	/** Bytes of the stream that are applied. */
	readonly done: number;
	readonly total: number;
};

/**
How the receiver says how far applying is: may be called for every piece, and about five times a second a message goes over the line. Never throws.
*/
export const reportApplying = (channel: Channel): ((progress: ApplyingProgress) => void) => {
	takeChannel(channel);
	let isWriting = false;
	return throttleProgress(({done, total}: ApplyingProgress) => {
		// Whoever does not read gets no second one.
		if (isWriting) {
			return;
		}

		isWriting = true;
		void (async () => {
			try {
				await writeBytes(channel.output, [encodeControl({kind: 'applying', done, total})]);
				isWriting = false;
			} catch {
				// `confirmApplied` meets it too.
			}
		})();
	});
};

/**
The receiver says that it has applied the stream. Where applying failed, call `sendFailure` instead.

@throws CoppiceError `host` if the other side has gone. What was applied stays: the next try finds it.
*/
export const confirmApplied = async (channel: Channel, {leftOut}: AppliedReport): Promise<void> => {
	takeChannel(channel);
	await writeControl(channel.output, {kind: 'applied', leftOut: boundLeftOut(leftOut)});
};

/**
The sender waits until the receiver has applied the stream.

@throws CoppiceError as the receiver threw it; `host` if the connection was lost meanwhile; `interrupted` by the signal.
*/
export const awaitApplied = async (
	channel: Channel,
	{signal, onProgress}: {readonly signal?: AbortSignal; readonly onProgress?: (progress: ApplyingProgress) => void} = {},
): Promise<AppliedReport> => {
	takeChannel(channel);
	for (;;) {
		const {message} = await readMessage(channel.input, {signal});
		switch (message.kind) {
			case 'applied': {
				return {leftOut: plainLeftOut(message.leftOut)};
			}

			case 'applying': {
				onProgress?.({done: message.done, total: message.total});
				break;
			}

			case 'failure': {
				throw new ToldFailure(message);
			}

			default: {
				throw badMessage(`a message "${message.kind}" while it applies`);
			}
		}
	}
};
