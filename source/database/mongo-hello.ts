/**
Asks a MongoDB server for one command without a driver: an OP_MSG with a BSON document of plain values, and the values of the reply's
top level. See https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/ and https://bsonspec.org/spec.html.
*/
import {Buffer} from 'node:buffer';
import {connect} from 'node:net';

export type BsonValue = number | string | boolean | undefined;

const opMessage = 2013;
const longestReply = 16 * 1024 * 1024;

/**
A document of numbers (as int32), texts and booleans.
*/
export const encodeDocument = (values: Readonly<Record<string, number | string | boolean>>): Buffer => {
	const parts: Buffer[] = [];
	for (const [name, value] of Object.entries(values)) {
		const key = Buffer.from(`${name}\0`);
		if (typeof value === 'number') {
			const bytes = Buffer.alloc(4);
			bytes.writeInt32LE(value);
			parts.push(Buffer.from([0x10]), key, bytes);
		} else if (typeof value === 'boolean') {
			parts.push(Buffer.from([0x08]), key, Buffer.from([value ? 1 : 0]));
		} else {
			const text = Buffer.from(`${value}\0`);
			const length = Buffer.alloc(4);
			length.writeInt32LE(text.length);
			parts.push(Buffer.from([0x02]), key, length, text);
		}
	}

	const body = Buffer.concat(parts);
	const length = Buffer.alloc(4);
	length.writeInt32LE(body.length + 5);
	return Buffer.concat([length, body, Buffer.from([0])]);
};

/** Bytes of values that are passed over: by type, or by a length at their start. */
const skipped = (type: number, bytes: Buffer, position: number): number => {
	switch (type) {
		case 0x03:
		case 0x04: {
			return bytes.readInt32LE(position);
		}

		case 0x05: {
			return bytes.readInt32LE(position) + 5;
		}

		case 0x07: {
			return 12;
		}

		case 0x09:
		case 0x11:
		case 0x12: {
			return 8;
		}

		case 0x13: {
			return 16;
		}

		case 0x06:
		case 0x0A:
		case 0x7F:
		case 0xFF: {
			return 0;
		}

		default: {
			throw new Error('The answer has a kind of value that is not known here');
		}
	}
};

/**
The numbers, texts and booleans at the top level of a document; other values are passed over.
*/
export const decodeDocument = (bytes: Buffer): ReadonlyMap<string, BsonValue> => {
	const values = new Map<string, BsonValue>();
	const end = bytes.readInt32LE(0) - 1;
	let position = 4;
	while (position < end) {
		const type = bytes.readUInt8(position);
		const nameEnd = bytes.indexOf(0, position + 1);
		const name = bytes.toString('utf8', position + 1, nameEnd);
		position = nameEnd + 1;
		switch (type) {
			case 0x01: {
				values.set(name, bytes.readDoubleLE(position));
				position += 8;

				break;
			}

			case 0x10: {
				values.set(name, bytes.readInt32LE(position));
				position += 4;

				break;
			}

			case 0x08: {
				values.set(name, bytes.readUInt8(position) === 1);
				position += 1;

				break;
			}

			case 0x02: {
				const length = bytes.readInt32LE(position);
				values.set(name, bytes.toString('utf8', position + 4, position + 3 + length));
				position += 4 + length;

				break;
			}

			default: {
				position += skipped(type, bytes, position);
			}
		}
	}

	return values;
};

const encodeMessage = (document: Buffer): Buffer => {
	const header = Buffer.alloc(21);
	header.writeInt32LE(21 + document.length, 0);
	header.writeInt32LE(1, 4);
	header.writeInt32LE(0, 8);
	header.writeInt32LE(opMessage, 12);
	// No flags, and one section of kind 0: the document.
	return Buffer.concat([header, document]);
};

/**
Sends one command and returns the top level of the reply.

@throws The failure of the connection, with its code; `ETIMEDOUT` after the time.
*/
export const askMongo = async (
	address: {readonly path: string} | {readonly host: string; readonly port: number},
	command: Readonly<Record<string, number | string | boolean>>,
	timeoutMilliseconds: number,
): Promise<ReadonlyMap<string, BsonValue>> => {
	const {promise, resolve, reject} = Promise.withResolvers<Buffer>();
	const socket = connect(address);
	const timer = setTimeout(() => {
		reject(Object.assign(new Error('No answer in time'), {code: 'ETIMEDOUT'}));
	}, timeoutMilliseconds);
	let received: Buffer = Buffer.alloc(0);
	socket.once('error', reject);
	socket.once('close', () => {
		reject(Object.assign(new Error('The connection was closed'), {code: 'ECONNRESET'}));
	});
	socket.on('data', (data: Buffer) => {
		received = Buffer.concat([received, data]);
		const length = received.length < 16 ? 16 : received.readInt32LE(0);
		if (length < 16 || length > longestReply || (received.length >= 16 && received.readInt32LE(12) !== opMessage)) {
			reject(new Error('What answers does not speak the protocol of MongoDB'));
		} else if (received.length >= length) {
			resolve(received.subarray(0, length));
		}
	});
	try {
		socket.write(encodeMessage(encodeDocument(command)));
		const message = await promise;
		// Flags (4), kind of the section (1), then the document.
		return decodeDocument(message.subarray(21));
	} finally {
		clearTimeout(timer);
		socket.destroy();
	}
};
