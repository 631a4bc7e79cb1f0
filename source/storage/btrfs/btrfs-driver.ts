/**
Storage on btrfs: every branch, staged clone and snapshot is a subvolume. Needs no root in a folder that is the user's own.
*/
import path from 'node:path';
import {findMount} from '../mount-table.ts';
import type {DriverTraits, Room, StorageDriver} from '../driver.ts';
import {createFolderDriver, stampFolder} from '../folder-driver.ts';
import type {FolderEngine} from '../folder-engine.ts';
import {isRoot, tryCommand} from '../../system/run-command.ts';
import {estimateNatively} from './estimate-send.ts';
import {exclusiveBytes} from './exclusive-bytes.ts';
import {receiveNatively} from './native-receive.ts';
import {canSendNatively, sendNatively} from './native-send.ts';
import {PreparedSnapshots} from './prepared-snapshots.ts';
import {sendChanges} from './send-changes.ts';
import {
	createSubvolume,
	deleteSubvolumes,
	isReadOnly,
	makeReadOnly,
	readCreation,
	takeReadOnlySnapshot,
	takeWritableSnapshot,
} from './subvolumes.ts';

export type BtrfsOptions = {
	/** The pool's folder, on btrfs. */
	readonly pool: string;

	/** Space of the pool, where it is not simply that of the file system. */
	readonly room?: (wantedBytes?: number) => Promise<Room>;

	/** Makes room after a failure for want of it; says whether it did. */
	readonly makeRoom?: () => Promise<boolean>;

	/** Called after data were destroyed, to give space back to what is below. */
	readonly giveBack?: () => Promise<void>;
};

const rootless = 'Without root, what changed between two commits is found by walking both, not by `btrfs send`.';
const notAllowed = 'Without root, deleting a commit means deleting its files one by one, because the file system is not mounted with user_subvol_rm_allowed.';

/**
Works out what this user can do here.
*/
const traitsOf = async (pool: string): Promise<DriverTraits> => {
	const limits: string[] = [];
	if (!isRoot()) {
		limits.push(rootless);
		const mount = await findMount(pool);
		if (mount?.options.includes('user_subvol_rm_allowed') !== true) {
			limits.push(notAllowed);
		}
	}

	return {sharesBlocks: true, cloneMethod: 'subvolume snapshot', limits};
};

export const createBtrfsDriver = async (options: BtrfsOptions): Promise<StorageDriver> => {
	const {pool, room, makeRoom, giveBack} = options;
	const prepared = new PreparedSnapshots();
	const engine: FolderEngine = {
		name: 'btrfs',
		traits: await traitsOf(pool),
		clones: 'inode',
		create: createSubvolume,

		async takeSnapshot(from, to) {
			stampFolder(from);
			if (!await prepared.take(from, to)) {
				await takeReadOnlySnapshot(from, to);
			}
		},

		makeClone: takeWritableSnapshot,
		seal: makeReadOnly,
		isSealed: isReadOnly,

		async madeAt(folder) {
			// Only root makes snapshots of streams natively; whatever else becomes a snapshot is stamped as a folder.
			return isRoot() ? readCreation(folder) : 0;
		},

		destroysAtOnce: isRoot(),
		destroy: deleteSubvolumes,

		async prepareSnapshots(pairs) {
			prepared.dismiss();
			for (const [from, to] of pairs) {
				prepared.prepare(from, to);
			}

			// With little dirty data left, the transaction of the snapshots is short.
			await tryCommand(['sync', '--file-system', pool]);
		},

		async compareSnapshots(from, to) {
			return isRoot() ? sendChanges(from, to) : undefined;
		},

		send: (from, to, {signal}) => canSendNatively(from, to) ? sendNatively(from, to, {signal}) : undefined,

		async receive({folder, ...request}) {
			return isRoot() && receiveNatively({folder: path.dirname(folder), name: path.basename(folder), ...request});
		},

		async estimate(from, to) {
			return canSendNatively(from, to) ? estimateNatively(from, to) : undefined;
		},

		exclusiveBytes,
		...(room !== undefined && {room}),

		// Space freed in the running transaction is usable after it: that may be all that is wanting.
		async makeRoom() {
			if (await makeRoom?.() !== true) {
				await tryCommand(['btrfs', 'filesystem', 'sync', pool]);
			}

			return true;
		},

		...(giveBack !== undefined && {giveBack}),
	};
	return createFolderDriver(pool, engine);
};
