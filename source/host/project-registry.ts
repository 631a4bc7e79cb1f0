/**
Which stack a project folder is, and where its data are. Written by `init`, read by every verb.

One small file a project under the home's state folder, named by the hash of the project's path: a verb opens exactly one.
*/
import path from 'node:path';
import {readIfThere, removeDurably, writeDurably} from '../system/durable-file.ts';
import {CoppiceError} from '../system/errors.ts';
import {sha256Hex} from '../system/sha256.ts';
import type {RuntimeName} from '../stack/stack.ts';
import type {Home} from './home.ts';

export type Project = {
	readonly folder: string;
	readonly stack: string;

	/** The pool's folder. */
	readonly pool: string;
	readonly runtime: RuntimeName;
};

const projectFile = (home: Home, folder: string): string =>
	path.join(home.state, 'projects', `${sha256Hex(folder).slice(0, 16)}.json`);

const isProject = (value: unknown): value is Project => {
	const project = value as Partial<Project> | null;
	return typeof project === 'object' && project !== null
		&& typeof project.folder === 'string' && typeof project.stack === 'string'
		&& typeof project.pool === 'string' && (project.runtime === 'process' || project.runtime === 'docker');
};

/**
The project of a folder, or `undefined` where `coppice init` was not run.

@throws CoppiceError `failed` when its file is damaged.
*/
export const readProject = async (home: Home, folder: string): Promise<Project | undefined> => {
	const file = projectFile(home, folder);
	const text = await readIfThere(file);
	if (text === undefined) {
		return undefined;
	}

	try {
		const value: unknown = JSON.parse(text);
		if (isProject(value)) {
			return value;
		}
	} catch {}

	throw new CoppiceError('failed', `The record of this project in ${file} is damaged.`, {
		file, hint: 'Remove that file and run `coppice init` again: the data in the pool are found by name.',
	});
};

export const writeProject = async (home: Home, project: Project): Promise<void> => {
	await writeDurably(projectFile(home, project.folder), `${JSON.stringify(project, undefined, '\t')}\n`);
};

export const forgetProject = async (home: Home, folder: string): Promise<void> => {
	await removeDurably(projectFile(home, folder));
};
