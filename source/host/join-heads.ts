/**
Sends the head of a message together with its body. vscode-jsonrpc writes them one after the other; ssh then sends two packets, the second of which
waits until the other side has acknowledged the first, which takes its time (Nagle's algorithm and delayed acknowledgements, RFC 896 and RFC 1122):
40 ms a message.
*/
import {Buffer} from 'node:buffer';
import {Transform, type TransformCallback} from 'node:stream';

const isHead = (chunk: Uint8Array): boolean => {
	const text = Buffer.from(chunk.buffer, chunk.byteOffset, Math.min(chunk.length, 256)).toString('latin1');
	return text.startsWith('Content-Length: ') && text.endsWith('\r\n\r\n');
};

/**
To be put between vscode-jsonrpc's writer and the stream that it writes to.
*/
export const joinHeads = (): Transform => {
	let head: Uint8Array | undefined;
	return new Transform({
		transform(chunk: Uint8Array, _encoding: BufferEncoding, callback: TransformCallback) {
			if (head === undefined && isHead(chunk)) {
				head = chunk;
				callback();
				return;
			}

			const whole = head === undefined ? chunk : Buffer.concat([head, chunk]);
			head = undefined;
			callback(undefined, whole);
		},
		flush(callback: TransformCallback) {
			callback(undefined, head);
		},
	});
};
