/**
Two channels that are the ends of one line in this process, whose bytes are counted and which can be cut anywhere.
*/
import {Buffer} from 'node:buffer';
import {PassThrough, Writable} from 'node:stream';
import type {Channel} from '../../source/transfer/channel.ts';
import {headSize, parseHead} from '../../source/transfer/codec.ts';

const broken = (): Error => Object.assign(new Error('write EPIPE'), {code: 'EPIPE'});

export type Line = {
	readonly sender: Channel;
	readonly receiver: Channel;

	/** Bytes that have gone from the sender to the receiver. */
	readonly wireBytes: () => number;

	/** Where each message from the sender began on the line. */
	readonly messages: () => readonly number[];
	readonly cut: () => void;
};

/**
@param cutAfter - Bytes from the sender after which it is cut: the receiver gets so many.
*/
export const makeLine = (cutAfter = Infinity): Line => {
	const [there, back] = [new PassThrough(), new PassThrough()];
	let wireBytes = 0;
	const starts: number[] = [];
	let head: Buffer = Buffer.alloc(0);
	let rest = 0;

	const follow = (chunk: Buffer) => {
		for (let offset = 0; offset < chunk.length;) {
			if (rest > 0) {
				const taken = Math.min(rest, chunk.length - offset);
				rest -= taken;
				offset += taken;
				continue;
			}

			if (head.length === 0) {
				starts.push(wireBytes + offset);
			}

			const taken = chunk.subarray(offset, offset + headSize - head.length);
			head = Buffer.concat([head, taken]);
			offset += taken.length;
			if (head.length !== headSize) {
				continue;
			}

			rest = parseHead(head).length;
			head = Buffer.alloc(0);
		}
	};

	const cut = () => {
		there.end();
		back.end();
		entrance.destroy(broken());
		exit.destroy(broken());
	};

	const entrance = new Writable({
		write(chunk: Buffer, _encoding, callback) {
			const passed = chunk.subarray(0, cutAfter - wireBytes);
			follow(passed);
			wireBytes += passed.length;
			if (wireBytes >= cutAfter) {
				there.write(Buffer.from(passed));
				cut();
				return;
			}

			// A pipe copies what is written to it.
			there.write(Buffer.from(passed), error => {
				callback(error);
			});
		},
		final(callback) {
			there.end(callback);
		},
	});
	const exit = new Writable({
		write(chunk: Buffer, _encoding, callback) {
			back.write(Buffer.from(chunk), error => {
				callback(error);
			});
		},
		final(callback) {
			back.end(callback);
		},
	});
	return {
		sender: {input: back, output: entrance},
		receiver: {input: there, output: exit},
		wireBytes: () => wireBytes,
		messages: () => starts,
		cut,
	};
};
