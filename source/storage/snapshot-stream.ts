/**
Snapshots on their way between pools, whatever file systems these are on: one is sent as a stream of the form of `btrfs send`, in full or as what
changed since a base that both sides have, and received as a snapshot of the same id.

The stream is of the folder that holds `data/`, and in terms of ids: its uuid is the snapshot's id, that of its base the base's. Its last
command but the end is the root's `utimes`, whose time of modification tells when the snapshot was taken; of the root it says nothing else.

Where the file systems' own programs can do it, they do; elsewhere our differ makes the stream, and our applier carries it out on a clone of the
base that nobody else knows of. What is received counts from the moment that it is whole, sealed and on disk.
*/
import path from 'node:path';
import {
	type Applied,
	applyStream,
	lookUpIn,
	type Owner,
} from '../stream/apply-stream.ts';
import {fromBaseDifferences, toBaseDifferences} from '../stream/base-differences.ts';
import type {BytePath} from '../stream/byte-path.ts';
import {checkParts, type LeftOut, StreamChecker} from '../stream/check-stream.ts';
import type {CommandName, StreamCommand, StreamPart} from '../stream/commands.ts';
import {ConfinedTree} from '../stream/confined-tree.ts';
import {decodeParts} from '../stream/decode-stream.ts';
import {diffTrees} from '../stream/diff-trees.ts';
import {editStream} from '../stream/edit-stream.ts';
import {encodeStream} from '../stream/encode-stream.ts';
import {identityRewriter} from '../stream/rewrite-identity.ts';
import {settle, settledCommands} from '../stream/settle-stream.ts';
import {CoppiceError, isSystemError} from '../system/errors.ts';
import {failpoint} from '../system/failpoint.ts';
import {measureTree} from './compare-trees.ts';
import type {
	OpenPair,
	SnapshotPair,
	StorageDriver,
	VolumeAddress,
} from './driver.ts';
import {checkReceived} from './received-tree.ts';
import {newReceivingName} from './receiving-name.ts';
import {explainNoSpace, isNoSpace} from './storage-errors.ts';

/** As much of a pool as is needed here. */
export type SnapshotPool = {readonly driver: StorageDriver};

/** `base`: a snapshot that the other side has too, any of the volume; without one everything is sent. */
export type SnapshotToSend = SnapshotPair;

export type SendOptions = {
	readonly signal?: AbortSignal | undefined;

	/** Tells what is like the base as differences from it, for who has the same base and takes them: see `base-differences.ts`. */
	readonly asDifferences?: boolean;

	/** Told of a file of the base that can't be read then, and what the system says of it. */
	readonly onUnreadable?: (path: BytePath, cause: string) => void;

	/** Told of what can't be in the stream. */
	readonly onLeftOut?: (what: string, path: BytePath) => void;
};

const editedCommands: ReadonlySet<CommandName> = new Set(['subvol', 'snapshot', 'clone', ...settledCommands]);

async function * settleAll(commands: AsyncIterable<StreamCommand>, takenAt: number): AsyncGenerator<StreamCommand, void, undefined> {
	for await (const command of commands) {
		yield * settle(command, takenAt);
	}
}

/** What the snapshot is called in the stream; it gets its name where it is received. */
const nameInStream = 'snapshot';

/** What the file system's own program has made, in terms of ids. */
const renameNative = (native: AsyncIterable<Uint8Array>, {snapshot, base}: SnapshotToSend, takenAt: number): AsyncIterable<Uint8Array> => {
	const rewrite = identityRewriter({name: nameInStream, uuid: snapshot, baseUuid: base});
	return editStream(native, editedCommands, command => settle(rewrite(command) as StreamCommand, takenAt));
};

const compare = (pair: OpenPair, {snapshot, base}: SnapshotToSend, {signal, onLeftOut}: SendOptions): AsyncIterable<Uint8Array> =>
	encodeStream(settleAll(diffTrees(pair.baseRoot, pair.root, {
		...pair.rule,
		name: nameInStream,
		uuid: snapshot,
		...(base !== undefined && {base: {uuid: base}}),
		...(signal !== undefined && {signal}),
		...(onLeftOut !== undefined && {onLeftOut}),
	}), pair.takenAt));

