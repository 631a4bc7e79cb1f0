/**
What has arrived of a stream, on the disk of the receiver, so that the next try goes on from there.

| file | content |
| --- | --- |
| `request.json` | which snapshot, from which base, whether without differences from that, in which version of the protocol |
| `frames` | the `data` messages as they came over the line (`codec.ts`) |

Only frames that were checked are appended. Nothing is believed when it is opened again: every frame is held against its hash and the chain, and what
follows the last good one (torn by a power cut, damaged on the disk) is cut off.
*/
import {Buffer} from 'node:buffer';
import {
	chmod,
	constants,
	type FileHandle,
	mkdir,
	open,
	realpath,
	rm,
	rmdir,
	stat,
	statfs,
} from 'node:fs/promises';
import path from 'node:path';
import prettyBytes from 'pretty-bytes';
import {isNoSpace} from '../storage/storage-errors.ts';
import {readIfThere, syncFolder, writeDurably} from '../system/durable-file.ts';
import {CoppiceError, isSystemError} from '../system/errors.ts';
import {failpoint} from '../system/failpoint.ts';
import {Chain} from './chain.ts';
import {chainFrame, unpackFrame} from './check-frame.ts';
import {
	type ControlMessage,
	type DataMessage,
	headSize,
	parseBody,
	parseHead,
} from './codec.ts';
import {BegunPlain} from './failure.ts';
import {FrameDecompressor} from './frame-window.ts';
import {mapInOrder} from './map-in-order.ts';
import {release} from './release.ts';

/** What is received; a spool of anything else is of no use for it. */
export type Expected = {
	readonly snapshot: string;
	readonly base?: string;

	/** Without differences from the base. */
	readonly plain?: boolean;
};

export type Discarded = NonNullable<ControlMessage<'state'>['discarded']>;

/** Frames that are read or decompressed at once. */
const framesAtOnce = 3;

const protocol = 4;

/** What is on the disk makes no sense from here on. */
class SpoolDamage extends Error {
	/** Whether it ends in the middle of a message, as when writing was cut. */
	readonly isTorn: boolean;

	constructor(isTorn: boolean, options?: ErrorOptions) {
		super('The spool is damaged', options);
		this.isTorn = isTorn;
	}
}

const encodeRequest = ({snapshot, base, plain = false}: Expected): string =>
	`${JSON.stringify({
		protocol, snapshot, ...(base !== undefined && {base}), ...(plain && {plain}),
	})}\n`;

type Stored = {
	readonly message: DataMessage;

	/** Bytes of the file up to and with it. */
	readonly end: number;
};

/** Reads so many bytes at a place of a file, all of them or an error. */
const readAt = async (file: FileHandle, length: number, position: number): Promise<Buffer> => {
	const bytes = Buffer.allocUnsafeSlow(length);
	let filled = 0;
	while (filled < length) {
		const {bytesRead} = await file.read(bytes, filled, length - filled, position + filled);
		if (bytesRead === 0) {
			throw new SpoolDamage(true);
		}

		filled += bytesRead;
	}

	return bytes;
};

const writeAt = async (file: FileHandle, bytes: Uint8Array, position: number): Promise<void> => {
	let written = 0;
	while (written < bytes.length) {
		const {bytesWritten} = await file.write(bytes, written, bytes.length - written, position + written);
		written += bytesWritten;
	}
};

/**
The messages of a file.

@yields A message.
*/
async function * readStored(file: FileHandle): AsyncGenerator<Stored, void, undefined> {
	const {size} = await file.stat();
	let position = 0;
	while (position < size) {
		const head = await readAt(file, headSize, position);
		let message: DataMessage;
		let length: number;
		try {
			const parsed = parseHead(head);
			length = parsed.length;
			const stored = parseBody(parsed.kind, await readAt(file, length, position + headSize));
			if (stored.kind !== 'data') {
				throw new SpoolDamage(false);
			}

			message = stored;
		} catch (error) {
			throw error instanceof CoppiceError ? new SpoolDamage(false, {cause: error}) : error;
		}

		position += headSize + length;
		yield {message, end: position};
	}
}

type Checked = Stored & {readonly raw: Buffer};

