/**
The command line and options of a MariaDB server on the host, and the SQL that a new one begins with. Pure.
*/
import {CoppiceError} from '../../../system/errors.ts';
import {mapWord, type HostMount} from '../mounts.ts';

/**
The flags of a service's command: `mariadbd --x=y`, `mysqld --x=y`, or flags alone as the official images take them.

@throws CoppiceError `precondition` for a command that starts something else, such as a shell.
*/
export const mariadbFlags = (service: string, command: readonly string[] = [], mounts: readonly HostMount[] = []): string[] => {
	const words = /(?:^|\/)docker-entrypoint\.sh$/v.test(command[0] ?? '') ? command.slice(1) : command;
	const [first] = words;
	if (first !== undefined && !first.startsWith('-') && !/(?:^|\/)(?:mariadbd|mysqld)$/v.test(first)) {
		throw new CoppiceError('precondition', `The command of ${service} starts ${JSON.stringify(first)} and not MariaDB, so the process runtime can't run it.`, {
			service, hint: 'Put flags alone into `command:` (`--max-connections=50`), or say how to run it in `x-coppice.process.command`.',
		});
	}

	return (first?.startsWith('-') ? words : words.slice(1)).map(word => mapWord(mounts, word));
};

export type MariadbListening = {
	readonly dataFolder: string;
	readonly socket: string;
	readonly port?: number;
	readonly address?: string;
};

/**
The arguments of the server. Where it listens and keeps its data comes last, and so wins.

@param optionsFile - Option files that are mounted for it, gathered in one; the host's own are never read.
*/
export const mariadbArguments = (flags: readonly string[], listening: MariadbListening, optionsFile?: string): string[] => [
	optionsFile === undefined ? '--no-defaults' : `--defaults-file=${optionsFile}`,
	// As in the image: accounts are told apart by `%` and not by the names of hosts.
	'--skip-name-resolve',
	...flags,
	`--datadir=${listening.dataFolder}`,
	`--socket=${listening.socket}`,
	`--pid-file=${listening.socket}.pid`,
	...(listening.port === undefined ? ['--skip-networking'] : [`--port=${listening.port}`, `--bind-address=${listening.address ?? '127.0.0.1'}`]),
];

const quoteText = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll('\'', '\'\'')}'`;
const quoteName = (name: string): string => `\`${name.replaceAll('`', '``')}\``;

export type MariadbAccounts = {
	/** Empty: none is asked for. */
	readonly rootPassword: string;
	readonly rootHost: string;
	readonly database?: string;
	readonly user?: string;
	readonly password?: string;
};

/**
What the official image's entrypoint says to a new server.
<https://github.com/MariaDB/mariadb-docker/blob/master/docker-entrypoint.sh>
*/
export const firstStatements = (accounts: MariadbAccounts): string => {
	const {rootPassword, rootHost, database, user, password} = accounts;
	const hasOtherRoot = rootHost !== '' && rootHost !== 'localhost';
	const statements = [
		'SET @@SESSION.SQL_LOG_BIN = 0',
		// Accounts without a password that the installer makes: root at the name of this host, and nobody at all.
		'DELETE FROM mysql.global_priv WHERE User = \'\' OR (User = \'root\' AND Host <> \'localhost\')',
		'DELETE FROM mysql.proxies_priv WHERE Host <> \'localhost\'',
		'FLUSH PRIVILEGES',
		`SET PASSWORD FOR 'root'@'localhost' = PASSWORD(${quoteText(rootPassword)})`,
		...(hasOtherRoot
			? [
				`CREATE USER 'root'@${quoteText(rootHost)} IDENTIFIED BY ${quoteText(rootPassword)}`,
				`GRANT ALL ON *.* TO 'root'@${quoteText(rootHost)} WITH GRANT OPTION`,
			]
			: []),
		...(database === undefined ? [] : [`CREATE DATABASE IF NOT EXISTS ${quoteName(database)}`]),
	];

	if (user !== undefined && password !== undefined) {
		statements.push(`CREATE USER ${quoteText(user)}@'%' IDENTIFIED BY ${quoteText(password)}`);
		if (database !== undefined) {
			// An underscore in the name of a grant stands for any character.
			statements.push(`GRANT ALL ON ${quoteName(database.replaceAll('_', String.raw`\_`))}.* TO ${quoteText(user)}@'%'`);
		}
	}

	return `${statements.join(';\n')};\n`;
};
