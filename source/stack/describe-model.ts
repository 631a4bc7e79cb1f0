/**
A resolved compose file as it goes into a commit: enough to bring the stack up again, and no value of the environment. Nothing here does
I/O.

Both are in the syntax of a compose file, where `$$` is a dollar sign and `${NAME}` a variable.
*/
import path from 'node:path';
import {isDeepStrictEqual} from 'node:util';
import {hidden, hideSecrets, secretName} from './hide-secrets.ts';
import {escapeDollar, maskEscaped, variablesOf} from './interpolate.ts';
import {splitCommand} from './split-command.ts';
import type {ResolvedModel, Stack} from './stack.ts';

type Plain = Readonly<Record<string, unknown>>;

export const isPlainMap = (value: unknown): value is Plain => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Said elsewhere (`name`, `environment`), of no use to running containers (`develop`), or already put into others. */
const dropped: ReadonlySet<string> = new Set(['env_file', 'label_file', 'develop', 'extends']);

/**
Keys of a service whose values decide what it is and are no secrets: kept as they were resolved, even if a variable gave them. Of all others
what a variable gave is `${NAME}` again, since it may be a secret.
*/
const openKeys: ReadonlySet<string> = new Set([
	'image',
	'platform',
	'container_name',
	'hostname',
	'domainname',
	'user',
	'working_dir',
	'restart',
	'ports',
	'expose',
	'volumes',
	'tmpfs',
	'networks',
	'network_mode',
	'depends_on',
	'profiles',
	'deploy',
	'stop_grace_period',
	'stop_signal',
	'shm_size',
	'mem_limit',
	'mem_reservation',
	'memswap_limit',
	'cpus',
	'cpuset',
	'scale',
	'pull_policy',
	'privileged',
	'read_only',
	'init',
	'tty',
	'stdin_open',
	'cap_add',
	'cap_drop',
	'ulimits',
	'secrets',
	'configs',
	'volumes_from',
	'links',
	'pid',
	'ipc',
	'devices',
	'dns',
	'extra_hosts',
	'runtime',
]);

/** Of a build: all but what may hold a secret. */
const openBuildKeys: ReadonlySet<string> = new Set(['context', 'dockerfile', 'target', 'network', 'platforms', 'tags', 'additional_contexts', 'shm_size', 'pull', 'no_cache']);

const isOpen = (keyPath: readonly string[]): boolean => {
	const [section, , key, inner] = keyPath;
	switch (section) {
		case 'services': {
			return key === 'build' ? inner !== undefined && openBuildKeys.has(inner) : key !== undefined && openKeys.has(key);
		}

		case 'networks':
		case 'volumes': {
			return key !== 'driver_opts' && key !== 'labels';
		}

		case 'secrets':
		case 'configs': {
			return key !== 'content' && key !== 'driver_opts' && key !== 'labels';
		}

		default: {
			return true;
		}
	}
};

/** A path of the host that may lie in the project. */
const isHostPath = (keyPath: readonly string[], siblings: Plain): boolean => {
	const [section, , key, inner] = keyPath;
	const last = keyPath.at(-1);
	if (section === 'services') {
		return (key === 'build' && (last === 'context' || inner === 'additional_contexts'))
			|| (key === 'volumes' && last === 'source' && siblings.type === 'bind')
			|| (key === 'credential_spec' && last === 'file');
	}

	return (section === 'secrets' || section === 'configs') && key === 'file';
};

/** Arguments of a program: a password may follow its option. */
const isCommand = ([section, , key, inner, deeper]: readonly string[]): boolean => section === 'services' && (
	key === 'command' || key === 'entrypoint' || (key === 'healthcheck' && inner === 'test')
	|| ((key === 'post_start' || key === 'pre_stop') && deeper === 'command'));

const usesVariables = (text: unknown): text is string => {
	try {
		return typeof text === 'string' && variablesOf(text).length > 0;
	} catch {
		return false;
	}
};

type Capture = {
	readonly folder: string;

	/** Secret-looking variables of all services, as they stand in a compose file. */
	readonly secrets: Readonly<Record<string, string>>;
};

const capturePath = (text: string, {folder}: Capture): string => {
	if (!path.isAbsolute(text)) {
		return text;
	}

	const relative = path.relative(folder, text);
	return relative === '' ? '.' : (relative === '..' || relative.startsWith('../') ? text : `./${relative}`);
};

/** A mount as Compose 1 writes it: `/home/me/shop/init:/init:ro`. */
const isShortMount = ([section, , key, ...rest]: readonly string[]): boolean => section === 'services' && key === 'volumes' && rest.length === 1;

const captureMount = (text: string, context: Capture): string => {
	const end = text.indexOf(':');
	return end === -1 ? text : `${capturePath(text.slice(0, end), context)}${text.slice(end)}`;
};

const captureWords = (words: readonly unknown[], template: unknown, {secrets}: Capture): unknown[] => {
	const texts = words.map(String);
	let written: readonly unknown[] = [];
	if (Array.isArray(template)) {
		// `healthcheck.test` has a word in front that a text has not.
		written = template;
	} else if (usesVariables(template)) {
		const masked = maskEscaped(template);
		if (texts[0] === 'CMD-SHELL') {
			written = ['CMD-SHELL', masked];
		} else {
			try {
				written = splitCommand(masked).words;
			} catch {}
		}

		if (written.length !== texts.length) {
			// A variable stands for several words, or for quotes: which of them can't be told.
			return texts.map((text, index) => index === 0 ? text : hidden);
		}
	}

	return [...hideSecrets(texts.map((text, index) => {
		const source = written[index];
		return usesVariables(source) ? maskEscaped(source) : text;
	}), secrets)];
};

