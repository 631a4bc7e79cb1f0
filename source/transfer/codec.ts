/**
The messages of a transfer as bytes: a format of Coppice's own. All integers are little-endian.

| bytes of a message | what |
| --- | --- |
| 0 | kind, from 0xC1 on: no printable text begins with it, so what a shell prints at login is told from a message at once |
| 1–3 | zero |
| 4–7 | length of the body, u32: bounded by kind before anything is set aside for it |
| 8… | body: JSON in UTF-8, but for `data` |

| bytes of the body of `data` | what |
| --- | --- |
| 0–3 | length of this frame of the stream before compression, u32: 1 to 512 KiB, less than 512 KiB in the last frame alone |
| 4 | 1: begins a Zstandard frame (RFC 8878) with a window of at most 32 MiB; 2: goes on with that of the frame before |
| 5–7 | zero |
| 8–15 | number of the frame, u64, from 0 |
| 16–47 | SHA-256 of the frame before compression |
| 48–79 | chain: h(n) = SHA-256(h(n-1) ‖ SHA-256 of the frame), h(-1) being 32 zero bytes |
| 80… | the frame, compressed and flushed |

The receiver begins: `state` (what it has of an earlier try), the sender answers `start` (from where it goes on: there, or at 0), then `data` and
`ack` cross until `end`, which the receiver answers with `spooled`, later `applied`, some `applying` between. `failure` ends it from either side.

The same bytes are the spool: the `data` messages one after the other.
*/
import {Buffer} from 'node:buffer';
import {z} from 'zod';
import {agentErrorData} from '../host/agent-errors.ts';
import {CoppiceError} from '../system/errors.ts';

/**
Bytes of the stream in a frame; the last may have less. Larger ones hardly compress better (by a 400th with pages of Postgres), and each is held several
times over.
*/
export const frameSize = 512 * 1024;

/** Bytes of a message that are not its body. */
export const headSize = 8;

/** Bytes of the body of `data` that come before the frame. */
export const frameHeadSize = 80;

/** Bytes of a SHA-256. */
export const hashSize = 32;

const largestControl = 64 * 1024;

/** What can't be compressed becomes larger by the heads of blocks (`ZSTD_COMPRESSBOUND` of zstd.h), of the Zstandard frame and of what is flushed. */
export const largestData = frameHeadSize + frameSize + (frameSize / 256) + 64;

const count = z.int().min(0);
const chain = z.string().regex(/^[\da-f]{64}$/v);

const leftOut = z.strictObject({what: z.string(), path: z.string(), count});
const unreadable = z.strictObject({path: z.string(), cause: z.string()});

/** What may stand in the body of each message but `data`. */
const shapes = {
	/** The receiver: how much of the stream is spooled, and its chain. */
	state: z.strictObject({
		frames: count,
		streamBytes: count,
		chain,
		/** What was spooled and could not be used, with its bytes on the disk. */
		discarded: z.strictObject({bytes: count, why: z.enum(['other-request', 'damaged'])}).optional(),
	}),

	/** The sender: the number of the first frame that it sends. */
	start: z.strictObject({frames: count}),

	/** The receiver: so many frames are spooled and will be there after a power cut. */
	ack: z.strictObject({frames: count}),

	/** The sender: the whole stream, what it could not put into it, and a file of the base that it could not read. */
	end: z.strictObject({
		frames: count, streamBytes: count, chain, leftOut: z.array(leftOut).optional(), unreadable: unreadable.optional(),
	}),

	/** The receiver: the whole stream is spooled and checked; as much of it as was acknowledged will be there after a power cut. */
	spooled: z.strictObject({frames: count}),

	/** The receiver: how far applying is. */
	applying: z.strictObject({done: z.number().min(0), total: z.number().min(0)}),

	/** The receiver: it is applied. */
	applied: z.strictObject({leftOut: z.array(leftOut)}),

	/** Either: it gives up, and why. */
	failure: agentErrorData.extend({message: z.string(), reason: z.literal('base-differs').optional()}),
} as const;

export type ControlKind = keyof typeof shapes;

/** Of one kind, or of any. */
export type ControlMessage<Kind extends ControlKind = ControlKind> = {[Each in Kind]: {readonly kind: Each} & z.infer<(typeof shapes)[Each]>}[Kind];

/** One frame of the stream as it goes over the line. */
export type DataMessage = {
	readonly kind: 'data';

	/** Counted from 0. */
	readonly number: number;

	/** Bytes before compression. */
	readonly rawLength: number;

	/** Whether it can be decompressed without those before it. */
	readonly begins: boolean;

	/** SHA-256 of the frame before compression. */
	readonly hash: Buffer;

	/** The running hash up to and with this frame. */
	readonly chain: Buffer;
	readonly payload: Buffer;
};

