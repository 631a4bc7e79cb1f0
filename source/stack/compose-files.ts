/**
Finds the compose files of a project, as compose does.
*/
import {readFileSync, statSync} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import {CoppiceError, isSystemError} from '../system/errors.ts';
import {EnvFileError, parseEnvFile} from './env-file.ts';
import type {Lookup} from './interpolate.ts';

/** Told each file that is read, or looked for and not there. */
export type OnRead = (file: string) => void;

export type Environment = Readonly<Record<string, string | undefined>>;

/** In the order in which compose prefers them. */
export const composeFileNames: readonly string[] = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml'];
export const overrideFileNames: readonly string[] = ['compose.override.yml', 'compose.override.yaml', 'docker-compose.override.yml', 'docker-compose.override.yaml'];

/** In step with the caller: `status` has little time, and waking the threads that work for promises costs more than these calls. */
const isFile = (file: string): boolean => {
	const stats = statSync(file, {throwIfNoEntry: false});
	return stats !== undefined && !stats.isDirectory();
};

const firstFile = (folder: string, names: readonly string[]): string | undefined =>
	names.map(name => path.join(folder, name)).find(file => isFile(file));

/**
A file as messages name it: relative to where the user is, unless that is longer.
*/
export const labelOf = (file: string, directory: string): string => {
	const relative = path.relative(directory, file);
	return relative === '' || relative.length > file.length || relative.startsWith('../../..') ? file : relative;
};

/**
The text of a file.

@throws CoppiceError `not-found` where there is none; `permission` where it may not be read.
*/
export const readText = (file: string, label: string): string => {
	try {
		return readFileSync(file, 'utf8');
	} catch (error) {
		if (isSystemError(error, 'ENOENT', 'ENOTDIR')) {
			throw new CoppiceError('not-found', `There is no file ${label}`, {file, cause: error});
		}

		if (isSystemError(error, 'EISDIR')) {
			throw new CoppiceError('usage', `${label} is a folder, not a file`, {file, cause: error});
		}

		if (isSystemError(error, 'EACCES', 'EPERM')) {
			throw new CoppiceError('permission', `${label} may not be read`, {file, cause: error});
		}

		throw error;
	}
};

/**
The variables of a file, such as a project's `.env`.

@throws CoppiceError `usage` with the line where it is not in that format.
*/
export const readEnvFile = (file: string, label: string, lookup: Lookup, options: {raw?: boolean; onRead?: OnRead} = {}): ReadonlyMap<string, string> => {
	options.onRead?.(file);
	const text = readText(file, label);
	try {
		return parseEnvFile(text, lookup, options);
	} catch (error) {
		if (error instanceof EnvFileError) {
			throw new CoppiceError('usage', `${label}:${error.line}: ${error.message}`, {file, cause: error});
		}

		throw error;
	}
};

/**
The environment with what a folder's `.env` adds (or the files of `COMPOSE_ENV_FILES`); what is set outside wins.
*/
export const withDotEnv = (environment: Environment, folder: string, directory: string = folder, onRead?: OnRead): Environment => {
	const named = environment.COMPOSE_ENV_FILES;
	const files = named === undefined || named === '' ? [path.join(folder, '.env')] : named.split(',').map(file => path.resolve(directory, file));
	const values: Record<string, string | undefined> = {};
	for (const file of files) {
		onRead?.(file);
		if (named === undefined && !isFile(file)) {
			continue;
		}

		const added = readEnvFile(file, labelOf(file, directory), name => environment[name] ?? values[name]);
		Object.assign(values, Object.fromEntries(added));
	}

	return {...values, ...environment};
};

/**
Whether a folder is where a project begins: one with a compose file of a usual name.
*/
export const hasComposeFile = (folder: string): boolean => firstFile(folder, composeFileNames) !== undefined;

const fromVariable = (environment: Environment, folder: string): string[] | undefined => {
	const {COMPOSE_FILE: value, COMPOSE_PATH_SEPARATOR: separator = path.delimiter} = environment;
	return value === undefined || value === ''
		? undefined
		: value.split(separator).filter(file => file !== '').map(file => path.resolve(folder, file));
};

/**
The compose files of the project that a folder is in, absolute, in the order in which they are merged.

Those named come first; else those of `COMPOSE_FILE`; else the first folder upwards that has a `.env` with `COMPOSE_FILE` or a file
called `compose.yaml`, `compose.yml`, `docker-compose.yml` or `docker-compose.yaml`, with the override file beside it.
(Compose reads `.env` of the current folder only; looking upwards makes a folder below the project see the same stack.)

@throws CoppiceError `not-found` where there is none, or where a named one is not there.
*/
export const findComposeFiles = async (
	directory: string,
	named: readonly string[] = [],
	environment: Environment = process.env,
): Promise<readonly string[]> => {
	const start = path.resolve(directory);
	const chosen = named.length > 0 ? named.map(file => path.resolve(start, file)) : fromVariable(environment, start);
	if (chosen !== undefined) {
		return checkThere(chosen, start);
	}

	for (let folder = start; ; folder = path.dirname(folder)) {
		if (isFile(path.join(folder, '.env'))) {
			const files = fromVariable(withDotEnv(environment, folder, start), folder);
			if (files !== undefined) {
				return checkThere(files, start);
			}
		}

		const file = firstFile(folder, composeFileNames);
		if (file !== undefined) {
			const override = firstFile(folder, overrideFileNames);
			return override === undefined ? [file] : [file, override];
		}

		if (folder === path.dirname(folder)) {
			throw new CoppiceError('not-found', `There is no compose file in ${start} or any folder above it`, {
				hint: 'Go to a folder with a compose.yaml, or name one with `-C DIR` or `-f FILE`.',
			});
		}
	}
};

const checkThere = (files: readonly string[], directory: string): readonly string[] => {
	for (const file of files) {
		if (!isFile(file)) {
			throw new CoppiceError('not-found', `There is no compose file ${labelOf(file, directory)}`, {file, hint: 'Check the name; paths are relative to the current folder.'});
		}
	}

	return files;
};
