/**
The interface of copy-on-write storage. One contract suite (`test/storage/driver-contract.ts`) holds for every implementation.

Every change here can be cut by a power failure between any two system calls, and is safe to run again with the same arguments:
it then finishes what was begun, or finds it done. The journal of the verbs relies on that, and on ids chosen by the caller.
*/
import type {StreamPart} from '../stream/commands.ts';
import type {DiffOptions} from '../stream/diff-trees.ts';
import type {VolumeAddress} from './layout.ts';

export type {VolumeAddress} from './layout.ts';

export type DriverName = 'btrfs' | 'zfs' | 'directory';

export type SnapshotRequest = {
	readonly address: VolumeAddress;
	readonly branch: string;

	/** A UUID chosen by the caller; the snapshot's id on every host from now on. */
	readonly snapshot: string;
};

/**
One side of a comparison: a snapshot, or the live data of a branch.
*/
export type DataReference = {readonly snapshot: string} | {readonly branch: string};

export type FileChange = {
	/** Relative to the volume's `data` folder. */
	readonly path: string;
	readonly kind: 'added' | 'removed' | 'modified' | 'renamed' | 'metadata';
	readonly from?: string;

	/** Bytes of content that differ (whole size for an added file, 0 for a removed one). */
	readonly bytes: number;
};

/**
A file of the live data that differs from a snapshot.
*/
export type Difference = {
	/** Relative to the volume's `data` folder. */
	readonly path: string;

	/** Milliseconds since 1970 when it was changed last, by its inode; of a removed file, when names in its folder last changed. */
	readonly changedAt: number;
};

export type ChangeSummary = {
	readonly files: readonly FileChange[];

	/** Sum of the bytes of all files, even of those beyond `limit`. */
	readonly bytes: number;
	readonly fileCount: number;
};

export type Usage = {
	/** Bytes of disk that the data takes, shared or not. */
	readonly totalBytes: number;

	/** Bytes that it shares with the base. */
	readonly sharedBytes: number;

	/** Bytes that only this clone holds: what it has written since the base. */
	readonly ownBytes: number;
};

export type Survey = Usage & {
	readonly changed: boolean;
};

export type VolumeContents = {
	/** Names of branches with a live clone. */
	readonly branches: readonly string[];

	/** Ids of whole snapshots. */
	readonly snapshots: readonly string[];

	/** Names of clones staged and not yet swapped in; those that a running process receives into are left out. */
	readonly staged: readonly string[];

	/** Ids of snapshots removed but not yet destroyed. */
	readonly trash: readonly string[];

	/** Paths or names of anything half made, left by a crash; `clean` removes it. */
	readonly leftovers: readonly string[];
};

export type Room = {
	readonly totalBytes: number;
	readonly freeBytes: number;
};

/**
What a driver is like here, for `doctor` and the messages of `init`.
*/
export type DriverTraits = {
	/** Whether a clone takes the same time whatever its size, sharing its blocks. */
	readonly sharesBlocks: boolean;

	/** How a clone is made here: `subvolume snapshot`, `zfs clone`, `reflink copy` or `full copy`. */
	readonly cloneMethod: string;

	/** What does not work here and why: one sentence each, for the user. */
	readonly limits: readonly string[];
};

export type OpenSnapshot = {
	/** The `data` folder, read-only. */
	readonly path: string;
	close: () => Promise<void>;
};

export type SnapshotPair = {
	readonly snapshot: string;

	/** Any snapshot of the volume; none for all of the data. */
	readonly base?: string | undefined;
};

/**
A snapshot, and a base to compare it with, opened for making a stream of what differs.
*/
export type OpenPair = {
	/** The folder that holds `data`. Whatever else is in it is nothing of ours. */
	readonly root: string;
	readonly baseRoot: string | undefined;

	/** Milliseconds since 1970 when the snapshot was taken, or a little before. */
	readonly takenAt: number;

	/** How to compare the two. */
	readonly rule: Pick<DiffOptions, 'clones' | 'partedAt' | 'trustTimesBefore' | 'changedRanges'>;
	close: () => Promise<void>;
};

/**
What a file system's own program is to make a snapshot of.
*/
export type NativeReceive = SnapshotPair & {
	/** The checked commands of a stream in terms of ids. Those about the root are left out. Opened anew for each try. */
	readonly open: () => AsyncIterable<StreamPart>;
	readonly signal?: AbortSignal | undefined;
};

