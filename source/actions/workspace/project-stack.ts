/**
From a folder to its stack: which compose files are meant, which record the project has, and the reader that its runtime asks for.
*/
import path from 'node:path';
import type {Home} from '../../host/home.ts';
import {findChosenProject, readProject, type Project} from '../../host/project-registry.ts';
import {hasComposeFile} from '../../stack/compose-files.ts';
import {findProjectFiles, locateProject, type ProjectFiles} from '../../stack/locate-project.ts';
import {readStack} from '../../stack/read-stack.ts';
import type {Stack} from '../../stack/stack.ts';

export type FoundProject = {
	readonly files: ProjectFiles;

	/** What `init` has noted of it; `undefined` where it was not run. */
	readonly project?: Project;
};

/**
Finds the compose files and the record of the project that a folder is in. Reads no compose file.

@param composeFiles - Those that the user names now; they win over those named when the project was taken up.
@throws CoppiceError `not-found` where there is no compose file.
*/
export const findProject = async (home: Home, directory: string, composeFiles?: readonly string[]): Promise<FoundProject> => {
	const chosen = composeFiles === undefined ? await findChosenProject(home, directory, hasComposeFile) : undefined;
	const named = composeFiles ?? chosen?.composeFiles;
	const files = await findProjectFiles({directory, ...(named !== undefined && {composeFiles: named})});
	const project = chosen ?? await readProject(home, files.projectFolder);
	return {files, ...(project !== undefined && {project})};
};

/**
A stack in which volumes that hold data in the Docker engine, which nobody took over, are not managed.
*/
export const leaveUnadopted = (stack: Stack, unadopted: readonly string[] = []): Stack => unadopted.length === 0
	? stack
	: {
		...stack,
		volumes: Object.fromEntries(Object.entries(stack.volumes).map(([name, volume]) => [
			name,
			volume.managed && unadopted.includes(name)
				? {...volume, managed: false, unmanagedReason: `its data are in the Docker volume ${volume.engineName ?? name}; \`coppice init --adopt\` takes them over`}
				: volume,
		])),
	};

/** Where what compose has resolved is kept. */
export const modelCacheFolder = (home: Home): string => path.join(home.state, 'models');

/**
Reads the stack as its runtime needs it: by compose for docker, by Coppice's own reader for processes.

@throws CoppiceError `usage` for what is wrong in a compose file; `precondition` where the compose CLI is needed and missing.
*/
export const readProjectStack = async (home: Home, files: ProjectFiles, project: Pick<Project, 'runtime' | 'profiles' | 'unadopted'>): Promise<Stack> => {
	const options = {
		directory: files.directory,
		composeFiles: files.files,
		environment: files.outside,
		...(project.profiles !== undefined && {profiles: project.profiles}),
	};
	if (project.runtime === 'process') {
		return readStack(options);
	}

	const {readResolvedStack} = await import('../../stack/read-resolved-stack.ts');
	return leaveUnadopted(await readResolvedStack({...options, project: files, cacheFolder: modelCacheFolder(home)}), project.unadopted);
};

/**
What a project is called, where it is not known otherwise.
*/
export const projectNameOf = (files: ProjectFiles): string => locateProject(files).name;
