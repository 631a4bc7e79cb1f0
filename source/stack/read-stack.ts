/**
Reads a compose project into a `Stack`.

What is Coppice's own in a compose file is under `x-coppice`, which compose passes over:

- at the top: `runtime` (`process` or `docker`) and `pool` (a folder; relative to the file);
- in a service: `process` (`command`, `user`, `working_dir`: how the process runtime runs it instead of a known image) and `database`
  (`postgres`, `mysql`, `redis` or `mongo`, where neither image nor content tells);
- in a volume: `managed: false` keeps its data out of the pool.
*/
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {isScalar, isMap} from 'yaml';
import {CoppiceError} from '../system/errors.ts';
import {buildStack} from './build-stack.ts';
import {checkShape} from './check-shape.ts';
import {findComposeFiles, withDotEnv, type Environment} from './compose-files.ts';
import {interpolate, InterpolationError} from './interpolate.ts';
import {loadModel, parseFile} from './load-model.ts';
import {
	errorAt,
	nodeAt,
	type ParsedFile,
	type Place,
} from './source-tree.ts';
import type {Stack, StackSettings} from './stack.ts';
import type {RawCompose} from './compose-schema.ts';

export type ReadStackOptions = {
	/** Where to start looking for compose files; also what messages name files relative to. */
	readonly directory: string;

	/** Compose files named by the user; relative to `directory`. */
	readonly composeFiles?: readonly string[];

	/** For variables; this process's unless told. */
	readonly environment?: Environment;
};

/**
A project's name as compose makes it from a folder's: lower case, only letters, digits, `-` and `_`, a letter or digit first.
*/
export const normaliseProjectName = (name: string): string => name.toLowerCase().replaceAll(/[^\-0-9_a-z]/gv, '').replace(/^[\-_]+/v, '');

const writtenName = (files: readonly ParsedFile[], environment: Environment): {readonly name: string; readonly place: Place} | undefined => {
	const names = files.flatMap(({source, documents}) => documents.flatMap(({contents}) => {
		const node = isMap(contents) ? contents.get('name', true) : undefined;
		return isScalar(node) && (typeof node.value === 'string' || typeof node.value === 'number')
			? [{text: String(node.value), place: {source, offset: node.range?.[0] ?? 0}}]
			: [];
	}));
	// A later file overrides an earlier one.
	const last = names.at(-1);
	if (last === undefined) {
		return undefined;
	}

	try {
		return {name: interpolate(last.text, variable => environment[variable]), place: last.place};
	} catch (error) {
		throw error instanceof InterpolationError ? errorAt(last.place, ['name'], error.message) : error;
	}
};

const rules = 'only lower-case letters, digits, "-" and "_", with a letter or digit first';

/**
By compose's rules: `COMPOSE_PROJECT_NAME`, else `name:`, else the folder's name.
*/
const projectName = (files: readonly ParsedFile[], environment: Environment, projectFolder: string): string => {
	const {COMPOSE_PROJECT_NAME: given} = environment;
	if (given !== undefined && given !== '') {
		if (normaliseProjectName(given) !== given) {
			throw new CoppiceError('usage', `COMPOSE_PROJECT_NAME is ${JSON.stringify(given)}, which can't be the name of a project`, {hint: `Use ${rules}.`});
		}

		return given;
	}

	const written = writtenName(files, environment);
	if (written !== undefined && written.name !== '') {
		if (normaliseProjectName(written.name) !== written.name) {
			throw errorAt(written.place, ['name'], `${JSON.stringify(written.name)} can't be the name of a project`, `Use ${rules}.`);
		}

		return written.name;
	}

	const name = normaliseProjectName(path.basename(projectFolder));
	if (name === '') {
		throw new CoppiceError('usage', `No project name can be made from the folder ${projectFolder}`, {hint: 'Add a "name:" to the compose file.'});
	}

	return name;
};

const readSettings = (raw: RawCompose['x-coppice'], folder: string, environment: Environment): StackSettings => {
	const {runtime, pool} = raw ?? {};
	const expanded = pool === '~' || pool?.startsWith('~/') ? `${environment.HOME ?? os.homedir()}${pool.slice(1)}` : pool;
	return {
		...(runtime !== undefined && {runtime}),
		...(expanded !== undefined && {pool: path.resolve(folder, expanded)}),
	};
};

/**
Reads the compose files of a project.

@throws CoppiceError `not-found` where there is no compose file; `usage` with file, line, column and key for what is wrong in one.
*/
export const readStack = async ({directory, composeFiles, environment: outside = process.env}: ReadStackOptions): Promise<Stack> => {
	const start = path.resolve(directory);
	const files = await findComposeFiles(start, composeFiles, outside);
	const projectFolder = path.dirname(files[0]!);
	const environment = withDotEnv(outside, projectFolder, start);
	const parsed = files.map(file => parseFile(file, projectFolder, start));
	const name = projectName(parsed, environment, projectFolder);
	const variables = {...environment, COMPOSE_PROJECT_NAME: name};

	const missing = new Set<string>();
	const notices: string[] = [];
	const root = loadModel(parsed, {
		directory: start, environment: variables, onMissing(variable) {
			missing.add(variable);
		},
	});
	const raw = checkShape(root);
	for (const variable of missing) {
		notices.push(`The variable ${variable} is not set; it stands for an empty text.`);
	}

	const pool = nodeAt(root, ['x-coppice', 'pool']);
	const profiles = (environment.COMPOSE_PROFILES ?? '').split(',').map(profile => profile.trim()).filter(profile => profile !== '');
	return buildStack({
		name,
		projectFolder,
		composeFiles: files,
		settings: readSettings(raw['x-coppice'], pool?.place.source.folder ?? projectFolder, environment),
		...(profiles.length > 0 && {activeProfiles: profiles}),
	}, {
		root, raw, environment: variables, directory: start, notice(text) {
			notices.push(text);
		},
	}, notices);
};
