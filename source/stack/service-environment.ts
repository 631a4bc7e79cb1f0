/**
The environment of a service: its `env_file`s, then its `environment`.
*/
import {CoppiceError} from '../system/errors.ts';
import {labelOf, readEnvFile} from './compose-files.ts';
import type {ServiceView} from './service-view.ts';

/**
@throws CoppiceError `usage` for an `env_file` that is not there or not in its format. Messages hold no values.
*/
export const readEnvironment = async (view: ServiceView): Promise<Record<string, string>> => {
	const lookup = (name: string) => view.context.environment[name];
	const values = new Map<string, string>();
	const {env_file: envFile, environment} = view.raw;
	const files = envFile === undefined ? [] : (typeof envFile === 'string' ? [envFile] : envFile);
	for (const [index, entry] of files.entries()) {
		const keyPath = typeof envFile === 'string' ? ['env_file'] : ['env_file', index];
		const {path: text, required = true, format} = typeof entry === 'string' ? {path: entry} : entry;
		if (format !== undefined && format !== 'raw') {
			throw view.error([...keyPath, 'format'], `${JSON.stringify(format)} is not a format; only "raw" is`);
		}

		const file = view.resolvePath(text, keyPath);
		const label = labelOf(file, view.context.directory);
		try {
			for (const [name, value] of await readEnvFile(file, label, variable => lookup(variable) ?? values.get(variable), {raw: format === 'raw'})) {
				values.set(name, value);
			}
		} catch (error) {
			if (!(error instanceof CoppiceError) || error.code !== 'not-found') {
				throw error;
			}

			if (required) {
				throw view.error(keyPath, `there is no file ${label}`);
			}
		}
	}

	const set = (name: string, value: string | undefined) => {
		// A name without value is taken from the environment, if it is there.
		const given = value ?? lookup(name);
		if (given !== undefined) {
			values.set(name, given);
		}
	};

	if (Array.isArray(environment)) {
		for (const [index, item] of environment.entries()) {
			const text = String(item);
			const equals = text.indexOf('=');
			if (equals === 0) {
				throw view.error(['environment', index], 'has no name before "="');
			}

			set(equals === -1 ? text : text.slice(0, equals), equals === -1 ? undefined : text.slice(equals + 1));
		}
	} else {
		for (const [name, value] of Object.entries(environment ?? {})) {
			set(name, value === undefined ? undefined : String(value));
		}
	}

	return Object.fromEntries(values);
};
