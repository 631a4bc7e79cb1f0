/**
Turns the checked model of a project into a `Stack`.
*/
import {CoppiceError} from '../system/errors.ts';
import {checkName, type NameKind} from '../system/names.ts';
import {buildService} from './build-service.ts';
import type {RawCompose, RawVolume} from './compose-schema.ts';
import type {BuildContext} from './service-view.ts';
import {errorAt, placeOf, type KeyPath} from './source-tree.ts';
import type {
	Mount,
	Service,
	Stack,
	Volume,
} from './stack.ts';

const checkNameAt = (kind: NameKind, name: string, key: KeyPath, context: BuildContext): void => {
	try {
		checkName(kind, name);
	} catch (error) {
		if (error instanceof CoppiceError) {
			throw errorAt(placeOf(context.root, key), key.slice(0, -1), error.message.replace(/\.$/v, ''), error.hint);
		}

		throw error;
	}
};

const unmanagedReason = (raw: RawVolume): string | undefined => {
	if (raw?.external !== undefined && raw.external !== false) {
		return 'it is external';
	}

	if (raw?.driver !== undefined && raw.driver !== 'local') {
		return `it uses the driver ${raw.driver}`;
	}

	if (raw?.driver_opts !== undefined && Object.keys(raw.driver_opts).length > 0) {
		return 'its driver_opts say where its data are';
	}

	return raw?.['x-coppice']?.managed === false ? 'x-coppice says so' : undefined;
};

const buildVolume = (name: string, raw: RawVolume, project?: string): Volume => {
	const reason = unmanagedReason(raw);
	// Compose 1 names only volumes that are called otherwise.
	const engineName = project === undefined ? undefined : String(raw?.name ?? `${project}_${name}`);
	return {
		name,
		managed: reason === undefined,
		external: raw?.external !== undefined && raw.external !== false,
		...(reason !== undefined && {unmanagedReason: reason}),
		...(engineName !== undefined && {engineName}),
	};
};

/**
Fails on services that wait for each other in a circle.
*/
const checkCircles = (services: Readonly<Record<string, Service>>, context: BuildContext): void => {
	const finished = new Set<string>();
	const visit = (name: string, chain: readonly string[]): void => {
		if (chain.includes(name)) {
			const circle = [...chain.slice(chain.indexOf(name)), name];
			const key = ['services', chain.at(-1)!, 'depends_on'];
			throw errorAt(placeOf(context.root, key), key, `services wait for each other in a circle: ${circle.join(' → ')}`);
		}

		if (finished.has(name)) {
			return;
		}

		for (const next of Object.keys(services[name]?.dependsOn ?? {})) {
			visit(next, [...chain, name]);
		}

		finished.add(name);
	};

	for (const name of Object.keys(services)) {
		visit(name, []);
	}
};

/**
Adds what `volumes_from` mounts: a service that shares another's volumes writes to them too, and must be frozen with it.
*/
const addSharedMounts = (services: Readonly<Record<string, Service>>, raw: RawCompose): Record<string, Service> => {
	const mountsOf = (name: string): readonly Mount[] => {
		const own = services[name]?.mounts ?? [];
		const shared = (raw.services?.[name]?.volumes_from ?? []).map(String).filter(from => !from.startsWith('container:')).flatMap(from => {
			const [source = '', mode] = from.split(':', 2);
			return mountsOf(source).map((mount): Mount => mode === 'ro' && (mount.kind === 'volume' || mount.kind === 'bind') ? {...mount, readOnly: true} : mount);
		});
		const targets = new Set(own.map(({target}) => target));
		return [...own, ...shared.filter(({target}) => !targets.has(target))];
	};

	return Object.fromEntries(Object.entries(services).map(([name, service]) => [name, {...service, mounts: mountsOf(name)}]));
};

export type StackFacts = Pick<Stack, 'name' | 'projectFolder' | 'composeFiles' | 'settings' | 'activeProfiles' | 'resolved'>;

/**
@throws CoppiceError `usage` with file, line, column and key for what is wrong.
*/
export const buildStack = (facts: StackFacts, context: BuildContext, notices: readonly string[]): Stack => {
	const {raw} = context;
	const volumes = new Map<string, Volume>();
	for (const [name, volume] of Object.entries(raw.volumes ?? {})) {
		checkNameAt('volume', name, ['volumes', name], context);
		volumes.set(name, buildVolume(name, volume, facts.resolved === undefined ? undefined : facts.name));
	}

	const services = new Map<string, Service>();
	for (const [name, service] of Object.entries(raw.services ?? {})) {
		checkNameAt('service', name, ['services', name], context);
		services.set(name, buildService(name, service, context));
	}

	if (services.size === 0) {
		throw errorAt(context.root.place, [], 'there is no service under "services"');
	}

	const built = Object.fromEntries(services);
	checkCircles(built, context);
	return {
		...facts,
		services: addSharedMounts(built, raw),
		volumes: Object.fromEntries(volumes),
		notices,
	};
};
