/**
Where a clone goes: a stack in the pool that belongs to the folder that will be its project's. `clone.json` beside it says that a clone is under way,
so that the same clone goes on after a cut, and nothing else takes what is there for a stack.
*/
import {lstat, readdir} from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod/mini';
import {
	readIfThere,
	removeDurably,
	writeDurably,
} from '../../system/durable-file.ts';
import {CoppiceError, isSystemError} from '../../system/errors.ts';
import {historyFolder, stackFile, stackFolder} from '../../storage/layout.ts';

const schema = z.object({
	version: z.literal(1), host: z.string(), branch: z.string(), folder: z.string(),
});

export type CloneMark = z.infer<typeof schema>;

const markFile = (pool: string, stack: string): string => path.join(stackFolder(pool, stack), 'clone.json');

export const readCloneMark = async (pool: string, stack: string): Promise<CloneMark | undefined> => {
	const text = await readIfThere(markFile(pool, stack));
	if (text === undefined) {
		return undefined;
	}

	try {
		return z.parse(schema, JSON.parse(text));
	} catch (error) {
		throw new CoppiceError('failed', `The file ${markFile(pool, stack)} was cut or altered.`, {
			stack, file: markFile(pool, stack), hint: 'Remove it, and the folder that it is in if nothing there is needed.', cause: error,
		});
	}
};

export const writeCloneMark = async (pool: string, stack: string, mark: CloneMark): Promise<void> =>
	writeDurably(markFile(pool, stack), `${JSON.stringify(mark, undefined, '\t')}\n`);

export const removeCloneMark = async (pool: string, stack: string): Promise<void> => removeDurably(markFile(pool, stack));

/** What is at the place where the project's folder goes. */
export type FolderState = 'free' | 'taken';

export const lookAtFolder = async (folder: string): Promise<FolderState> => {
	try {
		const stats = await lstat(folder);
		// An empty folder is taken over, as git does.
		const names = stats.isDirectory() ? await readdir(folder) : undefined;
		return names?.length === 0 ? 'free' : 'taken';
	} catch (error) {
		if (isSystemError(error, 'ENOENT')) {
			return 'free';
		}

		throw error;
	}
};

/**
@returns Whether what is there belongs to a clone of this stack into this folder that was cut off: it goes on there.
@throws CoppiceError `conflict` where the folder, or the name in the pool, is something else's.
*/
export const checkClonePlace = async (pool: string, stack: string, folder: string): Promise<boolean> => {
	const head = path.join(historyFolder(pool, stack), 'HEAD');
	const [mark, state, record, hasHistory] = await Promise.all([
		readCloneMark(pool, stack),
		lookAtFolder(folder),
		readIfThere(stackFile(pool, stack)),
		readIfThere(head),
	]);
	// One whose folder was never made can be made anywhere.
	const goesOn = mark !== undefined && (mark.folder === folder || await lookAtFolder(mark.folder) === 'free');
	if (state === 'taken' && !(goesOn && mark?.folder === folder)) {
		throw new CoppiceError('conflict', `${folder} is there already and is not empty, so nothing was cloned into it.`, {
			stack, file: folder, hint: 'Name another folder. If it is a clone already, `coppice pull` in it brings what is new. If the application is in it, run `coppice init` there, then `coppice pull HOST`.',
		});
	}

	if (!goesOn && (record !== undefined || hasHistory !== undefined)) {
		throw new CoppiceError('conflict', `The pool ${pool} has a stack ${stack} already.`, {
			stack,
			hint: record === undefined
				? 'Its data were pushed here: make a project for it with its compose file and `coppice init`.'
				: 'Run `coppice pull` in its project, or clone into another pool with `--pool PATH`.',
		});
	}

	return goesOn;
};
