/**
The order in which services start and stop: a pure decision over `depends_on`.
*/
import {CoppiceError} from '../system/errors.ts';
import type {Service} from '../stack/stack.ts';

export type OrderedService = Pick<Service, 'dependsOn' | 'profiles'>;

/**
Names of services in the order they start: each after all that it depends on. Services that do not depend on each other keep
the order of the file.

@param names - These and what they need; where none are given, all but those of profiles that are not active.
@throws CoppiceError `not-found` for a name that is no service; `usage` for services that depend on each other in a circle.
*/
export const planStart = (
	services: Readonly<Record<string, OrderedService>>,
	names?: readonly string[],
	activeProfiles: readonly string[] = [],
): readonly string[] => {
	const order = new Set<string>();
	const visit = (name: string, path: readonly string[]): void => {
		if (order.has(name)) {
			return;
		}

		const seen = path.indexOf(name);
		if (seen !== -1) {
			throw new CoppiceError('usage', `The services ${[...path.slice(seen), name].join(' → ')} depend on each other in a circle.`, {
				service: name, hint: 'Take one of these out of `depends_on` in the compose file.',
			});
		}

		const service = services[name];
		if (service === undefined) {
			const needing = path.at(-1);
			throw new CoppiceError('not-found', needing === undefined
				? `The stack has no service named ${JSON.stringify(name)}.`
				: `The service ${needing} depends on ${JSON.stringify(name)}, which is no service of the stack.`, {
				service: name, hint: `Its services are: ${Object.keys(services).join(', ')}.`,
			});
		}

		for (const [dependency, {required}] of Object.entries(service.dependsOn)) {
			if (required || services[dependency] !== undefined) {
				visit(dependency, [...path, name]);
			}
		}

		order.add(name);
	};

	for (const name of names ?? Object.keys(services)) {
		const profiles = services[name]?.profiles ?? [];
		const isActive = profiles.length === 0 || activeProfiles.includes('*') || profiles.some(profile => activeProfiles.includes(profile));
		if (names !== undefined || isActive) {
			visit(name, []);
		}
	}

	return [...order];
};

/**
For each of the named services, those among them that must have stopped before it: the ones that depend on it, directly or through
services that are not named.
*/
export const planStop = (services: Readonly<Record<string, OrderedService>>, names: readonly string[]): ReadonlyMap<string, readonly string[]> => {
	const named = new Set(names);
	const waits = new Map<string, Set<string>>(names.map(name => [name, new Set()]));
	const walk = (dependent: string, name: string, seen: Set<string>): void => {
		for (const dependency of Object.keys(services[name]?.dependsOn ?? {})) {
			if (seen.has(dependency)) {
				continue;
			}

			seen.add(dependency);
			if (dependency !== dependent && named.has(dependency)) {
				waits.get(dependency)?.add(dependent);
			}

			walk(dependent, dependency, seen);
		}
	};

	for (const name of named) {
		walk(name, name, new Set([name]));
	}

	return new Map([...waits].map(([name, before]) => [name, [...before]]));
};
