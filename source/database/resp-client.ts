/**
A client for the Redis protocol (RESP2), as small as asking for readiness and persistence needs: one connection, one command after
another. See https://redis.io/docs/latest/develop/reference/protocol-spec/.
*/
import {Buffer} from 'node:buffer';
import {connect, type Socket} from 'node:net';

/**
An error that the server answered, such as `LOADING Redis is loading the dataset in memory`.
*/
export class RedisError extends Error {
	override readonly name = 'RedisError';

	/** First word: `LOADING`, `NOAUTH`, `WRONGPASS`, `ERR`… */
	get kind(): string {
		return this.message.split(' ', 1)[0] ?? '';
	}
}

export type Reply = string | number | undefined | RedisError | readonly Reply[];

export class UnexpectedReply extends Error {
	override readonly name = 'UnexpectedReply';
}

/** Answers to what is asked here are small; more is another server, or none. */
const longestReply = 1024 * 1024;

/**
One command as an array of bulk strings.
*/
export const encodeCommand = (words: readonly string[]): Buffer => Buffer.concat([
	Buffer.from(`*${words.length}\r\n`),
	...words.flatMap(word => {
		const bytes = Buffer.from(word);
		return [Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')];
	}),
]);

/**
Reads one reply from the start of bytes: `undefined` where it is not whole yet.

@throws UnexpectedReply for bytes that are not this protocol.
*/
export const decodeReply = (bytes: Buffer, start = 0): {readonly reply: Reply; readonly end: number} | undefined => {
	const lineEnd = bytes.indexOf('\r\n', start);
	if (lineEnd === -1) {
		return undefined;
	}

	const line = bytes.toString('utf8', start + 1, lineEnd);
	const next = lineEnd + 2;
	const count = Number(line);
	switch (bytes.toString('latin1', start, start + 1)) {
		case '+': {
			return {reply: line, end: next};
		}

		case '-': {
			return {reply: new RedisError(line), end: next};
		}

		case ':': {
			return {reply: count, end: next};
		}

		case '$': {
			if (!Number.isSafeInteger(count) || count > longestReply) {
				break;
			}

			if (count < 0) {
				return {reply: undefined, end: next};
			}

			return bytes.length < next + count + 2 ? undefined : {reply: bytes.toString('utf8', next, next + count), end: next + count + 2};
		}

		case '*': {
			if (!Number.isSafeInteger(count) || count > longestReply) {
				break;
			}

			const items: Reply[] = [];
			let end = next;
			for (let index = 0; index < count; index++) {
				const item = decodeReply(bytes, end);
				if (item === undefined) {
					return undefined;
				}

				items.push(item.reply);
				({end} = item);
			}

			return {reply: count < 0 ? undefined : items, end};
		}

		default: {
			break;
		}
	}

	throw new UnexpectedReply('What answers does not speak the Redis protocol');
};

/**
One connection. Every call fails when the time that was given at the start is over.
*/
export class RespClient {
	private readonly socket: Socket;
	private readonly failed: Promise<never>;
	private received: Buffer = Buffer.alloc(0);
	private wake: () => void = () => undefined;

	constructor(address: {readonly path: string} | {readonly host: string; readonly port: number}, signal: AbortSignal) {
		this.socket = connect(address);
		this.socket.setNoDelay(true);
		this.failed = new Promise((_resolve, reject) => {
			this.socket.once('error', reject);
			this.socket.once('close', () => {
				reject(Object.assign(new Error('The connection was closed'), {code: 'ECONNRESET'}));
			});
			signal.addEventListener('abort', () => {
				reject(Object.assign(new Error('No answer in time'), {code: 'ETIMEDOUT'}));
			}, {once: true});
		});
		// It may fail while nobody waits.
		this.failed.catch(() => undefined);
		this.socket.on('data', (data: Buffer) => {
			this.received = Buffer.concat([this.received, data]);
			this.wake();
		});
	}

	/**
	@throws RedisError when the server answers with an error; else the failure of the connection.
	*/
	async command(...words: readonly string[]): Promise<Exclude<Reply, RedisError>> {
		this.socket.write(encodeCommand(words));
		for (;;) {
			const decoded = decodeReply(this.received);
			if (decoded !== undefined) {
				this.received = this.received.subarray(decoded.end);
				if (decoded.reply instanceof RedisError) {
					throw decoded.reply;
				}

				return decoded.reply;
			}

			if (this.received.length > longestReply) {
				throw new UnexpectedReply('The answer is too long');
			}

			await Promise.race([this.failed, new Promise<void>(resolve => {
				this.wake = resolve;
			})]);
		}
	}

	close(): void {
		this.socket.destroy();
	}
}
