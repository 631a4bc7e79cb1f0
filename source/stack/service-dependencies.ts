/**
What a service needs first: `depends_on`, and what other keys imply.
*/
import {suggestion} from './closest-name.ts';
import type {KeyPath} from './source-tree.ts';
import type {ServiceView} from './service-view.ts';
import type {Dependency} from './stack.ts';

export const readDependencies = (view: ServiceView): Record<string, Dependency> => {
	const services = view.context.raw.services ?? {};
	const result = new Map<string, Dependency>();
	const check = (name: string, keyPath: KeyPath) => {
		if (!Object.hasOwn(services, name)) {
			throw view.error(keyPath, `there is no service ${JSON.stringify(name)}${suggestion(name, Object.keys(services))}`);
		}

		if (name === view.name) {
			throw view.error(keyPath, 'a service can\'t depend on itself');
		}
	};

	const {depends_on: dependsOn = []} = view.raw;
	if (Array.isArray(dependsOn)) {
		for (const [index, name] of dependsOn.entries()) {
			check(name, ['depends_on', index]);
			result.set(name, {condition: 'service_started', required: true, restart: false});
		}
	} else {
		for (const [name, {condition = 'service_started', required = true, restart = false}] of Object.entries(dependsOn)) {
			if (!required && !Object.hasOwn(services, name)) {
				continue;
			}

			check(name, ['depends_on', name]);
			result.set(name, {condition, required, restart});
		}
	}

	// Compose starts these first too, though depends_on doesn't name them.
	const implied: Array<{readonly name: string; readonly keyPath: KeyPath; readonly restart: boolean}> = Array.from((view.raw.links ?? []), (link, index) => ({name: String(link).split(':', 1)[0]!, keyPath: ['links', index], restart: true}));

	for (const key of ['network_mode', 'ipc', 'pid'] as const) {
		const value = view.raw[key];
		if (value?.startsWith('service:')) {
			implied.push({name: value.slice('service:'.length), keyPath: [key], restart: true});
		}
	}

	for (const [index, from] of (view.raw.volumes_from ?? []).entries()) {
		if (!String(from).startsWith('container:')) {
			implied.push({name: String(from).split(':', 1)[0]!, keyPath: ['volumes_from', index], restart: false});
		}
	}

	for (const {name, keyPath, restart} of implied) {
		check(name, keyPath);
		if (!result.has(name)) {
			result.set(name, {condition: 'service_started', required: true, restart});
		}
	}

	return Object.fromEntries(result);
};
