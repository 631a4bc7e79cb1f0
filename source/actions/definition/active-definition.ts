/**
Which definition a stack's services run by where it is not the compose file's: that of a commit, put there by `switch --definition`.

It is a compose file of the user's own state folder, since it holds what the environment holds: nobody else may read it.
*/
import {chmod, mkdir} from 'node:fs/promises';
import path from 'node:path';
import {
	listIfThere,
	readIfThere,
	removeDurably,
	writeDurably,
} from '../../system/durable-file.ts';
import {isCommitId} from '../../history/commit.ts';
import {stackStateFolder, type Home} from '../../host/home.ts';

export type ActiveDefinition = {
	/** Id of the commit. */
	readonly commit: string;

	/** The compose file. */
	readonly file: string;
};

type Place = {readonly home: Home; readonly pool: string; readonly stack: string};

const folderOf = ({home, pool, stack}: Place): string => path.join(stackStateFolder(home, pool, stack), 'definition');
const recordOf = (place: Place): string => path.join(folderOf(place), 'active.json');

/** Named by the commit, so that one that is being written is never one that runs. */
const fileOf = (place: Place, commit: string): string => path.join(folderOf(place), `${commit.slice(0, 16)}.json`);

/**
The definition of a commit that was written, whether anything runs by it or not; `undefined` where it was not.
*/
export const findDefinition = async (place: Place, commit: string): Promise<ActiveDefinition | undefined> => {
	const file = fileOf(place, commit);
	return isCommitId(commit) && await readIfThere(file) !== undefined ? {commit, file} : undefined;
};

/**
The definition of a commit that the services run by, or `undefined` where it is the compose file.
*/
export const readActiveDefinition = async (place: Place): Promise<ActiveDefinition | undefined> => {
	const text = await readIfThere(recordOf(place));
	if (text === undefined) {
		return undefined;
	}

	try {
		const {commit} = JSON.parse(text) as {commit?: unknown};
		return typeof commit === 'string' ? await findDefinition(place, commit) : undefined;
	} catch {}

	return undefined;
};

/**
Writes the compose file of a commit's definition. Nothing runs by it yet.
*/
export const writeDefinition = async (place: Place, commit: string, model: object): Promise<ActiveDefinition> => {
	const folder = folderOf(place);
	await mkdir(folder, {recursive: true, mode: 0o700});
	await chmod(folder, 0o700);
	const file = fileOf(place, commit);
	// JSON is YAML, but for tabs.
	await writeDurably(file, `${JSON.stringify(model, undefined, 2)}\n`, {mode: 0o600});
	return {commit, file};
};

/** Removes what is there but for these. */
const removeFiles = async (place: Place, kept: readonly string[]): Promise<void> => {
	for (const name of await listIfThere(folderOf(place))) {
		const file = path.join(folderOf(place), name);
		if (!kept.includes(file)) {
			await removeDurably(file);
		}
	}
};

/**
Notes that the services run by a definition from now on. Those of other commits are removed: they hold values that are of no use any more.
*/
export const activateDefinition = async (place: Place, {commit, file}: ActiveDefinition): Promise<void> => {
	await writeDurably(recordOf(place), `${JSON.stringify({commit})}\n`, {mode: 0o600});
	await removeFiles(place, [recordOf(place), file]);
};

/**
Forgets a definition: the services run by the compose file again. One that was written by a command that was cut off goes with it.
*/
export const dropDefinition = async (place: Place): Promise<void> => {
	await removeDurably(recordOf(place));
	await removeFiles(place, []);
};
