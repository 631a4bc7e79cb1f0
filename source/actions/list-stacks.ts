/**
The stacks of this host as far as can be told without opening any: for a list of them.
*/
import {hasComposeFile} from '../stack/compose-files.ts';
import {CoppiceError} from '../system/errors.ts';
import {openHistory} from '../history/open-history.ts';
import {historyFolder} from '../storage/layout.ts';
import type {Home} from '../host/home.ts';
import {listProjects, type Project} from '../host/project-registry.ts';
import {findProject, projectNameOf} from './workspace/project-stack.ts';

export type KnownStack = {
	readonly name: string;

	/** The folder of its project: what verbs are started in. */
	readonly folder: string;
	readonly runtime: string;
	readonly composeFiles?: readonly string[];

	/** The current branch; `undefined` where its pool does not answer. */
	readonly branch?: string;

	/** Where its history is: what to watch. `undefined` for a project that is no stack yet. */
	readonly history?: string;
	readonly problem?: {readonly message: string; readonly hint?: string};
};

const describe = async ({folder, takenUpFrom, stack, pool, runtime, composeFiles}: Project): Promise<KnownStack> => {
	const history = historyFolder(pool, stack);
	const known = {
		name: stack, folder: takenUpFrom ?? folder, runtime, history, ...(composeFiles !== undefined && {composeFiles}),
	};
	try {
		return {...known, branch: await openHistory(history).currentBranch()};
	} catch (error) {
		return {...known, problem: {message: error instanceof Error ? error.message : String(error), hint: 'Its pool may not be mounted: `coppice doctor` says more.'}};
	}
};

/** The project that a folder is in, where that is no stack yet. */
const findUntaken = async (home: Home, directory: string): Promise<KnownStack | undefined> => {
	if (!hasComposeFile(directory)) {
		return undefined;
	}

	try {
		const {files, project} = await findProject(home, directory);
		return project === undefined ? {name: projectNameOf(files), folder: files.projectFolder, runtime: ''} : undefined;
	} catch (error) {
		return error instanceof CoppiceError
			? {
				name: directory.split('/').at(-1) ?? directory, folder: directory, runtime: '', problem: {message: error.message, ...(error.hint !== undefined && {hint: error.hint})},
			}
			: undefined;
	}
};

/**
All that were taken up, and the project of `directory` where it was not.

@throws CoppiceError `failed` when a record is damaged.
*/
export const listKnownStacks = async (home: Home, directory: string): Promise<readonly KnownStack[]> => {
	const [projects, untaken] = await Promise.all([listProjects(home), findUntaken(home, directory)]);
	const stacks = await Promise.all(projects.map(async project => describe(project)));
	return untaken === undefined ? stacks : [...stacks, untaken];
};

/**
The folder of the stack that a folder is in, if it is in one.
*/
export const findStackFolder = async (home: Home, directory: string): Promise<string | undefined> => {
	try {
		const {project} = await findProject(home, directory);
		return project?.takenUpFrom ?? project?.folder;
	} catch {
		return undefined;
	}
};