/**
The same stream, byte for byte, whenever it is made again by the same pool.

@yields Pieces of up to 1 MiB, each in memory that nothing else is written to; told as differences, valid until the next is asked for.
Nothing is opened before the first is asked for; giving up closes everything.
@throws CoppiceError `not-found` when the snapshot or the base is not there; `interrupted` by the signal.
*/
export async function * sendSnapshot(
	pool: SnapshotPool,
	address: VolumeAddress,
	wanted: SnapshotToSend,
	options: SendOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
	const {driver} = pool;
	const {signal, asDifferences = false} = options;
	const pair = await driver.openPair(address, wanted, {signal});
	try {
		const native = await driver.sendNatively?.(address, wanted, {signal});
		const stream = native === undefined ? compare(pair, wanted, options) : renameNative(native, wanted, pair.takenAt);
		if (asDifferences && pair.baseRoot !== undefined) {
			yield * toBaseDifferences(stream, pair.baseRoot, {onUnreadable: options.onUnreadable});
		} else {
			yield * stream;
		}
	} catch (error) {
		throw isSystemError(error, 'EACCES', 'EPERM')
			? new CoppiceError('permission', `Some files of the volume ${address.volume} of ${address.stack} can't be read by this user.`, {
				...address, cause: error, hint: 'Run the command as root: they belong to the user of a service.',
			})
			: error;
	} finally {
		await pair.close();
	}
}

export type ReceiveRequest = SnapshotToSend & {
	readonly address: VolumeAddress;

	/** The whole stream, from the start each time it is called; it may tell differences from the base (`base-differences.ts`). */
	readonly open: () => AsyncIterable<Uint8Array>;

	/**
	That the whole stream was checked by a `StreamChecker` before, with `uuid`, `expects` and `baseUuid`: one pass over it less. Each command is
	checked again against the base before it is carried out, and nothing counts before the last.
	*/
	readonly checked?: boolean;

	/** Bytes of the stream, where they are known: room is made for them. */
	readonly streamBytes?: number | undefined;

	/** What to do with what would give files more rights here than a user's data need: `leave-out` unless told. */
	readonly privileges?: 'leave-out' | 'refuse' | 'keep';

	/** Whose a file shall be here that is somebody's there. Without root all files are this user's, which `leftOut` tells. */
	readonly mapOwner?: ((owner: Owner) => Owner) | undefined;
	readonly signal?: AbortSignal | undefined;

	/** Told now and then how many bytes of the stream are applied. */
	readonly onProgress?: ((bytes: number) => void) | undefined;
};

export type Received = {
	/** What the stream had and the snapshot has not. */
	readonly leftOut: readonly LeftOut[];
};

/**
Makes a snapshot of a stream: whole, sealed and lasting, or not there. One that is there already is kept as it is, and one in the trash is
restored. Does not need the stack's lock, but the base must not be removed meanwhile.

@throws CoppiceError `not-found` when the base is not there; `failed` for a stream that is refused, with the place in it, and where the pool is full;
`interrupted` by the signal. Nothing is left then.
*/
export const receiveSnapshot = async (pool: SnapshotPool, request: ReceiveRequest): Promise<Received> => {
	const {driver} = pool;
	const {address, snapshot, base} = request;
	const {snapshots, trash} = await driver.contents(address);
	if (snapshots.includes(snapshot)) {
		return {leftOut: []};
	}

	if (trash.includes(snapshot)) {
		await driver.restore(address, snapshot);
		return {leftOut: []};
	}

	const opened = base === undefined ? undefined : await driver.openPair(address, {snapshot: base});
	const root = opened?.root;
	try {
		const {open} = request;
		const told = root === undefined ? open : () => fromBaseDifferences(open(), root);
		return await receive(driver, {...request, open: told}, root);
	} catch (error) {
		throw await explainNoSpace(error instanceof CoppiceError && isNoSpace(error.cause) ? error.cause : error, driver.pool);
	} finally {
		await opened?.close();
	}
};

/** The commands of a stream that may be carried out, each judged before. */
class CheckedStream implements AsyncIterable<StreamPart> {
	readonly #request: ReceiveRequest;
	readonly #base: string | undefined;
	#checker: StreamChecker;

	constructor(request: ReceiveRequest, base: string | undefined) {
		this.#request = request;
		this.#base = base;
		this.#checker = new StreamChecker();
	}

	async * #parts(isApplied: boolean) {
		const {open, signal, onProgress} = this.#request;
		using tree = this.#base === undefined ? undefined : new ConfinedTree(this.#base);
		this.#checker = new StreamChecker({...checksOf(this.#request), ...(tree !== undefined && {lookUp: lookUpIn(tree)})});
		let told = 0;
		for await (const part of checkParts(decodeParts(open(), {skipsChecksums: isApplied}), this.#checker)) {
			if (part.offset - told >= tellEvery) {
				told = part.offset;
				if (isApplied) {
					onProgress?.(told);
				}

				if (signal?.aborted === true) {
					throw new CoppiceError('interrupted', 'Interrupted while the snapshot was received.');
				}
			}

			yield part;
		}
	}

