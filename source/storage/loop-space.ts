/**
Space of a pool in a loop-mounted image: the image grows before the pool is full, and what is freed goes back to the disk.
*/
import {stat, statfs, truncate} from 'node:fs/promises';
import path from 'node:path';
import {isRoot, runCommand, tryCommand} from '../system/run-command.ts';
import type {BtrfsOptions} from './btrfs/btrfs-driver.ts';
import type {Room} from './driver.ts';
import {
	freeInPool,
	imageLimit,
	nextImageSize,
	type GrowthState,
} from './image-size.ts';
import {isImageMounted, loopDeviceOf} from './loop-image.ts';
import {withPoolLock} from './pool-lock.ts';

const measure = async (pool: string, image: string): Promise<GrowthState & {readonly poolTotal: number}> => {
	const [inPool, disk, {size, blocks}] = await Promise.all([statfs(pool), statfs(path.dirname(image)), stat(image)]);
	return {
		size,
		allocated: blocks * 512,
		poolTotal: inPool.blocks * inPool.bsize,
		poolFree: inPool.bavail * inPool.bsize,
		diskFree: disk.bavail * disk.bsize,
		diskTotal: disk.blocks * disk.bsize,
	};
};

/** Makes the image larger where that is due. Says whether it did. */
const grow = async (pool: string, image: string, isUrgent: boolean): Promise<boolean> => {
	if (!isRoot() || nextImageSize(await measure(pool, image), isUrgent) === undefined) {
		return false;
	}

	return withPoolLock(pool, 'mount', async () => {
		// Another process may have done it while this one waited.
		const size = nextImageSize(await measure(pool, image), isUrgent);
		if (size === undefined || !await isImageMounted(pool)) {
			return false;
		}

		await truncate(image, size);
		await runCommand(['losetup', '--set-capacity', await loopDeviceOf(pool)]);
		await runCommand(['btrfs', 'filesystem', 'resize', 'max', pool]);
		return true;
	});
};

/** How long giving back may wait for the file system to let go of deleted subvolumes; `discard=async` does what is left. */
const patience = 10_000;

/**
What the btrfs driver has to do otherwise for a pool in an image.
*/
export const imageSpace = (pool: string, image: string): Required<Pick<BtrfsOptions, 'room' | 'makeRoom' | 'giveBack'>> => ({
	async room(wantedBytes = 0): Promise<Room> {
		await grow(pool, image, false);
		let state = await measure(pool, image);
		// Not for what will not fit anyway.
		while (state.poolFree < wantedBytes && imageLimit(state) - (state.size - state.poolFree) >= wantedBytes && await grow(pool, image, true)) {
			state = await measure(pool, image);
		}

		const freeBytes = freeInPool(state);
		return {totalBytes: state.poolTotal - state.poolFree + freeBytes, freeBytes};
	},

	makeRoom: async () => grow(pool, image, true),

	async giveBack() {
		if (!isRoot()) {
			return;
		}

		// Wakes the kernel's cleaner, which else comes by every 30 s.
		await tryCommand(['btrfs', 'filesystem', 'sync', pool], {timeout: patience});
		await tryCommand(['btrfs', 'subvolume', 'sync', '-s', '1', pool], {timeout: patience});

		// What was freed can be trimmed once the transaction that freed it is over.
		await tryCommand(['btrfs', 'filesystem', 'sync', pool], {timeout: patience});
		await tryCommand(['fstrim', pool], {timeout: patience});
	},
});
