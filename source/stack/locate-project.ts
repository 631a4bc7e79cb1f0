/**
What is known of a compose project before its files are resolved: which they are, where they are, and what it is called.
*/
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {isMap, isScalar} from 'yaml';
import {CoppiceError} from '../system/errors.ts';
import {
	findComposeFiles,
	withDotEnv,
	type Environment,
	type OnRead,
} from './compose-files.ts';
import {interpolate, InterpolationError} from './interpolate.ts';
import {errorAt, type ParsedFile, type Place} from './source-tree.ts';
import {parseFile} from './load-model.ts';
import type {StackSettings} from './stack.ts';

export type ReadStackOptions = {
	/** Where to start looking for compose files; also what messages name files relative to. */
	readonly directory: string;

	/** Compose files named by the user; relative to `directory`. */
	readonly composeFiles?: readonly string[];

	/** The folder of the first compose file unless told. */
	readonly projectFolder?: string;

	/** Profiles switched on besides those of `COMPOSE_PROFILES`. */
	readonly profiles?: readonly string[];

	/** For variables; this process's unless told. */
	readonly environment?: Environment;

	/** Told each file that is read, or looked for and not there. */
	readonly onRead?: OnRead;
};

export type ProjectFiles = {
	/** Where the user is. */
	readonly directory: string;

	/** Absolute, in the order in which they are merged. */
	readonly files: readonly string[];
	readonly projectFolder: string;

	/** Without what the project's `.env` adds. */
	readonly outside: Environment;
};

/**
Finds the compose files of the project that a folder is in. Reads none but `.env`.

@throws CoppiceError `not-found` where there is none.
*/
export const findProjectFiles = async ({directory, composeFiles, projectFolder, environment = process.env}: ReadStackOptions): Promise<ProjectFiles> => {
	const start = path.resolve(directory);
	const {COMPOSE_ENV_FILES: envFiles} = environment;
	// Compose is run in the project's folder, the user may be in another.
	const absolute = envFiles?.split(',').map(file => path.resolve(start, file)).join(',');
	const outside = envFiles === undefined || envFiles === '' ? environment : {...environment, COMPOSE_ENV_FILES: absolute};
	const files = await findComposeFiles(start, composeFiles, outside);
	return {
		directory: start, files, projectFolder: projectFolder ?? path.dirname(files[0]!), outside,
	};
};

/**
A project's name as compose makes it from a folder's: lower case, only letters, digits, `-` and `_`, a letter or digit first.
*/
export const normaliseProjectName = (name: string): string => name.toLowerCase().replaceAll(/[^\-0-9_a-z]/gv, '').replace(/^[\-_]+/v, '');

/**
The last text at a path of the files, since a later file overrides an earlier one.
*/
const writtenAt = (
	files: readonly ParsedFile[],
	environment: Environment,
	keyPath: readonly string[],
): {readonly text: string; readonly place: Place} | undefined => {
	const last = files.flatMap(({source, documents}) => documents.flatMap(({contents}) => {
		const node = isMap(contents) ? contents.getIn(keyPath, true) : undefined;
		return isScalar(node) && (typeof node.value === 'string' || typeof node.value === 'number')
			? [{text: String(node.value), place: {source, offset: node.range?.[0] ?? 0}}]
			: [];
	})).at(-1);
	if (last === undefined) {
		return undefined;
	}

	try {
		return {text: interpolate(last.text, variable => environment[variable]), place: last.place};
	} catch (error) {
		throw error instanceof InterpolationError ? errorAt(last.place, keyPath, error.message) : error;
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

	const written = writtenAt(files, environment, ['name']);
	if (written !== undefined && written.text !== '') {
		if (normaliseProjectName(written.text) !== written.text) {
			throw errorAt(written.place, ['name'], `${JSON.stringify(written.text)} can't be the name of a project`, `Use ${rules}.`);
		}

		return written.text;
	}

	const name = normaliseProjectName(path.basename(projectFolder));
	if (name === '') {
		throw new CoppiceError('usage', `No project name can be made from the folder ${projectFolder}`, {hint: 'Add a "name:" to the compose file.'});
	}

	return name;
};

/**
The folder that `pool` means: relative to the file it stands in, `~` being the home.
*/
export const resolvePool = (pool: string, folder: string, environment: Environment): string => {
	const expanded = pool === '~' || pool.startsWith('~/') ? `${environment.HOME ?? os.homedir()}${pool.slice(1)}` : pool;
	return path.resolve(folder, expanded);
};

/**
The profiles that are switched on: those of `COMPOSE_PROFILES`, and others that were named.
*/
export const activeProfiles = (environment: Environment, named: readonly string[] = []): readonly string[] => {
	const fromEnvironment = (environment.COMPOSE_PROFILES ?? '').split(',').map(profile => profile.trim()).filter(profile => profile !== '');
	return [...new Set([...fromEnvironment, ...named])];
};

export type LocatedProject = ProjectFiles & {
	readonly name: string;

	/** With what the project's `.env` adds. */
	readonly environment: Environment;
	readonly parsed: readonly ParsedFile[];

	/** What the files themselves (not those that they include) say under `x-coppice` at the top. */
	readonly settings: StackSettings;
};

/**
Reads the files of a project as far as its name and settings need it: nothing is merged or resolved.

@throws CoppiceError `usage` with file, line and column where one is not YAML, or the name can't be one.
*/
export const locateProject = (project: ProjectFiles, onRead?: OnRead): LocatedProject => {
	const {directory, files, projectFolder, outside} = project;
	const environment = withDotEnv(outside, projectFolder, directory, onRead);
	const parsed = files.map(file => parseFile(file, projectFolder, directory, onRead));
	const runtime = writtenAt(parsed, environment, ['x-coppice', 'runtime']);
	const pool = writtenAt(parsed, environment, ['x-coppice', 'pool']);
	return {
		...project,
		environment,
		parsed,
		name: projectName(parsed, environment, projectFolder),
		settings: {
			// Another word is refused where the whole file is checked, with what it should be.
			...((runtime?.text === 'process' || runtime?.text === 'docker') && {runtime: runtime.text}),
			...(pool !== undefined && {pool: resolvePool(pool.text, projectFolder, environment)}),
		},
	};
};
