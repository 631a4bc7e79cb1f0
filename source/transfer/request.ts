/**
The first line of a channel: what the side that opened it asks for, as one line of JSON (`TransferRequest`). What follows it is messages
(`codec.ts`), in both directions.
*/
import {Buffer} from 'node:buffer';
import {z} from 'zod';
import {CoppiceError} from '../system/errors.ts';
import {isName, isSnapshotId, type NameKind} from '../system/names.ts';
import {transferProtocol, type Channel, type TransferRequest} from './channel.ts';
import {
	lostConnection,
	readSome,
	takeChannel,
	writeBytes,
} from './line.ts';

const longestLine = 64 * 1024;
const newline = 0x0A;

const name = (kind: NameKind) => z.string().refine(text => isName(kind, text), {message: `is not the name of a ${kind}`});
const snapshot = z.string().refine(text => isSnapshotId(text), {message: 'is not the id of a snapshot'});

const requestSchema = z.strictObject({
	protocol: z.literal(transferProtocol),
	stack: name('stack'),
	volume: name('volume'),
	snapshot,
	base: snapshot.optional(),
	branch: name('branch'),
	limit: z.int().min(1).optional(),
	plain: z.literal(true).optional(),
});

const anyVersion = z.object({protocol: z.int()});

const refuse = (what: string): CoppiceError => new CoppiceError('failed', `The request for a transfer is refused: ${what}.`, {
	hint: 'Transfers are begun by `coppice` itself: `coppice fetch`, `coppice pull`, `coppice push`.',
});

/**
Writes the request as the first line of a channel that was just opened.

@throws CoppiceError `host` if the other side has gone.
*/
export const writeRequest = async (channel: Channel, request: TransferRequest, {signal}: {readonly signal?: AbortSignal} = {}): Promise<void> => {
	takeChannel(channel);
	await writeBytes(channel.output, [Buffer.from(`${JSON.stringify(request)}\n`)], signal);
};

const parseRequest = (line: string): TransferRequest => {
	let content: unknown;
	try {
		content = JSON.parse(line);
	} catch {
		throw refuse('it is no JSON');
	}

	const version = anyVersion.safeParse(content);
	if (version.success && version.data.protocol !== transferProtocol) {
		throw new CoppiceError('precondition', `The other side speaks version ${version.data.protocol} of the transfer protocol, this one version ${transferProtocol}.`, {
			hint: 'Use the same version of Coppice on both sides: `coppice host check` says which they are.',
		});
	}

	const read = requestSchema.safeParse(content);
	if (!read.success) {
		const [issue] = read.error.issues;
		throw refuse(`"${issue?.path.join('.').slice(0, 100) ?? ''}": ${issue?.message.slice(0, 200) ?? 'it does not have the shape of one'}`);
	}

	const {base, limit, plain, ...request} = read.data;
	return {
		...request, ...(base !== undefined && {base}), ...(limit !== undefined && {limit}), ...(plain !== undefined && {plain}),
	};
};

/**
Reads the request and leaves every byte that follows it in the channel. Bounded to 64 KiB; checked by its schema, names and ids included.

@throws CoppiceError `failed` for what is no request; `precondition` for one of another version of the protocol; `host` if the channel ends before the line
does; `interrupted`.
*/
export const readRequest = async (channel: Channel, {signal}: {readonly signal?: AbortSignal} = {}): Promise<TransferRequest> => {
	takeChannel(channel);
	const {input} = channel;
	const pieces: Buffer[] = [];
	let length = 0;
	for (;;) {
		const piece = await readSome(input, longestLine + 1 - length, {signal});
		if (piece === undefined) {
			throw lostConnection();
		}

		const end = piece.indexOf(newline);
		if (end !== -1) {
			if (end + 1 < piece.length) {
				input.unshift(piece.subarray(end + 1));
			}

			pieces.push(piece.subarray(0, end));
			return parseRequest(Buffer.concat(pieces).toString('utf8'));
		}

		pieces.push(piece);
		length += piece.length;
		if (length > longestLine) {
			throw refuse(`its line is longer than ${longestLine} bytes`);
		}
	}
};