export type StorageDriver = {
	readonly name: DriverName;

	/** The pool's folder. */
	readonly pool: string;
	readonly traits: DriverTraits;

	/**
	Makes an empty live clone of a new branch, with a `data` folder (mode 0755) inside.
	Does nothing when the branch is there.
	*/
	createBranch(address: VolumeAddress, branch: string): Promise<void>;

	/**
	Does beforehand, while writers still write, what makes `snapshot` short: writes dirty data to disk. Optional on both sides:
	`snapshot` does not rely on it.
	*/
	prepareSnapshot?(requests: readonly SnapshotRequest[]): Promise<void>;

	/**
	Takes read-only snapshots of live clones; the caller has frozen the writers, so this is on the critical path: nothing is
	done here that could be done before or after. All volumes of one call are taken as near to one instant as the driver can.
	A snapshot that is already whole is left as it is.

	@throws CoppiceError `failed` when the pool is full: nothing half made is left then.
	*/
	snapshot(requests: readonly SnapshotRequest[]): Promise<void>;

	/**
	Makes a writable clone of a snapshot under a name that no branch has, to be changed and then swapped in.
	Whole or not there. One that is already there is kept.

	@returns The path of its `data` folder.
	@throws CoppiceError `not-found` when there is no such snapshot.
	*/
	stage(address: VolumeAddress, snapshot: string, staged: string): Promise<string>;

	/**
	Makes a staged clone the live clone of a branch. The live clone that was there becomes the snapshot `keepAs`, without a
	copy; nothing is discarded. Done already (nothing staged under that name) is no error as long as the branch is there.

	@throws CoppiceError `conflict` when the branch has a live clone and no `keepAs` was given.
	*/
	swap(address: VolumeAddress, branch: string, staged: string, keepAs?: string): Promise<void>;

	/**
	Removes the live clone of a branch; its data become the snapshot `keepAs`. Without a live clone it does nothing.
	*/
	retire(address: VolumeAddress, branch: string, keepAs: string): Promise<void>;

	/**
	Renames a live clone. Does nothing when `from` is gone and `to` is there.
	*/
	renameBranch(address: VolumeAddress, from: string, to: string): Promise<void>;

	/**
	Makes an empty clone under a name that no branch has, as `stage` does: there is no `data` in it yet.

	@returns The path of the folder that `data` is to be made in.
	*/
	stageEmpty(address: VolumeAddress, staged: string): Promise<string>;

	/**
	Makes a staged clone, to which nobody writes any more and which is on disk, a snapshot. Where that snapshot is whole already it stays, and the
	clone goes. Done already (nothing staged under that name) is no error as long as the snapshot is there.

	@param takenAt - Milliseconds since 1970 when the data were like that where they come from, or a little before.
	@throws CoppiceError `not-found` when there is neither.
	*/
	keepStaged(address: VolumeAddress, staged: string, snapshot: string, takenAt: number): Promise<void>;

	/** Removes a staged clone that is not wanted any more. */
	unstage(address: VolumeAddress, staged: string): Promise<void>;

	/**
	Moves a snapshot to the trash, from which `restore` brings it back until `emptyTrash`. Branches and snapshots that were
	made from it are untouched. One that is not there is no error.
	*/
	remove(address: VolumeAddress, snapshot: string): Promise<void>;

	/** Brings a snapshot back from the trash. Done already is no error. */
	restore(address: VolumeAddress, snapshot: string): Promise<void>;

	/** Destroys what is in the trash, or only these ids. Space may come free some seconds later. */
	emptyTrash(address: VolumeAddress, snapshots?: readonly string[]): Promise<void>;

	/** Removes anything half made that a crash left in the volume. Only to be called under the stack's lock. */
	clean(address: VolumeAddress): Promise<void>;

	/** What is there. Never guesses: a pool that can't answer is an error. */
	contents(address: VolumeAddress): Promise<VolumeContents>;

	/**
	Since when the pool has a snapshot, taken here or received: milliseconds since 1970, or a little later. Whatever times its files have, and those of
	what it was cloned from, do not count.

	@throws CoppiceError `not-found` when there is no such snapshot.
	*/
	arrivedAt(address: VolumeAddress, snapshot: string): Promise<number>;

	/** The `data` folder of a live clone. */
	branchData(address: VolumeAddress, branch: string): string;

	/** Opens a snapshot for reading. */
	openSnapshot(address: VolumeAddress, snapshot: string): Promise<OpenSnapshot>;

	/**
	Opens a snapshot, with a base or without, to make a stream of it. With a base it may take as long as what changed takes to be read.

	@throws CoppiceError `not-found` when one is not there; `interrupted` by the signal.
	*/
	openPair(address: VolumeAddress, pair: SnapshotPair, options?: {signal?: AbortSignal | undefined}): Promise<OpenPair>;

	/**
	The file system's own stream of what differs, of the form of `btrfs send`, in terms of its own uuids. Nothing where this user or these two
	snapshots can't have one: then the two have to be compared.
	*/
	sendNatively?(address: VolumeAddress, pair: SnapshotPair, options?: {signal?: AbortSignal | undefined}): Promise<AsyncIterable<Uint8Array> | undefined>;

	/**
	Makes a snapshot of a stream by the file system's own program: whole, sealed and lasting, or not there.

	@returns Whether it did. Where it can't, for whatever reason but want of space, nothing is left and our own applier has to try.
	*/
	receiveNatively?(address: VolumeAddress, request: NativeReceive): Promise<boolean>;

	/** About how many bytes of content differ, where the file system tells quickly. */
	estimateDifference?(address: VolumeAddress, pair: Required<SnapshotPair>): Promise<number | undefined>;

	/** What differs from `from` to `to`, at most `limit` files listed (all counted). */
	changes(address: VolumeAddress, from: DataReference, to: DataReference, options?: {limit?: number}): Promise<ChangeSummary>;

	/**
	Whether the live data differ from a snapshot. Returns at the first difference that `ignore` does not pass over.
	*/
	isChanged(address: VolumeAddress, branch: string, snapshot: string, options?: {ignore?: (difference: Difference) => boolean}): Promise<boolean>;

	/**
	Whether the live data differ from a snapshot, and their disk space against it: both from one walk, for `status`. Quick before
	exact: what was written in the last seconds and has no place on the disk yet is not counted.
	*/
	survey(address: VolumeAddress, branch: string, snapshot: string, options?: {ignore?: (difference: Difference) => boolean}): Promise<Survey>;

	/** Disk space of a branch's live clone or of a snapshot, against a base; everything is its own where there is none. */
	usage(address: VolumeAddress, data: DataReference, base?: string): Promise<Usage>;

	/**
	Space of the pool, after growing it where it can grow and is nearly full, or where so much is about to be written to it.

	@param wantedBytes - What should fit. Whether it does is seen from the result.
	*/
	room(wantedBytes?: number): Promise<Room>;

	/** Removes a volume with its branches and snapshots. The caller has asked, and keeps nothing. */
	removeVolume(address: VolumeAddress): Promise<void>;
};