/**
The messages of a file, each checked, with their frames as they are in the stream.

@yields A message.
*/
async function * readChecked(file: FileHandle): AsyncGenerator<Checked, void, undefined> {
	const chain = new Chain();
	const window = new FrameDecompressor();
	const unpacked = mapInOrder(readStored(file), framesAtOnce, async stored => ({...stored, raw: await unpackFrame(stored.message, window)}));
	try {
		for await (const stored of unpacked) {
			chainFrame(chain, stored.message);
			yield stored;
			release(stored.message.payload);
		}
	} catch (error) {
		throw error instanceof CoppiceError ? new SpoolDamage(false, {cause: error}) : error;
	} finally {
		window.close();
	}
}

export class Spool {
	/**
	Opens the spool of a folder, making both where they are not there. What belongs to another request is removed. To be called by who holds its lock alone;
	then `recover`.

	@param makeRoom - Called where there is none; then it is tried once more.
	@returns The spool, empty until it is recovered, with what was removed.
	@throws BegunPlain where differences are expected, and what is there has none.
	*/
	static async open(
		folder: string,
		expected: Expected,
		makeRoom?: () => Promise<void>,
	): Promise<{readonly spool: Spool; readonly discarded: Discarded | undefined}> {
		const request = encodeRequest(expected);
		const [requestFile, framesFile] = [path.join(folder, 'request.json'), path.join(folder, 'frames')];
		const former = await readIfThere(requestFile);
		let discarded: Discarded | undefined;
		if (former !== request) {
			if (former === encodeRequest({...expected, plain: true})) {
				throw new BegunPlain();
			}

			const there = await stat(framesFile).catch((error: unknown) => {
				if (isSystemError(error, 'ENOENT')) {
					return undefined;
				}

				throw error;
			});
			if (there !== undefined) {
				discarded = {bytes: there.size, why: 'other-request'};
				await rm(framesFile);
				await syncFolder(folder);
			}

			failpoint('transfer.spool.discarded');
			await writeDurably(requestFile, request, {mode: 0o600});
			failpoint('transfer.spool.request');
		}

		const file = await open(framesFile, constants.O_RDWR | constants.O_CREAT, 0o600);
		await syncFolder(folder);
		return {spool: new Spool(folder, file, makeRoom), discarded};
	}

	readonly #folder: string;
	readonly #file: FileHandle;
	readonly #makeRoom: (() => Promise<void>) | undefined;
	#chain = new Chain();

	/** Bytes of the file that are good. */
	#size = 0;

	private constructor(folder: string, file: FileHandle, makeRoom: (() => Promise<void>) | undefined) {
		this.#folder = folder;
		this.#file = file;
		this.#makeRoom = makeRoom;
	}

	async #write(bytes: Uint8Array): Promise<void> {
		try {
			await this.#writeWithRoom(bytes);
		} catch (error) {
			await this.#file.truncate(this.#size).catch(() => {});
			throw await this.#explain(error);
		}