	get leftOut(): readonly LeftOut[] {
		return this.#checker.leftOut;
	}

	/** Goes through all of it, without doing anything. */
	async check(): Promise<number> {
		let bytes = 0;
		for await (const {offset, size} of this.#parts(false)) {
			bytes = offset + size;
		}

		return bytes;
	}

	async * [Symbol.asyncIterator](): AsyncGenerator<StreamPart, void, undefined> {
		const {mapOwner} = this.#request;
		for await (const part of this.#parts(true)) {
			const {offset, size, command} = part;
			yield mapOwner !== undefined && command.type === 'chown' ? {offset, size, command: {...command, ...mapOwner(command)}} : part;
		}
	}
}

/** Bytes of the stream from one word about how far it is to the next. */
const tellEvery = 2 ** 20;

const checksOf = ({snapshot, base, privileges = 'leave-out'}: ReceiveRequest) => ({
	uuid: snapshot,
	expects: base === undefined ? 'full' : 'increment',
	...(base !== undefined && {baseUuid: base}),
	privileges,
} as const);

const receive = async (driver: StorageDriver, request: ReceiveRequest, baseRoot: string | undefined): Promise<Received> => {
	const {address, snapshot, base, checked = false, signal, onProgress} = request;
	let {streamBytes} = request;
	if (!checked) {
		streamBytes = await new CheckedStream(request, baseRoot).check();
	}

	await driver.room(streamBytes);
	failpoint('storage-receive-checked');
	let stream = new CheckedStream(request, baseRoot);
	const isReceived = await driver.receiveNatively?.(address, {
		snapshot,
		base,
		signal,
		open() {
			stream = new CheckedStream(request, baseRoot);
			return stream;
		},
	}) ?? false;
	if (isReceived) {
		onProgress?.(streamBytes ?? 0);
		return {leftOut: stream.leftOut};
	}

	return applyOnClone(driver, request, baseRoot);
};

const applyOnClone = async (driver: StorageDriver, request: ReceiveRequest, baseRoot: string | undefined): Promise<Received> => {
	const {
		address, snapshot, base, open, signal, onProgress, mapOwner,
	} = request;
	const staged = newReceivingName();
	try {
		const root = base === undefined ? await driver.stageEmpty(address, staged) : path.dirname(await driver.stage(address, base, staged));
		const applied = await applyStream(open(), root, {
			...checksOf(request),
			keepRoot: true,
			skipsChecksums: true,
			...(baseRoot !== undefined && {base: baseRoot}),
			...(mapOwner !== undefined && {mapOwner}),
			...(signal !== undefined && {signal}),
			...(onProgress !== undefined && {onProgress}),
		});
		await checkReceived(root);
		failpoint('storage-receive-applied');
		await driver.keepStaged(address, staged, snapshot, takenAt(applied));
		return {leftOut: applied.leftOut};
	} catch (error) {
		try {
			await driver.unstage(address, staged);
		} catch {
			// The first failure is what counts; `clean` removes what could not be removed now.
		}

		throw error;
	}
};

/** Unless the stream tells, all of time is too late. */
const takenAt = ({rootTime}: Applied): number => rootTime === undefined ? 0 : Math.max(0, Number(rootTime / 1_000_000n));

/** Bytes of a stream for each file, beside its content: names, owner, mode, times. */
const aroundFile = 250;

/** Each write of 48 KiB has a head. */
const aroundContent = 1.002;

/**
About how many bytes the stream would have, before compression. Quick, not exact: where the file system can't tell, a file that changed counts
whole.

@throws CoppiceError `not-found` when the snapshot or the base is not there.
*/
export const estimateSend = async ({driver}: SnapshotPool, address: VolumeAddress, {snapshot, base}: SnapshotToSend): Promise<number> => {
	const told = base === undefined ? undefined : await driver.estimateDifference?.(address, {snapshot, base});
	if (told !== undefined) {
		return told;
	}

	const pair = await driver.openPair(address, {snapshot, base});
	try {
		return estimatePair(pair);
	} finally {
		await pair.close();
	}
};

const estimatePair = ({root, baseRoot, rule}: OpenPair): number => {
	const data = path.join(root, 'data');
	if (baseRoot === undefined) {
		return Math.round(measureTree(data).totalBytes * aroundContent);
	}

	const {differing} = measureTree(data, {root: path.join(baseRoot, 'data'), rule: {clones: rule.clones ?? 'inode', partedAt: Infinity}});
	return Math.round(differing.reduce((bytes, {diskBytes}) => bytes + (diskBytes * aroundContent) + aroundFile, 0));
};
