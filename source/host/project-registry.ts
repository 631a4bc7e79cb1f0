/**
Which stack a project folder is, and where its data are. Written by `init`, read by every verb.

One small file a project under the home's state folder, named by the hash of the project's path: a verb opens exactly one.
*/
import path from 'node:path';
import {
	listIfThere,
	readIfThere,
	removeDurably,
	writeDurably,
} from '../system/durable-file.ts';
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

	/** Compose files named when it was taken up (`-f`): absolute. Those in the folder where there are none. */
	readonly composeFiles?: readonly string[];

	/** Profiles that are on besides those of `COMPOSE_PROFILES`. */
	readonly profiles?: readonly string[];

	/** Volumes that stay in the Docker engine, since they hold data there that were not taken over. */
	readonly unadopted?: readonly string[];

	/** The folder it was taken up from, where that is another than the project's: verbs find it from there too. */
	readonly takenUpFrom?: string;
};

const projectsFolder = (home: Home): string => path.join(home.state, 'projects');
const projectFile = (home: Home, folder: string): string => path.join(projectsFolder(home), `${sha256Hex(folder).slice(0, 16)}.json`);

const isTexts = (value: unknown): boolean => value === undefined || (Array.isArray(value) && value.every(item => typeof item === 'string'));

const isProject = (value: unknown): value is Project => {
	const project = value as Partial<Project> | null;
	return typeof project === 'object' && project !== null
		&& typeof project.folder === 'string' && typeof project.stack === 'string'
		&& typeof project.pool === 'string' && (project.runtime === 'process' || project.runtime === 'docker')
		&& isTexts(project.composeFiles) && isTexts(project.profiles) && isTexts(project.unadopted);
};

/**
The project of a folder, or that was taken up from it; `undefined` where `coppice init` was not run.

@throws CoppiceError `failed` when its file is damaged.
*/
export const readProject = async (home: Home, folder: string): Promise<Project | undefined> => readRecord(projectFile(home, folder));

/**
All projects that were taken up on this host, in the order of their folders; each once, also where it has two records.

@throws CoppiceError `failed` when a record is damaged: a stack that can't be read is not one that is not there.
*/
export const listProjects = async (home: Home): Promise<Project[]> => {
	const names = await listIfThere(projectsFolder(home));
	const records = await Promise.all(names.filter(name => name.endsWith('.json')).map(async name => readRecord(path.join(projectsFolder(home), name))));
	const byFolder = new Map(records.filter(project => project !== undefined).map(project => [project.folder, project]));
	return byFolder.keys().toArray().toSorted().map(folder => byFolder.get(folder)!);
};

const readRecord = async (file: string): Promise<Project | undefined> => {
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

const foldersOf = ({folder, takenUpFrom}: Project): string[] => takenUpFrom === undefined ? [folder] : [folder, takenUpFrom];

/**
Writes the record of a project, in place of the one that was there.
*/
export const writeProject = async (home: Home, project: Project): Promise<void> => {
	const folders = foldersOf(project);
	const before = await readProject(home, project.folder).catch(() => undefined);
	for (const folder of folders) {
		await writeDurably(projectFile(home, folder), `${JSON.stringify(project, undefined, '\t')}\n`);
	}

	for (const stale of before === undefined ? [] : foldersOf(before).filter(folder => !folders.includes(folder))) {
		await removeDurably(projectFile(home, stale));
	}
};

/**
Forgets the project of a folder; one that is not there is no error.
*/
export const forgetProject = async (home: Home, folder: string): Promise<void> => {
	const project = await readProject(home, folder);
	for (const known of project === undefined ? [folder] : foldersOf(project)) {
		await removeDurably(projectFile(home, known));
	}
};

/**
The project that a folder is in by the choice of compose files made when it was taken up (`-f`): the nearest record upwards that has one, as
long as no folder below it has compose files of its own, which `hasOwn` tells.
*/
export const findChosenProject = async (home: Home, directory: string, hasOwn: (folder: string) => boolean): Promise<Project | undefined> => {
	for (let folder = path.resolve(directory); ; folder = path.dirname(folder)) {
		const project = await readProject(home, folder);
		if (project?.composeFiles !== undefined) {
			return project;
		}

		if (project !== undefined || hasOwn(folder) || folder === path.dirname(folder)) {
			return undefined;
		}
	}
};
