/**
Reads a compose project into a `Stack` by the compose CLI, so that whatever compose understands is understood.
*/
import {buildStack} from './build-stack.ts';
import {checkResolved} from './check-shape.ts';
import {withDotEnv} from './compose-files.ts';
import {
	activeProfiles,
	findProjectFiles,
	locateProject,
	type ProjectFiles,
	type ReadStackOptions,
} from './locate-project.ts';
import {cachedModel} from './model-cache.ts';
import {treeOfPlain} from './plain-tree.ts';
import type {Stack} from './stack.ts';

export type ReadResolvedOptions = ReadStackOptions & {
	/** A folder of this user's for what compose has resolved; without one compose is run each time. */
	readonly cacheFolder?: string;

	/** Where the files are known already. */
	readonly project?: ProjectFiles;
};

/**
@throws CoppiceError `not-found` where there is no compose file; `usage` with what compose finds wrong; `precondition` without a compose CLI.
*/
export const readResolvedStack = async (options: ReadResolvedOptions): Promise<Stack> => {
	const project = options.project ?? await findProjectFiles(options);
	const {directory, files, projectFolder, outside} = project;
	const named = options.profiles ?? [];
	const {
		model, template, warnings, name, profiles, settings,
	} = await cachedModel({
		project,
		profiles: named,
		...(options.cacheFolder !== undefined && {cacheFolder: options.cacheFolder}),
		locate() {
			const located = locateProject(project);
			return {name: located.name, profiles: activeProfiles(located.environment, named), settings: located.settings};
		},
	});
	const environment = withDotEnv(outside, projectFolder, directory);
	const root = treeOfPlain({model: withoutEnvFiles(model as object), template}, 'the resolved compose file', projectFolder);
	const raw = checkResolved(root);
	const notices: string[] = [...warnings];
	return buildStack({
		name,
		projectFolder,
		composeFiles: files,
		settings,
		...(profiles.length > 0 && {activeProfiles: profiles}),
		resolved: {model, ...(template !== undefined && {template})},
	}, {
		root,
		raw,
		environment,
		directory,
		notice(text) {
			notices.push(text);
		},
	}, notices);
};

/** Compose has put their values into the environment already; some versions name the files still. */
const withoutEnvFiles = (model: object): object => {
	const {services} = model as {services?: Record<string, object | null>};
	return {
		...model,
		services: Object.fromEntries(Object.entries(services ?? {}).map(([name, service]) => {
			const {env_file: _file, ...rest} = (service ?? {}) as {env_file?: unknown};
			return [name, rest];
		})),
	};
};
