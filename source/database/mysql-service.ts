/**
What a service's image, command and environment say of its MariaDB or MySQL. No server is asked here.
*/
import type {CoppiceError} from '../system/errors.ts';
import type {Service} from '../stack/stack.ts';
import type {Credentials} from './database.ts';
import {
	commandWords,
	hasImage,
	isBitnami,
	optionValue,
	portOf,
} from './image-name.ts';
import {checkpointError} from './not-ready.ts';
import {readVariable} from './service-variable.ts';

export const mysqlImages: ReadonlySet<string> = new Set(['mysql', 'mariadb', 'percona', 'percona-server', 'mysql-server', 'community-server', 'mariadb-galera']);

const both = (name: string): [string, string] => [`MARIADB_${name}`, `MYSQL_${name}`];

const rootCredentials = (service: Service): Credentials => {
	const password = readVariable(service, ...both('ROOT_PASSWORD'));
	return {user: 'root', database: '', ...(password !== undefined && {password})};
};

/** The user that the service is made for, else root. */
export const credentials = (service: Service): Credentials => {
	const user = readVariable(service, ...both('USER'));
	const password = readVariable(service, ...both('PASSWORD'));
	const database = readVariable(service, ...both('DATABASE'));
	return user !== undefined && user !== 'root' && password !== undefined ? {user, password, database: database ?? ''} : {...rootCredentials(service), database: database ?? 'mysql'};
};

/** Root where its password is known: the service's own user may not flush logs. */
export const administrator = (service: Service): Credentials => {
	const openRoot = readVariable(service, 'MARIADB_ALLOW_EMPTY_ROOT_PASSWORD', 'MYSQL_ALLOW_EMPTY_PASSWORD', 'ALLOW_EMPTY_PASSWORD');
	const root = rootCredentials(service);
	return openRoot === undefined && root.password === undefined ? credentials(service) : root;
};

export const dataTarget = (service: Service): string => {
	const given = optionValue(commandWords(service), '--datadir');
	if (given?.startsWith('/')) {
		return given;
	}

	return isBitnami(service) ? `/bitnami/${hasImage(service, new Set(['mysql'])) ? 'mysql' : 'mariadb'}/data` : '/var/lib/mysql';
};

export const listensOn = (service: Service): number => portOf(service, 3306, {options: ['--port', '-P'], variables: ['MYSQL_TCP_PORT', ...both('PORT_NUMBER')]});

export const deniedCheckpoint = (service: Service, user: string, cause?: unknown): CoppiceError => checkpointError({service}, 'MariaDB or MySQL', `the user ${user} may not flush its logs`, {
	cause, isDenied: true, hint: `\`GRANT RELOAD ON *.* TO '${user}'@'%'\` lets it, or give the root password in the environment; the commit can be taken all the same.`,
});
