/**
The environment of a service: its `env_file`s, then its `environment`.
*/
import {CoppiceError} from '../system/errors.ts';
import {labelOf, readEnvFile} from './compose-files.ts';
import type {Lookup} from './interpolate.ts';
import type {ServiceView} from './service-view.ts';

const addFiles = (view: ServiceView, lookup: Lookup, values: Map<string, string>): void => {
	const {env_file: envFile = []} = view.raw;
	for (const [index, entry] of (typeof envFile === 'string' ? [envFile] : envFile).entries()) {
		const keyPath = typeof envFile === 'string' ? ['env_file'] : ['env_file', index];
		const {path: text, required = true, format} = typeof entry === 'string' ? {path: entry} : entry;
		if (format !== undefined && format !== 'raw') {
			throw view.error([...keyPath, 'format'], `${JSON.stringify(format)} is not a format; only "raw" is`);
		}

		const file = view.resolvePath(text, keyPath);
		const label = labelOf(file, view.context.directory);
		try {
			for (const [name, value] of readEnvFile(file, label, variable => lookup(variable) ?? values.get(variable), {
				raw: format === 'raw', ...(view.context.onRead && {onRead: view.context.onRead}),
			})) {
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
};

/** Names with their values; `undefined` for a name without one. */
const writtenPairs = (view: ServiceView): ReadonlyArray<readonly [string, string | undefined]> => {
	const {environment = {}} = view.raw;
	if (!Array.isArray(environment)) {
		return Object.entries(environment).map(([name, value]) => [name, value === undefined ? undefined : String(value)]);
	}

	return environment.map((item, index) => {
		const text = String(item);
		const equals = text.indexOf('=');
		if (equals === 0) {
			throw view.error(['environment', index], 'has no name before "="');
		}

		return equals === -1 ? [text, undefined] : [text.slice(0, equals), text.slice(equals + 1)];
	});
};

/**
@throws CoppiceError `usage` for an `env_file` that is not there or not in its format. Messages hold no values.
*/
export const readEnvironment = (view: ServiceView): Record<string, string> => {
	const lookup: Lookup = name => view.context.environment[name];
	const values = new Map<string, string>();
	addFiles(view, lookup, values);
	for (const [name, value] of writtenPairs(view)) {
		// A name without value is taken from the environment, if it is there.
		const given = value ?? lookup(name);
		if (given !== undefined) {
			values.set(name, given);
		}
	}

	return Object.fromEntries(values);
};
