/**
What this runtime knows of images, as far as that takes no look at the host. Kept apart from the recipes, so that `status` loads none.
*/
import type {Service} from '../../stack/stack.ts';
import type {Engine} from './accept-check.ts';

export const initScriptsTarget = '/docker-entrypoint-initdb.d';

export type KnownService = {
	/** Which recipe runs it; `custom` is the service's own command. */
	readonly recipe: Engine | 'custom';

	/** The port inside that the recipe publishes; any for a command of the service's own. */
	readonly port?: number;

	/** Mounts that start with one of these paths are used; others have no effect. */
	readonly usedTargets: readonly string[];
};

const custom: KnownService = {recipe: 'custom', usedTargets: ['/']};
const postgres: KnownService = {recipe: 'postgres', port: 5432, usedTargets: [initScriptsTarget, '/var/lib/postgresql']};
const redis: KnownService = {recipe: 'redis', port: 6379, usedTargets: ['/data']};
const mariadb: KnownService = {
	recipe: 'mariadb', port: 3306, usedTargets: [initScriptsTarget, '/var/lib/mysql', '/etc/mysql', '/etc/my.cnf'],
};

const byImage: Readonly<Record<string, KnownService>> = {
	postgres,
	postgis: postgres,
	pgvector: postgres,
	timescaledb: postgres,
	'timescaledb-ha': postgres,
	redis,
	valkey: redis,
	mariadb,
	mysql: mariadb,
};

/**
The last part of an image's name, without registry, tag and digest: `postgres` of `ghcr.io/x/postgres:16@sha256:…`.
*/
export const imageBaseName = (image: string): string => {
	const [withTag = ''] = image.split('@', 1);
	const [name = ''] = withTag.slice(withTag.lastIndexOf('/') + 1).split(':', 1);
	return name;
};

/**
How a service can be run: by its own command, else by its image; `undefined` where it can't.
*/
export const recogniseService = (service: Service): KnownService | undefined => {
	if (service.settings.process) {
		return custom;
	}

	const {image, build} = service;
	if (image === undefined || build !== undefined) {
		return undefined;
	}

	const name = imageBaseName(image);
	return Object.hasOwn(byImage, name) ? byImage[name] : undefined;
};