		this.#size += bytes.length;
	}

	/** Where that is wanting, makes room once. */
	async #writeWithRoom(bytes: Uint8Array): Promise<void> {
		try {
			await writeAt(this.#file, bytes, this.#size);
		} catch (error) {
			if (this.#makeRoom === undefined || !isNoSpace(error)) {
				throw error;
			}

			await this.#makeRoom();
			await writeAt(this.#file, bytes, this.#size);
		}
	}

	async #explain(error: unknown): Promise<unknown> {
		if (!isNoSpace(error)) {
			return new CoppiceError('failed', `What is being received can't be written: ${error instanceof Error ? error.message : String(error)}.`, {
				file: this.#folder, hint: 'What has arrived so far is kept: the next try goes on from there.', cause: error,
			});
		}

		const {bsize, bavail} = await statfs(this.#folder);
		const free = prettyBytes(bsize * bavail, {binary: true});
		return new CoppiceError('failed', `There is no room for what is being received: ${free} free where it is kept.`, {
			file: this.#folder,
			hint: 'What has arrived is kept. Make room there (`coppice prune --now` destroys old commits), then run this again: it goes on from there.',
			cause: error,
		});
	}

	/** The frames that are there. */
	get chain(): Chain {
		return this.#chain;
	}

	/**
	Reads what an earlier try has brought, and cuts off what is not good.

	@param onFrame - Is given each frame that is there. What it throws ends this, and nothing is cut off.
	@returns What was damaged; a message that writing was cut in does not count.
	*/
	async recover(onFrame: (raw: Buffer) => Promise<void>): Promise<Discarded | undefined> {
		const stored = readChecked(this.#file);
		let damage: SpoolDamage | undefined;
		for (;;) {
			let next: IteratorResult<Checked, void>;
			try {
				next = await stored.next();
			} catch (error) {
				if (!(error instanceof SpoolDamage)) {
					throw error;
				}

				damage = error;
				break;
			}

			if (next.done === true) {
				break;
			}

			const {message, raw, end} = next.value;
			this.#size = end;
			this.#chain.add(message.hash, message.rawLength);
			await onFrame(raw);
		}

		const {size} = await this.#file.stat();
		if (size > this.#size) {
			await this.#file.truncate(this.#size);
		}

		// What a killed process had written may not be on the disk yet, and the sender is going to skip it.
		await this.#file.datasync();
		return damage === undefined || damage.isTorn ? undefined : {bytes: size - this.#size, why: 'damaged'};
	}

	/**
	Appends a frame that was held against its hash. It lasts after the next `sync`.

	@param bytes - The message as it came over the line.
	@throws CoppiceError `failed` if it is not the next one; if there is no room for it.
	*/
	async append(message: DataMessage, bytes: Uint8Array): Promise<void> {
		chainFrame(this.#chain, message);
		await this.#write(bytes);
		failpoint('transfer.spool.appended');
	}

	/** Makes everything that was appended last. */
	async sync(): Promise<void> {
		try {
			await this.#file.datasync();
		} catch (error) {
			throw await this.#explain(error);
		}

		failpoint('transfer.spool.synced');
	}

	/** Forgets all frames. */
	async empty(): Promise<void> {
		await this.#file.truncate(0);
		await this.#file.datasync();
		this.#chain = new Chain();
		this.#size = 0;
		failpoint('transfer.spool.emptied');
	}

	/**
	The frames of the stream, each checked again.

	@yields A frame.
	@throws CoppiceError `failed` where one is damaged.
	*/
	async * frames(): AsyncGenerator<Buffer, void, undefined> {
		let streamBytes = 0;
		try {
			for await (const {raw} of readChecked(this.#file)) {
				streamBytes += raw.length;
				yield raw;
			}

			if (streamBytes !== this.#chain.streamBytes) {
				throw new SpoolDamage(true);
			}
		} catch (error) {
			throw error instanceof SpoolDamage
				? new CoppiceError('failed', `What was received was damaged on the disk after ${prettyBytes(streamBytes, {binary: true})} of it.`, {
					file: path.join(this.#folder, 'frames'),
					hint: 'Nothing was applied. Run this again: what is damaged is sent again. Have a look at the health of the disk, too.',
					cause: error,
				})
				: error;
		}
	}

	async close(): Promise<void> {
		await this.#file.close();
	}

	/** Removes all of it. Other files of the folder stay, and the folder with them. */
	async remove(): Promise<void> {
		await this.#file.close();
		await rm(path.join(this.#folder, 'frames'), {force: true});
		failpoint('transfer.spool.frames-removed');
		await rm(path.join(this.#folder, 'request.json'), {force: true});
		try {
			await rmdir(this.#folder);
			await syncFolder(path.dirname(this.#folder));
		} catch (error) {
			if (!isSystemError(error, 'ENOTEMPTY', 'EEXIST', 'ENOENT')) {
				throw error;
			}
		}
	}
}

/**
Makes the folder of a spool, for its owner alone.

@returns It, with every link resolved.
*/
export const makeSpoolFolder = async (folder: string): Promise<string> => {
	// Those above it stay open to the users that databases run as.
	await mkdir(path.dirname(folder), {recursive: true});
	await mkdir(folder, {recursive: true, mode: 0o700});
	await chmod(folder, 0o700);
	return realpath(folder);
};
