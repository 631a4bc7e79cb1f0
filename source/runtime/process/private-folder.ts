/**
The folder of a stack's sockets. It may lie under `/tmp`, where others could have put one of that name first.
*/
import {chmod, lstat, mkdir} from 'node:fs/promises';
import process from 'node:process';
import {CoppiceError} from '../../system/errors.ts';

/**
Makes a folder that only this user can list or change, and checks that it is one. Others may pass through it, since a service that
runs as another user must get to its own folder inside.

@throws CoppiceError `permission` when it belongs to somebody else or is a link.
*/
export const makePrivateFolder = async (folder: string): Promise<void> => {
	await mkdir(folder, {recursive: true, mode: 0o711});
	const stats = await lstat(folder);
	if (!stats.isDirectory() || stats.uid !== process.getuid?.()) {
		throw new CoppiceError('permission', `${folder} is not a folder of this user, so no service can be run from it.`, {
			file: folder, hint: 'Remove it, or set COPPICE_HOME to a folder of your own.',
		});
	}

	if (stats.mode % 0o1000 !== 0o711) {
		await chmod(folder, 0o711);
	}
};
