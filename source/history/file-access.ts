/**
Reading and writing the files of a history, with what the operating system says turned into words for people.
*/
import {
	readIfThere,
	removeDurably,
	renameDurably,
	writeDurably,
} from '../system/durable-file.ts';
import {CoppiceError, isSystemError} from '../system/errors.ts';

const explain = (error: unknown, file: string, action: 'read' | 'written'): unknown => {
	if (isSystemError(error, 'ENOSPC', 'EDQUOT')) {
		return new CoppiceError('failed', `The pool is full: ${file} could not be ${action}.`, {
			file, hint: 'Make room with `coppice prune` or on the file system of the pool, then run the command again; what was there before is untouched.', cause: error,
		});
	}

	if (isSystemError(error, 'EACCES', 'EPERM', 'EROFS')) {
		return new CoppiceError('permission', `${file} may not be ${action} by this user${isSystemError(error, 'EROFS') ? ': its file system is mounted read-only' : ''}.`, {
			file, hint: 'Run the command as the owner of the pool.', cause: error,
		});
	}

	return isSystemError(error, 'EIO', 'ESTALE', 'EISDIR') ? new CoppiceError('failed', `${file} could not be ${action}: ${error.message}`, {file, hint: 'Run `coppice doctor`.', cause: error}) : error;
};

/**
Runs an access to a file of the history.

@throws CoppiceError in place of what the operating system says: `failed` for a full or broken disk, `permission`.
*/
export const access = async <T>(file: string, action: 'read' | 'written', run: () => Promise<T>): Promise<T> => {
	try {
		return await run();
	} catch (error) {
		throw explain(error, file, action);
	}
};

/** The content of a file of the history, or `undefined` where there is none. */
export const readText = async (file: string): Promise<string | undefined> => access(file, 'read', async () => readIfThere(file));

/** Writes a file of the history whole or not at all, and makes it last. */
export const writeText = async (file: string, text: string): Promise<void> => access(file, 'written', async () => writeDurably(file, text));

/** Removes a file of the history; none there is no error. */
export const removeFile = async (file: string): Promise<void> => access(file, 'written', async () => removeDurably(file));

/** Renames a file of the history and makes that last. Both folders must be there. */
export const moveFile = async (from: string, to: string): Promise<void> => access(from, 'written', async () => renameDurably(from, to));
