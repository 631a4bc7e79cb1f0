/**
Addresses of databases for clients: `postgresql://user@localhost:5432/shop`. No I/O here.
*/
import type {Endpoint} from './database.ts';

export type ConnectionUrl = {
	readonly scheme: string;
	readonly endpoint: Endpoint;

	/** Empty for none. */
	readonly user: string;

	/** Left out unless given. */
	readonly password: string | undefined;
	readonly database: string;

	/** With its `?`. */
	readonly query?: string;
};

export const formatUrl = ({scheme, endpoint: {host, port}, user, password, database, query = ''}: ConnectionUrl): string => {
	const secret = password === undefined ? '' : `:${encodeURIComponent(password)}`;
	const who = user === '' && secret === '' ? '' : `${encodeURIComponent(user)}${secret}@`;
	return `${scheme}://${who}${host.includes(':') ? `[${host}]` : host}:${port}/${encodeURIComponent(database)}${query}`;
};
