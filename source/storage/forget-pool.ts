/**
Takes a pool away with everything in it. Nothing asks here: the caller has.
*/
import {rm} from 'node:fs/promises';
import path from 'node:path';
import {listIfThere, removeDurably} from '../system/durable-file.ts';
import {stackFolder, stacksFolder, volumesFolder} from './layout.ts';
import {resolvePath} from './mount-table.ts';
import {besidePoolFile, readBesidePoolFile, readPoolFile} from './pool-file.ts';
import {openPool} from './pool.ts';

/**
Removes a pool: its volumes, what is mounted for it, its image and its descriptions. No pool there is no error.
*/
export const forgetPool = async (folder: string): Promise<void> => {
	const pool = await resolvePath(path.resolve(folder));
	if (await readPoolFile(pool) === undefined && await readBesidePoolFile(pool) === undefined) {
		return;
	}

	const {description, driver} = await openPool(pool);
	if (description.image === undefined) {
		for (const stack of await listIfThere(stacksFolder(pool))) {
			for (const volume of await listIfThere(volumesFolder(pool, stack))) {
				await driver.removeVolume({stack, volume});
			}

			await rm(stackFolder(pool, stack), {recursive: true, force: true});
		}
	} else {
		const {unmountImage} = await import('./loop-image.ts');
		const {removeMountUnit} = await import('./mount-unit.ts');
		await removeMountUnit(pool);
		await unmountImage(pool);
		// The description goes first: a pool without its image could never be opened.
		await removeDurably(besidePoolFile(pool));
		await rm(description.image, {force: true});
	}

	if (description.driver === 'zfs' && description.dataset !== undefined) {
		const {destroyZfsPoolDataset} = await import('./zfs/zfs-dataset.ts');
		await removeDurably(besidePoolFile(pool));
		await destroyZfsPoolDataset(description.dataset);
	}

	await rm(pool, {recursive: true, force: true});
};
