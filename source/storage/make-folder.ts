/**
Folders of the pool: everyone may pass, whatever the umask, for services run as other users.
*/
import {chmod, mkdir} from 'node:fs/promises';
import path from 'node:path';
import {syncFolder} from '../system/durable-file.ts';

/**
Makes a folder and those above it that are missing, with mode 0755, and makes their names last.
*/
export const makeFolder = async (folder: string): Promise<void> => {
	const first = await mkdir(folder, {recursive: true, mode: 0o755});
	if (first === undefined) {
		return;
	}

	for (let made = folder; made.length >= first.length; made = path.dirname(made)) {
		await chmod(made, 0o755);
		await syncFolder(path.dirname(made));
	}
};
