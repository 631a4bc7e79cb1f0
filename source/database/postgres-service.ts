/**
What a service's image, command and environment say of its Postgres. No server is asked here.
*/
import type {CoppiceError} from '../system/errors.ts';
import type {Service} from '../stack/stack.ts';
import type {Credentials} from './database.ts';
import {
	commandWords,
	isBitnami,
	optionValue,
	parseImage,
	portOf,
} from './image-name.ts';
import {checkpointError} from './not-ready.ts';
import {readVariable} from './service-variable.ts';

export const postgresImages: ReadonlySet<string> = new Set([
	'postgres', 'postgresql', 'postgis', 'pgvector', 'timescaledb', 'timescaledb-ha', 'citus', 'pgrouting', 'cloudnative-pg', 'spilo',
]);

/**
Where the official image keeps its data: in a folder of its version from 18 on.
<https://github.com/docker-library/docs/blob/master/postgres/README.md#pgdata>
*/
const officialTarget = (service: Service): string => {
	const major = /^(?<major>\d+)/v.exec(parseImage(service.image ?? '').tag)?.groups?.major;
	const mountsFolder = (target: string): boolean => service.mounts.some(mount => mount.target === target);
	const isNew = major === undefined ? mountsFolder('/var/lib/postgresql') && !mountsFolder('/var/lib/postgresql/data') : Number(major) >= 18;
	return isNew ? `/var/lib/postgresql/${major ?? '18'}/docker` : '/var/lib/postgresql/data';
};

export const dataTarget = (service: Service): string => {
	const given = optionValue(commandWords(service), '-D') ?? readVariable(service, 'PGDATA', 'POSTGRESQL_DATA_DIR');
	return given?.startsWith('/') ? given : (isBitnami(service) ? '/bitnami/postgresql/data' : officialTarget(service));
};

export const listensOn = (service: Service): number => portOf(service, 5432, {options: ['-p', '--port'], variables: ['PGPORT', 'POSTGRESQL_PORT_NUMBER']});

export const credentials = (service: Service): Credentials => {
	const user = readVariable(service, 'POSTGRES_USER', 'POSTGRESQL_USERNAME') ?? 'postgres';
	const password = readVariable(service, 'POSTGRES_PASSWORD', 'POSTGRESQL_PASSWORD');
	// Bitnami's image makes no database of the user's name.
	const database = readVariable(service, 'POSTGRES_DB', 'POSTGRESQL_DATABASE') ?? (isBitnami(service) ? 'postgres' : user);
	return {user, database, ...(password !== undefined && {password})};
};

/** Who may ask for a checkpoint: in Bitnami's image the service's own user may not, where it is another than `postgres`. */
export const administrator = (service: Service): Credentials => {
	const own = credentials(service);
	const password = readVariable(service, 'POSTGRESQL_POSTGRES_PASSWORD', 'POSTGRES_POSTGRES_PASSWORD');
	return password === undefined || own.user === 'postgres' ? own : {user: 'postgres', database: own.database, password};
};

export const deniedCheckpoint = (service: Service, user: string, cause?: unknown): CoppiceError => checkpointError({service}, 'Postgres', `the user ${user} may not ask for one`, {
	cause, isDenied: true, hint: `From Postgres 15 on, \`GRANT pg_checkpoint TO "${user}"\` lets it; the commit can be taken all the same.`,
});
