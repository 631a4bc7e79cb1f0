/**
Addresses as `host add` takes them: `USER@HOST[:PORT]`. They become words of a command line, so what ssh could take for an option or a command is
refused.
*/
import {CoppiceError} from '../system/errors.ts';

export type SshAddress = {
	/** `USER@HOST`, or `HOST` where ssh's own configuration says who. */
	readonly address: string;
	readonly port?: number;
};

// Names, IPv4 and IPv6 addresses (with a zone); aliases of the user's own configuration.
const hostPart = /^(?:[\p{Letter}\p{Number}_][\p{Letter}\p{Number}\-._]{0,252}|[\d.:a-f]{2,45}(?:%[\w\-.]{1,32})?)$/iv;
const userPart = /^[\w.][\w+\-.@]{0,127}$/v;

const splitUser = (address: string): {readonly user?: string; readonly host: string} => {
	const index = address.lastIndexOf('@');
	return index === -1 ? {host: address} : {user: address.slice(0, index), host: address.slice(index + 1)};
};

/**
Whether `USER@HOST` can be given to ssh.
*/
export const isAddress = (address: string): boolean => {
	const {user, host} = splitUser(address);
	return hostPart.test(host) && (user === undefined || userPart.test(user));
};

/** The host of an address, without the user. */
export const hostOf = (address: string): string => splitUser(address).host;

/**
Reads `USER@HOST`, `USER@HOST:PORT`, `USER@[IPV6]:PORT`, an alias of ssh's configuration, or `ssh://USER@HOST:PORT`.

@throws CoppiceError `usage` for what ssh might misunderstand.
*/
export const parseAddress = (text: string): SshAddress => {
	const bare = text.replace(/^ssh:\/\//v, '').replace(/\/$/v, '');
	const at = bare.lastIndexOf('@') + 1;
	const [user, place] = [bare.slice(0, at), bare.slice(at)];

	// An IPv6 address without brackets has no port.
	const isPlainIpv6 = !place.startsWith('[') && place.split(':').length > 2;
	const match = isPlainIpv6 ? undefined : /^(?:\[(?<bracketed>[^\]]+)\]|(?<plain>[^:]+))(?::(?<port>\d{1,5}))?$/v.exec(place);
	const {bracketed, plain, port} = match?.groups ?? {};
	const host = isPlainIpv6 ? place : bracketed ?? plain ?? '';
	const address = `${user}${host}`;
	if (!isAddress(address) || (port !== undefined && (Number(port) < 1 || Number(port) > 65_535))) {
		throw new CoppiceError('usage', `${JSON.stringify(text)} is no address that ssh can be given.`, {
			hint: 'Give USER@HOST or USER@HOST:PORT, such as deploy@staging.example.com:2222, or a name from your ~/.ssh/config.',
		});
	}

	return {address, ...(port !== undefined && {port: Number(port)})};
};
