/**
Refuses to commit a database whose data lie partly outside its volume: such a commit would not be whole.
*/
import path from 'node:path';
import {CoppiceError} from '../../system/errors.ts';
import {linksLeavingVolume} from '../../database/links-leaving-volume.ts';
import type {Workspace} from '../workspace/workspace.ts';
import {databaseFolders} from './database-folders.ts';

/**
@throws CoppiceError `precondition` naming the link and where it leads.
*/
export const refuseLinksLeaving = async (workspace: Workspace, branch: string): Promise<void> => {
	const {stack, databases, pool, volumes} = workspace;
	await Promise.all(volumes.flatMap(volume => databaseFolders(stack, databases, volume).map(async ({service, subpath, mountedAt}) => {
		const folder = path.join(pool.driver.branchData({stack: stack.name, volume}, branch), subpath);
		const [link] = await linksLeavingVolume(folder, {mountedAt: path.posix.join(mountedAt, subpath)});
		if (link !== undefined) {
			throw new CoppiceError('precondition', `${link.path} of ${service} is a link to ${link.target}, outside the volume ${volume}, so a commit would not be whole.`, {
				stack: stack.name, service, volume,
				hint: 'Move a tablespace or a WAL folder into the volume first (`alter … set tablespace pg_default`).',
			});
		}
	})));
};
