/**
Fills in what a commit's definition leaves out, from what is there now, so that compose can bring it up. Nothing here does I/O.
*/
import path from 'node:path';
import {isDeepStrictEqual} from 'node:util';
import {describeModel, isPlainMap} from './describe-model.ts';
import {hidden} from './hide-secrets.ts';
import {
	escapeDollar,
	interpolate,
	variablesOf,
	type Lookup,
} from './interpolate.ts';
import type {Definition, Stack} from './stack.ts';

export type Restored = {
	/** A whole compose file as plain values. Holds secrets. */
	readonly model: Readonly<Record<string, unknown>>;

	/** What nothing that is there now can give: `db: POSTGRES_PASSWORD`. Where there is any, the model is of no use. */
	readonly missing: readonly string[];
};

type Sources = {
	/** What a commit made now would hold, and what that stands for. */
	readonly described: unknown;
	readonly raw: unknown;
	readonly lookup: Lookup;
	readonly missing: string[];
};

const itemOf = (value: unknown, key: string): unknown => {
	if (Array.isArray(value)) {
		return value[Number(key)];
	}

	return isPlainMap(value) ? value[key] : undefined;
};

const isLeftOut = (value: unknown): boolean => {
	if (typeof value === 'string') {
		try {
			return value.includes(hidden) || variablesOf(value).length > 0;
		} catch {
			return false;
		}
	}

	return typeof value === 'object' && value !== null && Object.values(value).some(item => isLeftOut(item));
};

const fill = (value: unknown, keyPath: readonly string[], sources: Sources): unknown => {
	if (!isLeftOut(value)) {
		return value;
	}

	const {described, raw, lookup, missing} = sources;
	if (raw !== undefined && isDeepStrictEqual(value, described)) {
		return raw;
	}

	const inner = (key: string): Sources => ({...sources, described: itemOf(described, key), raw: itemOf(raw, key)});
	if (Array.isArray(value)) {
		// By its place in another list an item tells nothing.
		return value.map((item, index) => fill(item, [...keyPath, String(index)], {...sources, described: undefined, raw: undefined}));
	}

	if (isPlainMap(value)) {
		return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fill(item, [...keyPath, key], inner(key))]));
	}

	const text = value as string;
	const absent = variablesOf(text).filter(name => lookup(name) === undefined);
	if (text.includes(hidden)) {
		missing.push(keyPath.join('.'));
	} else if (absent.length > 0) {
		missing.push(...absent.map(name => `\${${name}} in ${keyPath.join('.')}`));
	} else {
		return escapeDollar(interpolate(text, lookup));
	}

	return text;
};

const isRelative = (text: unknown): text is string => typeof text === 'string' && (text === '.' || text.startsWith('./'));

/** Words and labels may begin with a dot too. */
const noPaths: ReadonlySet<string> = new Set(['command', 'entrypoint', 'labels', 'args', 'test']);

/** Paths are resolved here: the file that compose gets is in another folder than the project. */
const absolutePaths = (value: unknown, folder: string): unknown => {
	const resolved = (text: unknown): unknown => isRelative(text) ? path.resolve(folder, text) : text;
	if (Array.isArray(value)) {
		return value.map(item => absolutePaths(item, folder));
	}

	if (!isPlainMap(value)) {
		return value;
	}

	return Object.fromEntries(Object.entries(value).map(([key, item]) => {
		if (key === 'context' || key === 'file' || (key === 'source' && value.type === 'bind')) {
			return [key, resolved(item)];
		}

		if (key === 'additional_contexts' && isPlainMap(item)) {
			return [key, Object.fromEntries(Object.entries(item).map(([name, at]) => [name, resolved(at)]))];
		}

		if (key === 'volumes' && Array.isArray(item)) {
			return [key, item.map(mount => {
				const end = typeof mount === 'string' ? mount.indexOf(':') : -1;
				return end === -1 ? absolutePaths(mount, folder) : `${String(resolved((mount as string).slice(0, end)))}${(mount as string).slice(end)}`;
			})];
		}

		return [key, noPaths.has(key) ? item : absolutePaths(item, folder)];
	}));
};

/**
The compose file of a commit's definition, with the values of now: of each service's environment the value that the same service has under
the same name today, else that of the variable of that name.

@param definition - That of a commit.
@param stack - The stack as the compose file has it now.
@param lookup - Variables of the environment and the project's `.env`.
@param images - By service the image to run instead of the one that is named.
*/
export const restoreModel = (definition: Definition, stack: Stack, lookup: Lookup, images: Readonly<Record<string, string>> = {}): Restored => {
	const missing: string[] = [];
	const today = stack.resolved === undefined ? undefined : describeModel(stack, stack.resolved);
	const filled = fill(definition.compose, [], {
		described: today, raw: stack.resolved?.model, lookup, missing,
	});
	const {services, ...rest} = absolutePaths(filled, stack.projectFolder) as {services?: Record<string, Record<string, unknown>>};
	const restored = Object.entries(services ?? {}).map(([name, service]) => {
		const environment: Record<string, string> = {};
		for (const variable of definition.services[name]?.environmentNames ?? []) {
			const value = stack.services[name]?.environment[variable] ?? lookup(variable);
			if (value === undefined) {
				missing.push(`${name}: ${variable}`);
			} else {
				environment[variable] = escapeDollar(value);
			}
		}

		const {environment: _now, ...described} = service;
		const {build: _build, ...unbuilt} = described;
		const image = images[name];
		return [name, {
			...image === undefined ? described : {...unbuilt, image},
			...(Object.keys(environment).length > 0 && {environment}),
		}] as const;
	});
	return {model: {name: stack.name, ...rest, services: Object.fromEntries(restored)}, missing};
};
