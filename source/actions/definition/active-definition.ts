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
The definition of a commit that the services run by, or `undefined` where it is the compose file.
*/
export const readActiveDefinition = async (place: Place): Promise<ActiveDefinition | undefined> => {
	const text = await readIfThere(recordOf(place));
	if (text === undefined) {
		return undefined;
	}

	try {
		const {commit} = JSON.parse(text) as {commit?: unknown};
		if (typeof commit === 'string' && isCommitId(commit)) {
			const file = fileOf(place, commit);
			return await readIfThere(file) === undefined ? undefined : {commit, file};
		}
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
	// JSON is YAML.
	await writeDurably(file, `${JSON.stringify(model, undefined, '\t')}\n`, {mode: 0o600});
	return {commit, file};
};

/**
Notes that the services run by a definition from now on. Those of other commits are removed: they hold values that are of no use any more.
*/
export const activateDefinition = async (place: Place, {commit, file}: ActiveDefinition): Promise<void> => {
	await writeDurably(recordOf(place), `${JSON.stringify({commit})}\n`, {mode: 0o600});
	const kept = new Set([recordOf(place), file]);
	for (const name of await listIfThere(folderOf(place))) {
		const other = path.join(folderOf(place), name);
		if (!kept.has(other)) {
			await removeDurably(other);
		}
	}
};

/**
Forgets a definition: the services run by the compose file again.
*/
export const dropDefinition = async (place: Place, {file}: ActiveDefinition): Promise<void> => {
	await removeDurably(recordOf(place));
	await removeDurably(file);
};
