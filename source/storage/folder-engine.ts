/**
What a storage driver has to bring along where branches and snapshots are folders; `folder-driver.ts` does the rest.
*/
import type {StreamPart} from '../stream/commands.ts';
import type {TreeRule, TreeUsage} from './compare-trees.ts';
import type {
	DriverName,
	DriverTraits,
	FileChange,
	Room,
} from './driver.ts';

/**
How folders are made and unmade. Every path given is absolute; parents are there.
*/
export type FolderEngine = {
	readonly name: DriverName;
	readonly traits: DriverTraits;

	/** What a clone keeps of its files. */
	readonly clones: TreeRule['clones'];

	/** Makes an empty writable folder. */
	create(folder: string): Promise<void>;

	/** Makes `to` a read-only copy of the live folder `from`, stamped with the time it was taken: whole, lasting, or not there. */
	takeSnapshot(from: string, to: string): Promise<void>;

	/** Makes `to` a writable copy of the snapshot `from`: whole, lasting, or not there. */
	makeClone(from: string, to: string): Promise<void>;

	/** Makes a folder read-only, and makes that and its name last. */
	seal(folder: string): Promise<void>;
	isSealed(folder: string): boolean;

	/** Milliseconds since 1970 when a folder was made, where its inode may be that of what it was cloned from. */
	madeAt?(folder: string): Promise<number>;

	/** Whether a folder is destroyed whole or not at all, also after a power cut. */
	readonly destroysAtOnce: boolean;

	/** Removes folders with all they hold, sealed or not. */
	destroy(folders: readonly string[]): Promise<void>;

	/** Called after data were destroyed by `emptyTrash` or `removeVolume`, to give space back. */
	giveBack?(): Promise<void>;

	/** Done before writers are frozen, for what `takeSnapshot` will be asked. */
	prepareSnapshots?(pairs: ReadonlyArray<readonly [from: string, to: string]>): Promise<void>;

	/** Space of the pool, after making it so large that this much fits; that of the file system unless told. */
	room?(wantedBytes?: number): Promise<Room>;

	/** Makes room after a failure for want of it. Says whether it is worth trying again. */
	makeRoom?(): Promise<boolean>;

	/** A quick way to tell what differs between two snapshots; `undefined` where there is none. Paths are of the folders. */
	compareSnapshots?(from: string, to: string): Promise<FileChange[] | undefined>;

	/** Of files that differ from the base, the bytes of disk that no other clone shares. Unless told, counted by comparing content. */
	exclusiveBytes?(files: TreeUsage['differing'], options: {readonly isQuick: boolean}): Promise<number>;

	/** The file system's own stream from one sealed folder to another, or of all of one; nothing where there can't be one. */
	send?(from: string | undefined, to: string, options: {readonly signal?: AbortSignal | undefined}): AsyncIterable<Uint8Array> | undefined;

	/** About how many bytes of content differ between two sealed folders. */
	estimate?(from: string, to: string): Promise<number | undefined>;

	/**
	Makes a folder of a checked stream: whole, sealed, lasting. What it leaves where it did not is removed by the caller.

	@returns Whether it could.
	*/
	receive?(request: FolderReceive): Promise<boolean>;
};

export type FolderReceive = {
	/** The folder to make, in that of the base. */
	readonly folder: string;

	/** What it is to be known by. */
	readonly uuid: string;
	readonly base: string | undefined;
	readonly parts: AsyncIterable<StreamPart>;
	readonly signal?: AbortSignal | undefined;
};
