/**
A definition as a compose file that brings the application up elsewhere: what it does not hold (values of the environment, secrets in commands) is
`${NAME}`, to be set in `.env` beside it. Nothing here does I/O.
*/
import {isDeepStrictEqual} from 'node:util';
import {stringify} from 'yaml';
import {isPlainMap} from '../../stack/describe-model.ts';
import {hidden} from '../../stack/hide-secrets.ts';
import {variablesOf, type Lookup} from '../../stack/interpolate.ts';

type Plain = Readonly<Record<string, unknown>>;

export type PortableSource = {
	readonly stack: string;

	/** A compose file as `describeModel` leaves it. */
	readonly compose: Plain;

	/** By service, the names of its environment. */
	readonly environmentNames: Readonly<Record<string, readonly string[]>>;

	/** What gives the values, where they may be given. */
	readonly values?: PortableValues;
};

export type PortableValues = {
	/** By service, today's environment. */
	readonly environment: Readonly<Record<string, Readonly<Record<string, string>>>>;

	/** Variables of the project. */
	readonly lookup: Lookup;

	/** What a commit made now would hold, and what that stands for. */
	readonly described?: unknown;
	readonly raw?: unknown;
};

export type PortableCompose = {
	readonly text: string;

	/** Variables that the text uses, with their values where they are known and may be given. */
	readonly variables: Readonly<Record<string, string | null>>;
};

/** What a shell or compose itself sets: its value would win over that of `.env`. */
const isUsual = (name: string): boolean => /^(?:PATH|HOME|USER|LOGNAME|SHELL|PWD|OLDPWD|LANG|LC_\w*|TERM|TZ|HOSTNAME|TMPDIR|EDITOR|DISPLAY|_|COMPOSE_\w*|DOCKER_\w*|SSH_\w*|XDG_\w*)$/v.test(name);

const toVariable = (text: string): string => text.replaceAll(/\W/gv, '_').replace(/^(?=\d)/v, '_');

const namesIn = (text: string): readonly string[] => {
	try {
		return variablesOf(text);
	} catch {
		return [];
	}
};

const allNames = (value: unknown): string[] => {
	if (typeof value === 'string') {
		return [...namesIn(value)];
	}

	return typeof value === 'object' && value !== null ? Object.values(value).flatMap(item => allNames(item)) : [];
};

/** A name for each value, none twice. */
class Variables {
	readonly #values = new Map<string, string | null>();

	constructor(names: Iterable<string>, lookup: Lookup | undefined) {
		for (const name of names) {
			this.#values.set(name, lookup?.(name) ?? null);
		}
	}

	/** @returns `${NAME}` for a new variable that is called like this, or nearly. */
	add(wished: string, value: string | undefined): string {
		let name = wished;
		for (let number = 2; this.#values.has(name); number++) {
			name = `${wished}_${number}`;
		}

		this.#values.set(name, value ?? null);
		return `\${${name}}`;
	}

	/** A value that was found where the variable is used. */
	learn(name: string, value: string): void {
		if (this.#values.get(name) === null) {
			this.#values.set(name, value);
		}
	}

	toObject(): Record<string, string | null> {
		return Object.fromEntries(this.#values);
	}
}

const itemOf = (value: unknown, key: string): unknown => {
	if (Array.isArray(value)) {
		return value[Number(key)];
	}

	return isPlainMap(value) ? value[key] : undefined;
};

const leftOut = /\*{3}|\$\{\w+\}/gv;

/** What stands in the places of a text that were left out, if the whole text is known. */
const valuesIn = (text: string, raw: unknown): readonly string[] | undefined => {
	if (typeof raw !== 'string') {
		return undefined;
	}

	const between = text.split(leftOut).map(part => RegExp.escape(part));
	return new RegExp(`^${between.join('([^]*?)')}$`, 'v').exec(raw)?.slice(1).map(value => value.replaceAll('$$', () => '$'));
};

/** What a commit made today would have in a place, and what that stands for. */
type Today = {readonly described?: unknown; readonly raw?: unknown};

const inner = ({described, raw}: Today, key: string): Today => ({described: itemOf(described, key), raw: itemOf(raw, key)});

const fill = (value: unknown, keyPath: readonly string[], today: Today, variables: Variables): unknown => {
	if (Array.isArray(value)) {
		// By its place in another list an item tells nothing.
		const same = isDeepStrictEqual(value, today.described) ? today : {};
		return value.map((item, index) => fill(item, [...keyPath, String(index)], inner(same, String(index)), variables));
	}

	if (isPlainMap(value)) {
		return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fill(item, [...keyPath, key], inner(today, key), variables)]));
	}

	if (typeof value !== 'string') {
		return value;
	}

	const found = value === today.described ? valuesIn(value, today.raw) : undefined;
	let index = 0;
	return value.replaceAll(leftOut, place => {
		const known = found?.[index++];
		if (place === hidden) {
			return variables.add(toVariable(keyPath.slice(1).join('_').toUpperCase()), known);
		}

		if (known !== undefined) {
			variables.learn(place.slice(2, -1), known);
		}

		return place;
	});
};

/** What compose makes of the stack's name by itself would keep the old name where it is called otherwise. */
const withoutOwnName = (stack: string, section: unknown): unknown => isPlainMap(section)
	? Object.fromEntries(Object.entries(section).map(([key, item]) => {
		if (!isPlainMap(item) || item.name !== `${stack}_${key}`) {
			return [key, item];
		}

		const {name: _name, ...rest} = item;
		return [key, rest];
	}))
	: section;

/** The pool is a folder of this host. */
const withoutPool = (settings: unknown): Plain => {
	const {pool: _pool, ...rest} = isPlainMap(settings) ? settings : {};
	return Object.keys(rest).length === 0 ? {} : {'x-coppice': rest};
};

/**
Makes the compose file.
*/
export const portableCompose = ({stack, compose, environmentNames, values}: PortableSource): PortableCompose => {
	const variables = new Variables(new Set(allNames(compose)), values?.lookup);
	const {
		services: describedServices, volumes, networks, 'x-coppice': settings, name: _name, ...rest
	} = compose;
	const today = {described: values?.described, raw: values?.raw};
	const described = {
		...rest, services: describedServices, volumes, networks,
	};
	const filled = fill(described, [], today, variables) as {services?: Plain; volumes?: unknown; networks?: unknown};
	const uses = Map.groupBy(Object.values(environmentNames).flat(), name => name);
	const services = Object.fromEntries(Object.entries(filled.services ?? {}).map(([service, model]) => {
		const names = environmentNames[service] ?? [];
		if (!isPlainMap(model) || names.length === 0) {
			return [service, model];
		}

		const environment = Object.fromEntries(names.map(name => {
			const isPlainName = toVariable(name) === name && !isUsual(name) && uses.get(name)?.length === 1;
			const value = values?.environment[service]?.[name] ?? values?.lookup(name);
			return [name, variables.add(isPlainName ? name : toVariable(`${service}_${name}`).toUpperCase(), value)];
		}));
		return [service, {...model, environment}];
	}));
	const {services: _services, volumes: filledVolumes, networks: filledNetworks, ...others} = filled;
	const model = {
		name: stack,
		...withoutPool(settings),
		services,
		...(filledVolumes !== undefined && {volumes: withoutOwnName(stack, filledVolumes)}),
		...(filledNetworks !== undefined && {networks: withoutOwnName(stack, filledNetworks)}),
		...others,
	};
	return {text: stringify(model, {lineWidth: 0, aliasDuplicateObjects: false}), variables: variables.toObject()};
};
