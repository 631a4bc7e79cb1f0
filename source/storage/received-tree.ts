/**
What a stream must have made before it may become a snapshot.
*/
import {lstat, readdir} from 'node:fs/promises';
import path from 'node:path';
import {CoppiceError} from '../system/errors.ts';

/**
A snapshot is a folder that holds one thing: the folder `data`. Were that a symbolic link, a container would mount what it points to.

@throws CoppiceError `failed` where it is anything else.
*/
export const checkReceived = async (root: string): Promise<void> => {
	const names = await readdir(root);
	const stats = names.length === 1 && names[0] === 'data' ? await lstat(path.join(root, 'data')) : undefined;
	if (stats?.isDirectory() !== true) {
		throw new CoppiceError('failed', 'What was received is refused: it is not one folder of data.', {hint: 'Nothing was kept. Don\'t take anything from where it comes from.'});
	}
};
