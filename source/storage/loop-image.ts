/**
A btrfs file system in a sparse image on a loop device, for hosts whose disk has another file system. Made, mounted, unmounted.
How its size follows its content is in `loop-space.ts`.
*/
import {existsSync} from 'node:fs';
import {rename, rm, statfs} from 'node:fs/promises';
import path from 'node:path';
import {CoppiceError} from '../system/errors.ts';
import {isRoot, runCommand, tryCommand} from '../system/run-command.ts';
import {imageLimit} from './image-size.ts';
import {makeFolder} from './make-folder.ts';
import {findMount, mountsAt} from './mount-table.ts';
import {withPoolLock} from './pool-lock.ts';

const firstSize = 8 * (2 ** 30);

/** Btrfs itself starts at about 110 MiB; with less than this there is no use in it. */
const smallestSize = 512 * (2 ** 20);

/** `discard` gives freed space back to the disk below; `user_subvol_rm_allowed` lets users delete what they may make. */
export const mountOptions = 'loop,noatime,discard=async,user_subvol_rm_allowed';

/** The image of a pool. */
export const imageFile = (pool: string): string => `${pool}.img`;

/**
Why no image can be made and mounted for a pool in this folder, or `undefined` where one can, as far as can be told before.
*/
export const imageObstacle = async (pool: string): Promise<string | undefined> => {
	if (!isRoot()) {
		return 'mounting a btrfs image needs root';
	}

	for (const program of ['mkfs.btrfs', 'losetup', 'mount']) {
		try {
			await tryCommand([program, '--version']);
		} catch {
			return `${program} is not installed`;
		}
	}

	if (!existsSync('/dev/loop-control')) {
		return 'there are no loop devices here';
	}

	return await firstImageSize(pool) < smallestSize ? 'the disk has too little free space for a btrfs image' : undefined;
};

const firstImageSize = async (pool: string): Promise<number> => {
	const {bsize, blocks, bavail} = await statfs(path.dirname(pool));
	return Math.min(firstSize, imageLimit({allocated: 0, diskFree: bavail * bsize, diskTotal: blocks * bsize}));
};

/**
Makes the image of a pool with an empty file system in it: whole or not there. One that is there is kept.
*/
export const makeImage = async (pool: string): Promise<string> => {
	const image = imageFile(pool);
	if (existsSync(image)) {
		return image;
	}

	const making = `${image}.making`;
	await rm(making, {force: true});
	try {
		await runCommand(['truncate', '--size', String(await firstImageSize(pool)), making]);
		await runCommand(['chmod', '0600', making]);
		await runCommand(['mkfs.btrfs', '--quiet', '--label', 'coppice', making]);
		await runCommand(['sync', making]);
		await rename(making, image);
		await runCommand(['sync', path.dirname(image)]);
	} catch (error) {
		await rm(making, {force: true});
		throw error;
	}

	return image;
};

/** Whether a btrfs file system from a loop device is mounted at the pool's folder. */
export const isImageMounted = async (pool: string): Promise<boolean> => {
	const mounts = await mountsAt(pool);
	return mounts.some(({type, source}) => type === 'btrfs' && source.startsWith('/dev/loop'));
};

/**
Mounts the image of a pool at its folder. Mounted already is no error; two processes may try at once.

@throws CoppiceError `precondition` when this user may not mount, or the image is gone.
*/
export const mountImage = async (pool: string, image: string): Promise<void> => {
	if (await isImageMounted(pool)) {
		return;
	}

	if (!isRoot()) {
		throw new CoppiceError('precondition', `The pool ${pool} is not mounted, and mounting it needs root.`, {
			hint: `Run any \`coppice\` command as root once, or: sudo mount -o ${mountOptions} ${image} ${pool}`,
		});
	}

	if (!existsSync(image)) {
		throw new CoppiceError('precondition', `The image ${image} of the pool ${pool} is gone.`, {
			hint: 'Put it back where it was; all data of the pool are in it.', file: image,
		});
	}

	await withPoolLock(pool, 'mount', async () => {
		if (await isImageMounted(pool)) {
			return;
		}

		await makeFolder(pool);
		await runCommand(['mount', '-t', 'btrfs', '-o', mountOptions, image, pool], {
			code: 'precondition', hint: 'Run `coppice doctor`: it says whether loop devices and btrfs work on this host.',
		});
	});
};

/** The loop device behind a mounted pool. */
export const loopDeviceOf = async (pool: string): Promise<string> => {
	const mount = await findMount(pool);
	if (!mount?.source.startsWith('/dev/loop')) {
		throw new CoppiceError('precondition', `The pool ${pool} is not mounted.`, {hint: 'Run the command again: it mounts the pool first.'});
	}

	return mount.source;
};

/**
Unmounts the image of a pool. Not mounted is no error.

@throws CoppiceError `conflict` while something uses it.
*/
export const unmountImage = async (pool: string): Promise<void> => withPoolLock(pool, 'mount', async () => {
	while (await isImageMounted(pool)) {
		await runCommand(['umount', pool], {code: 'conflict', hint: 'Stop the services that use it: `coppice down`.'});
	}
});
