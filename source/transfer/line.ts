/**
Reading and writing messages on the streams of a channel. Only as many bytes are read as belong to what is read, so the next reader finds the rest.
*/
import {Buffer} from 'node:buffer';
import type {Readable, Writable} from 'node:stream';
import {CoppiceError} from '../system/errors.ts';
import type {Channel} from './channel.ts';
import {
	type ControlMessage,
	encodeControl,
	headSize,
	type Message,
	parseBody,
	parseHead,
} from './codec.ts';
import {throwIfInterrupted, unlessInterrupted} from './interruption.ts';

/** The connection ended where it should not. */
export const lostConnection = (cause?: unknown): CoppiceError => new CoppiceError('host', 'The connection was lost.', {
	hint: 'What has arrived is kept: run this again, and it goes on from there.',
	...(cause !== undefined && cause !== null && {cause}),
});

const ignore = (): void => {
	// Whoever reads or writes next sees it in `errored`.
};

/**
Takes charge of the errors of a channel's streams: without a listener the first of them would end the process, also between two readings. To be called before
anything waits; again does no harm.
*/
export const takeChannel = ({input, output}: Channel): void => {
	for (const stream of [input, output]) {
		if (!stream.listeners('error').includes(ignore)) {
			stream.on('error', ignore);
		}
	}
};

export type ReadOptions = {
	readonly signal?: AbortSignal | undefined;

	/** Told of bytes as they arrive, long before a message is whole. */
	readonly onBytes?: ((count: number) => void) | undefined;
};

const readingEvents = ['readable', 'end', 'close', 'error'];

/** Waits until there is something to read, or never will be, or the signal comes. */
const change = async (input: Readable, signal: AbortSignal | undefined): Promise<void> => new Promise(resolve => {
	const finish = () => {
		for (const event of readingEvents) {
			input.off(event, finish);
		}

		signal?.removeEventListener('abort', finish);
		resolve();
	};

	for (const event of readingEvents) {
		input.on(event, finish);
	}

	signal?.addEventListener('abort', finish, {once: true});
});

/**
The next bytes, at most so many, at least one; `undefined` at the end.

@throws CoppiceError `host` if the stream broke; the interruption.
*/
export const readSome = async (input: Readable, most: number, {signal, onBytes}: ReadOptions): Promise<Buffer | undefined> => {
	for (;;) {
		throwIfInterrupted(signal);
		if (input.readableLength > 0) {
			const chunk = input.read(Math.min(most, input.readableLength)) as Buffer;
			onBytes?.(chunk.length);
			return chunk;
		}

		if (input.errored) {
			throw lostConnection(input.errored);
		}

		if (input.readableEnded || input.destroyed) {
			return undefined;
		}

		// Makes a stream that waits for a reader go on, and may give bytes at once.
		input.read(0);
		if (input.readableLength === 0) {
			await change(input, signal);
		}
	}
};

/**
Fills a part of `target` to its end.

@returns Whether it was filled; false at an end before its first byte.
@throws CoppiceError `host` at an end after that.
*/
const fill = async (input: Readable, target: Buffer, options: ReadOptions): Promise<boolean> => {
	let filled = 0;
	while (filled < target.length) {
		const chunk = await readSome(input, target.length - filled, options);
		if (chunk === undefined) {
			if (filled === 0) {
				return false;
			}

			throw lostConnection();
		}

		chunk.copy(target, filled);
		filled += chunk.length;
	}

	return true;
};

export type ReceivedMessage = {
	readonly message: Message;

	/** The whole of it as it came, with its head. */
	readonly bytes: Buffer;
};

/**
The next message.

@throws CoppiceError `host` at the end of the stream; `failed` for what is no message, before anything is set aside for it; the interruption.
*/
export const readMessage = async (input: Readable, options: ReadOptions = {}): Promise<ReceivedMessage> => {
	const head = Buffer.alloc(headSize);
	if (!await fill(input, head, options)) {
		throw lostConnection();
	}

	const {kind, length} = parseHead(head);
	const bytes = Buffer.allocUnsafeSlow(headSize + length);
	head.copy(bytes);
	const body = bytes.subarray(headSize);
	if (!await fill(input, body, options)) {
		throw lostConnection();
	}

	return {message: parseBody(kind, body), bytes};
};

/**
Writes bytes and waits until the system has them. If the signal comes first, they are on their way nevertheless: what is written next follows whole messages.

@throws CoppiceError `host` if the other side has gone; the interruption.
*/
export const writeBytes = async (output: Writable, parts: readonly Uint8Array[], signal?: AbortSignal): Promise<void> => {
	if (output.destroyed || output.writableEnded) {
		throw lostConnection(output.errored);
	}

	const written = new Promise<void>((resolve, reject) => {
		output.cork();
		for (const [index, part] of parts.entries()) {
			output.write(part, index === parts.length - 1
				? error => {
					if (error) {
						reject(lostConnection(error));
					} else {
						resolve();
					}
				}
				: undefined);
		}

		output.uncork();
	});
	written.catch(ignore);
	await unlessInterrupted(written, signal);
};

/**
Writes a message but `data`.

@throws As `writeBytes`.
*/
export const writeControl = async (output: Writable, message: ControlMessage, signal?: AbortSignal): Promise<void> =>
	writeBytes(output, [encodeControl(message)], signal);