/** A command in one text: what follows an option for passwords is hidden as in a list. */
const captureLine = (text: string, secrets: Readonly<Record<string, string>>): string => {
	const words = text.split(/(?<=\s)(?=\S)/v);
	const shown = hideSecrets(words.map(word => word.trimEnd()), secrets);
	return words.map((word, index) => shown[index]! + word.slice(word.trimEnd().length)).join('');
};

const captureText = (text: string, template: unknown, keyPath: readonly string[], {secrets}: Capture): string => {
	if (isOpen(keyPath)) {
		return text;
	}

	if (usesVariables(template)) {
		return maskEscaped(template);
	}

	if (isCommand(keyPath)) {
		return captureLine(text, secrets);
	}

	return secretName.test(keyPath.at(-1) ?? '') ? hidden : hideSecrets(['', text], secrets)[1]!;
};

/** `[NAME=VALUE]` as the map that compose makes of it when it has put the variables in. */
const asMap = (items: readonly unknown[]): Plain => Object.fromEntries(items.map(String).map(text => {
	const equals = text.indexOf('=');
	return equals === -1 ? [text, undefined] : [text.slice(0, equals), text.slice(equals + 1)];
}));

const capture = (value: unknown, template: unknown, keyPath: readonly string[], context: Capture, siblings: Plain = {}): unknown => {
	if (Array.isArray(value)) {
		return isCommand(keyPath)
			? captureWords(value, template, context)
			: value.map((item, index) => capture(item, Array.isArray(template) ? template[index] : undefined, [...keyPath, String(index)], context));
	}

	if (isPlainMap(value)) {
		const source = Array.isArray(template) ? asMap(template) : template;
		const entries = Object.entries(value).flatMap(([key, item]): Array<[string, unknown]> => {
			const isUnset = item === undefined || (item === null && (key === 'command' || key === 'entrypoint'));
			if (isUnset || dropped.has(key) || (key !== 'x-coppice' && key.startsWith('x-'))) {
				return [];
			}

			if (key === 'environment' && keyPath[0] === 'services') {
				// Names alone: those of the service itself are told beside this.
				return keyPath.length === 2 ? [] : [[key, Object.fromEntries((Array.isArray(item) ? item.map(text => String(text).split('=', 1)[0]!) : Object.keys(item as object)).map(name => [name, hidden]))]];
			}

			return [[key, capture(item, isPlainMap(source) ? source[key] : undefined, [...keyPath, key], context, value)]];
		});
		return Object.fromEntries(entries);
	}

	if (typeof value !== 'string') {
		return value;
	}

	if (isShortMount(keyPath)) {
		return captureMount(value, context);
	}

	return isHostPath(keyPath, siblings) ? capturePath(value, context) : captureText(value, template, keyPath, context);
};

const withoutDefaultNetwork = (services: unknown): unknown => isPlainMap(services)
	? Object.fromEntries(Object.entries(services).map(([name, service]) => {
		const {networks, ...rest} = service as Plain;
		const isDefault = isPlainMap(networks) && Object.keys(networks).length === 1 && networks.default === null;
		return [name, isDefault || networks === undefined ? rest : {...rest, networks}];
	}))
	: services;

/**
The resolved compose file of a stack for a commit.
*/
export const describeModel = (stack: Stack, {model, template}: ResolvedModel): Plain => {
	const secrets: Record<string, string> = {};
	for (const {name, environment} of Object.values(stack.services)) {
		for (const [variable, value] of Object.entries(environment)) {
			secrets[`${name}.${variable}`] = escapeDollar(value);
		}
	}

	const {name: _name, version: _version, ...whole} = model as Plain;
	const captured = capture(whole, template, [], {folder: stack.projectFolder, secrets}) as Plain;
	const {services, networks, ...rest} = captured;
	// What compose makes by itself is left out, so that a commit stays small.
	const {default: first, ...others} = isPlainMap(networks) ? networks : {};
	const isUsual = isPlainMap(first) && Object.entries(first).every(([key, value]) =>
		(key === 'name' && value === `${stack.name}_default`) || (key === 'ipam' && isDeepStrictEqual(value, {})));
	const kept = first === undefined || isUsual ? others : {...others, default: first};
	return {...rest, services: withoutDefaultNetwork(services), ...(Object.keys(kept).length > 0 && {networks: kept})};
};

/**
The leaves of plain values with their paths, in order.
*/
export const flattenModel = (value: unknown, keyPath: readonly string[] = []): ReadonlyArray<{readonly path: readonly string[]; readonly value: string}> =>
	// A list is one fact: which of its items has moved where tells nobody anything.
	isPlainMap(value)
		? Object.entries(value).flatMap(([key, item]) => flattenModel(item, [...keyPath, key]))
		: [{path: keyPath, value: typeof value === 'string' ? value : JSON.stringify(value)}];

