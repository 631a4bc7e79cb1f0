/**
Bounds what a peer can make this side hold: the head and the length of each message of the base protocol (`Content-Length`, an empty line, so many
bytes; the Language Server Protocol's, which vscode-jsonrpc speaks) are looked at before its reader gathers them.
*/
import {Buffer} from 'node:buffer';
import {Transform, type TransformCallback} from 'node:stream';
import {CoppiceError} from '../system/errors.ts';
import {withoutControls} from '../system/format.ts';

/** Of one message, in bytes: far more than a few hundred commits. */
export const largestMessage = 32 * 1024 * 1024;

const longestHead = 1024;
const headEnd = Buffer.from('\r\n\r\n');

const refuse = (what: string): CoppiceError => new CoppiceError('host', `What came from the other side is no message of Coppice: ${withoutControls(what)}.`, {
	hint: 'See that nothing there prints text when one logs in without a terminal (in `.bashrc`, say), and that the engine there is one of Coppice.',
});

/**
Follows the messages in a stream of bytes, wherever it is cut.
*/
export class MessageBounds {
	/** As much of a head as has come. */
	#head = Buffer.alloc(0);

	/** Bytes of the message that are still to come. */
	#rest = 0;

	readonly #largest: number;

	constructor(largest = largestMessage) {
		this.#largest = largest;
	}

	/** Text that is printed at login is found at its first bytes, not when so much of it has come as a head may have. */
	#checkBeginning(): void {
		const expected = 'content-';
		const beginning = this.#head.toString('latin1', 0, expected.length).toLowerCase();
		if (!expected.startsWith(beginning) || this.#head.length >= longestHead) {
			throw refuse(`it begins with ${JSON.stringify(this.#head.toString('latin1', 0, 60))}`);
		}
	}

	#lengthOf(head: string): number {
		const lines = head.split('\r\n');
		const lengths = lines.map(line => /^content-length: *(?<length>\d{1,10})$/iv.exec(line)?.groups?.length).filter(length => length !== undefined);
		if (lengths.length !== 1 || lines.some(line => !/^content-(?:length|type):/iv.test(line))) {
			throw refuse(`its head is ${JSON.stringify(head.slice(0, 60))}`);
		}

		const length = Number(lengths[0]);
		if (length > this.#largest) {
			throw refuse(`it is of ${length} bytes, where ${this.#largest} are allowed`);
		}

		return length;
	}

	/**
	@throws CoppiceError `host` as soon as something can't be a message, or is one that is too large.
	*/
	push(bytes: Uint8Array): void {
		let remaining = bytes;
		while (remaining.length > 0) {
			if (this.#rest > 0) {
				const taken = Math.min(this.#rest, remaining.length);
				this.#rest -= taken;
				remaining = remaining.subarray(taken);
				continue;
			}

			const known = this.#head.length;
			this.#head = Buffer.concat([this.#head, remaining.subarray(0, longestHead - known)]);
			const end = this.#head.indexOf(headEnd);
			if (end === -1) {
				this.#checkBeginning();
				return;
			}

			this.#rest = this.#lengthOf(this.#head.toString('latin1', 0, end));
			remaining = remaining.subarray(end + headEnd.length - known);
			this.#head = Buffer.alloc(0);
		}
	}
}

/**
Passes messages on as they are; destroyed with the error at the first that is out of bounds.
*/
export const boundMessages = (largest = largestMessage): Transform => {
	const bounds = new MessageBounds(largest);
	return new Transform({
		transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback) {
			try {
				bounds.push(chunk);
				callback(undefined, chunk);
			} catch (error) {
				callback(error as Error);
			}
		},
	});
};
