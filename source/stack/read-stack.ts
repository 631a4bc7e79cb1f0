/**
Reads a compose project into a `Stack`.

What is Coppice's own in a compose file is under `x-coppice`, which compose passes over:

- at the top: `runtime` (`process` or `docker`) and `pool` (a folder; relative to the file);
- in a service: `process` (`command`, `user`, `working_dir`: how the process runtime runs it instead of a known image) and `database`
  (`postgres`, `mysql`, `redis` or `mongo`, where neither image nor content tells);
- in a volume: `managed: false` keeps its data out of the pool.
*/
import {buildStack} from './build-stack.ts';
import {checkShape} from './check-shape.ts';
import {loadModel} from './load-model.ts';
import {
	activeProfiles,
	findProjectFiles,
	locateProject,
	resolvePool,
	type ReadStackOptions,
} from './locate-project.ts';
import {nodeAt} from './source-tree.ts';
import type {Stack} from './stack.ts';

export {normaliseProjectName, type ReadStackOptions} from './locate-project.ts';

/**
Reads the compose files of a project with Coppice's own reader, which needs no compose CLI and says where in a file something is wrong.

@throws CoppiceError `not-found` where there is no compose file; `usage` with file, line, column and key for what is wrong in one.
*/
export const readStack = async (options: ReadStackOptions): Promise<Stack> => {
	const {onRead, profiles: named} = options;
	const {
		name, directory, files, projectFolder, environment, parsed,
	} = locateProject(await findProjectFiles(options), onRead);
	const variables = {...environment, COMPOSE_PROJECT_NAME: name};
	const missing = new Set<string>();
	const notices: string[] = [];
	const root = loadModel(parsed, {
		directory,
		environment: variables,
		onMissing(variable) {
			missing.add(variable);
		},
		...(onRead && {onRead}),
	});
	const raw = checkShape(root);
	for (const variable of missing) {
		notices.push(`The variable ${variable} is not set; it stands for an empty text.`);
	}

	const {runtime, pool} = raw['x-coppice'] ?? {};
	const poolFolder = nodeAt(root, ['x-coppice', 'pool'])?.place.source.folder ?? projectFolder;
	const profiles = activeProfiles(environment, named);
	return buildStack({
		name,
		projectFolder,
		composeFiles: files,
		settings: {
			...(runtime !== undefined && {runtime}),
			...(pool !== undefined && {pool: resolvePool(pool, poolFolder, environment)}),
		},
		...(profiles.length > 0 && {activeProfiles: profiles}),
	}, {
		root,
		raw,
		environment: variables,
		directory,
		notice(text) {
			notices.push(text);
		},
		...(onRead && {onRead}),
	}, notices);
};
