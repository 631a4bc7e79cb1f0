/**
Port mappings in their short form: `[[ADDRESS:]PUBLISHED:]TARGET[/PROTOCOL]`, each port one number or a range.

See https://docs.docker.com/reference/compose-file/services/#ports. No I/O here.
*/
import {isIP} from 'node:net';
import type {PortMapping} from './stack.ts';

export type PortRange = {readonly start: number; readonly end: number};

/**
A port or a range of ports (`8000-8010`), or `undefined` where the text is none.
*/
export const parsePortRange = (text: string, lowest = 1): PortRange | undefined => {
	const match = /^(?<start>\d{1,5})(?:-(?<end>\d{1,5}))?$/v.exec(text);
	if (match === null) {
		return undefined;
	}

	const start = Number(match.groups!.start);
	const end = match.groups!.end === undefined ? start : Number(match.groups!.end);
	return start >= lowest && end <= 65_535 && start <= end ? {start, end} : undefined;
};

/**
The mappings of ranges: each to each where they are as long as each other; a longer published range is one to choose from.
`undefined` where the two don't fit.
*/
export const expandPorts = (target: PortRange, published: PortRange | undefined, rest: Pick<PortMapping, 'address' | 'protocol'>): readonly PortMapping[] | undefined => {
	const count = target.end - target.start + 1;
	const mappings: PortMapping[] = [];
	const publishedCount = published === undefined ? 0 : published.end - published.start + 1;
	if (published !== undefined && count !== publishedCount && count !== 1) {
		return undefined;
	}

	for (let index = 0; index < count; index++) {
		const first = published === undefined || published.start === 0 ? undefined : published.start + index;
		mappings.push({
			...(rest.address !== undefined && {address: rest.address}),
			...(first !== undefined && {published: first}),
			...(first !== undefined && publishedCount > count && {publishedEnd: published!.end}),
			target: target.start + index,
			protocol: rest.protocol,
		});
	}

	return mappings;
};

/**
Reads a short port mapping, or `undefined` where the text is none.
*/
export const parsePorts = (text: string): readonly PortMapping[] | undefined => {
	const match = /^(?:(?:\[(?<bracketed>[^\]]*)\]|(?<address>[^:\[]*)):)?(?:(?<published>[^:]*):)?(?<target>[^\/:]+)(?:\/(?<protocol>tcp|udp))?$/v.exec(text);
	if (match === null) {
		return undefined;
	}

	const {bracketed, address: plainAddress, protocol = 'tcp'} = match.groups!;
	let {published} = match.groups!;
	let address = bracketed ?? plainAddress;
	// With one colon the part before it is the published port.
	if (bracketed === undefined && published === undefined) {
		published = address;
		address = undefined;
	} else if (published === undefined) {
		return undefined;
	}

	if (address !== undefined && (address === '' || isIP(address) === 0)) {
		return undefined;
	}

	const target = parsePortRange(match.groups!.target!);
	const publishedRange = published === undefined || (published === '' && address !== undefined) ? undefined : parsePortRange(published, 0);
	if (target === undefined || (publishedRange === undefined && published !== undefined && published !== '')) {
		return undefined;
	}

	return published === '' && address === undefined ? undefined : expandPorts(target, publishedRange, {protocol: protocol === 'udp' ? 'udp' : 'tcp', ...(address !== undefined && {address})});
};

/**
The short form of a mapping; `parsePorts` reads it back.
*/
export const formatPort = ({address, published, publishedEnd, target, protocol}: PortMapping): string => {
	const host = address === undefined ? '' : `${address.includes(':') ? `[${address}]` : address}:`;
	const range = publishedEnd === undefined ? String(published ?? '') : `${published ?? ''}-${publishedEnd}`;
	const left = host === '' && range === '' ? '' : `${host}${range}:`;
	return `${left}${target}${protocol === 'udp' ? '/udp' : ''}`;
};