export type Message = ControlMessage | DataMessage;
export type MessageKind = Message['kind'];

const codes: Readonly<Record<MessageKind, number>> = {
	state: 0xC1, start: 0xC2, data: 0xC3, ack: 0xC4, end: 0xC5, spooled: 0xC6, applying: 0xC7, applied: 0xC8, failure: 0xC9,
};
const kinds = new Map(Object.entries(codes).map(([kind, code]) => [code, kind as MessageKind]));

/** What was received makes no sense: an error of the other side, or an attack. */
export const badMessage = (what: string, hint = 'See that the engine there is of the same version: `coppice host check`.'): CoppiceError =>
	new CoppiceError('failed', `What the other side sent is refused: ${what}.`, {hint});

const head = (kind: MessageKind, length: number): Buffer => {
	const bytes = Buffer.alloc(headSize);
	bytes.writeUInt8(codes[kind], 0);
	bytes.writeUInt32LE(length, 4);
	return bytes;
};

/**
What the first 8 bytes of a message say.

@throws CoppiceError `failed` for what is no message, or is longer than its kind may be.
*/
export const parseHead = (bytes: Buffer): {readonly kind: MessageKind; readonly length: number} => {
	const kind = kinds.get(bytes.readUInt8(0));
	if (kind === undefined || bytes.readUIntLE(1, 3) !== 0) {
		const isText = bytes.every(byte => byte >= 0x20 ? byte < 0x7F : [9, 10, 13].includes(byte));
		throw isText
			? badMessage(`it is text that begins with ${JSON.stringify(bytes.toString('latin1'))}`, 'See that nothing there prints text when one logs in without a terminal (in `.bashrc`, say).')
			: badMessage(`no message begins with the bytes ${bytes.toString('hex')}`);
	}

	const length = bytes.readUInt32LE(4);
	const largest = kind === 'data' ? largestData : largestControl;
	const smallest = kind === 'data' ? frameHeadSize + 1 : 2;
	if (length > largest || length < smallest) {
		throw badMessage(`a message "${kind}" of ${length} bytes, where ${smallest} to ${largest} are allowed`);
	}

	return {kind, length};
};

/**
A message but `data`, as bytes.
*/
export const encodeControl = (message: ControlMessage): Buffer => {
	const {kind, ...content} = message;
	const body = Buffer.from(JSON.stringify(content));
	if (body.length > largestControl) {
		throw new RangeError(`A message "${kind}" of ${body.length} bytes: whoever makes it must bound it`);
	}

	return Buffer.concat([head(kind, body.length), body]);
};

/**
The bytes of a `data` message that come before its payload, with those of its head.
*/
export const encodeDataHead = ({number, rawLength, begins, hash, chain: running, payload}: Omit<DataMessage, 'kind'>): Buffer => {
	const bytes = Buffer.alloc(frameHeadSize);
	bytes.writeUInt32LE(rawLength, 0);
	bytes.writeUInt8(begins ? 1 : 2, 4);
	bytes.writeBigUInt64LE(BigInt(number), 8);
	hash.copy(bytes, 16);
	running.copy(bytes, 16 + hashSize);
	return Buffer.concat([head('data', frameHeadSize + payload.length), bytes]);
};

const parseData = (body: Buffer): DataMessage => {
	const rawLength = body.readUInt32LE(0);
	if (rawLength < 1 || rawLength > frameSize) {
		throw badMessage(`a frame that says it has ${rawLength} bytes, where 1 to ${frameSize} are allowed`);
	}

	const encoding = body.readUInt8(4);
	const number = body.readBigUInt64LE(8);
	if (encoding < 1 || encoding > 2 || body.readUIntLE(5, 3) !== 0 || number > BigInt(Number.MAX_SAFE_INTEGER)) {
		throw badMessage('a frame whose head makes no sense');
	}

	return {
		kind: 'data',
		number: Number(number),
		rawLength,
		begins: encoding === 1,
		hash: body.subarray(16, 16 + hashSize),
		chain: body.subarray(16 + hashSize, frameHeadSize),
		payload: body.subarray(frameHeadSize),
	};
};

/**
A message from its body, whose length `parseHead` gave. A `data` message shares memory with it.

@throws CoppiceError `failed` for what does not have the shape of its kind.
*/
export const parseBody = (kind: MessageKind, body: Buffer): Message => {
	if (kind === 'data') {
		return parseData(body);
	}

	let content: unknown;
	try {
		content = JSON.parse(body.toString('utf8'));
	} catch {
		throw badMessage(`a message "${kind}" that is no JSON`);
	}

	const read = shapes[kind].safeParse(content);
	if (!read.success) {
		throw badMessage(`a message "${kind}" that does not have its shape`);
	}

	// eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- The shape was chosen by the kind.
	return {kind, ...read.data} as ControlMessage;
};
