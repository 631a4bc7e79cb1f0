/**
A port as people read it.
*/
import type {PortMapping} from './stack.ts';

/** `127.0.0.1:5432`, with `→5432` where the port inside is another. */
export const formatPort = ({address, published, target, protocol}: PortMapping): string => {
	const suffix = protocol === 'tcp' ? '' : `/${protocol}`;
	if (published === undefined) {
		return `${target}${suffix}`;
	}

	const host = address === undefined ? '' : `${address.includes(':') ? `[${address}]` : address}:`;
	return `${host}${published}${published === target ? '' : `→${target}`}${suffix}`;
};
