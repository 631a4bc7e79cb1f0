/**
What an error that MariaDB or MySQL answers says of its readiness; whoever asks. The driver tells errors by name, the client by number.
*/
import type {Credentials, Readiness} from './database.ts';
import {notReady} from './not-ready.ts';

/**
Codes: https://mariadb.com/kb/en/mariadb-error-code-reference/

@returns `undefined` for any other error.
*/
export const explainCode = (code: string | undefined, {user, database, password}: Credentials): Readiness | undefined => {
	switch (code) {
		case 'PROTOCOL_CONNECTION_LOST':
		case '2013':
		case 'ER_SERVER_SHUTDOWN':
		case '1053': {
			return notReady('starting', 'the connection was closed; it starts or stops');
		}

		case 'ER_ACCESS_DENIED_ERROR':
		case '1045':
		case 'ER_ACCESS_DENIED_NO_PASSWORD_ERROR':
		case '1698':
		case 'ER_HOST_NOT_PRIVILEGED':
		case '1130': {
			return notReady('denied', password === undefined
				? `it asks for a password of the user ${user}, and the environment has none`
				: `it refuses the user ${user} with the password of its environment; data made earlier keep their first password`);
		}

		case 'ER_DBACCESS_DENIED_ERROR':
		case '1044':
		case 'ER_BAD_DB_ERROR':
		case '1049': {
			return notReady('failed', `it has no database ${database} for the user ${user}`);
		}

		case 'ER_CON_COUNT_ERROR':
		case '1040': {
			return notReady('failed', 'all its connections are taken');
		}

		default: {
			return undefined;
		}
	}
};
