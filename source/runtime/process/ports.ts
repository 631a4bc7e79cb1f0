/**
Ports of the host: is one free, who holds it, and which one to take where the file leaves the choice.
*/
import {readdirSync, readFileSync, readlinkSync} from 'node:fs';
import net from 'node:net';
import {CoppiceError, isSystemError} from '../../system/errors.ts';
import {readIfThere, writeDurably} from '../../system/durable-file.ts';
import type {PortMapping, Service} from '../../stack/stack.ts';
import {readStat} from '../../system/process-table.ts';

/** Where a service listens when the compose file names no address: this machine only. */
export const defaultAddress = '127.0.0.1';

/**
A mapping with nothing left open.
*/
export type ResolvedPort = PortMapping & {readonly address: string; readonly published: number};

const addressToHex = (address: string): string | undefined => net.isIPv4(address)
	? address.split('.').toReversed().map(part => Number(part).toString(16).padStart(2, '0')).join('').toUpperCase()
	: undefined;

/**
Inodes of the sockets that listen on a port, of this address or of all (`/proc/net/tcp`, state 0A, numbers in hex).
*/
const listeningInodes = (address: string, port: number): ReadonlySet<string> => {
	const inodes = new Set<string>();
	for (const file of ['/proc/net/tcp', '/proc/net/tcp6']) {
		let text = '';
		try {
			text = readFileSync(file, 'latin1');
		} catch {
			continue;
		}

		for (const line of text.split('\n').slice(1)) {
			const fields = line.trim().split(/\s+/v, 10);
			const local = fields[1] ?? '';
			const state = fields[3];
			const inode = fields[9] ?? '';
			const [localAddress = '', localPort = ''] = local.split(':', 2);
			const isEverywhere = /^0+$/v.test(localAddress);
			const isSame = file.endsWith('6') || address === '0.0.0.0' || address === '::' || localAddress === addressToHex(address);
			if (state === '0A' && Number.parseInt(localPort, 16) === port && (isEverywhere || isSame)) {
				inodes.add(inode);
			}
		}
	}

	return inodes;
};

export type PortHolder = {readonly processId: number; readonly name: string};

/** Where a link leads; nowhere if it is gone by now, as descriptors of a busy process are. */
const readLink = (file: string): string => {
	try {
		return readlinkSync(file);
	} catch {
		return '';
	}
};

/**
The process that listens on a port, where this user may see it.
*/
export const findPortHolder = (address: string, port: number): PortHolder | undefined => {
	const wanted = new Set([...listeningInodes(address, port)].map(inode => `socket:[${inode}]`));
	if (wanted.size === 0) {
		return undefined;
	}

	for (const name of readdirSync('/proc')) {
		const processId = Number(name);
		if (!Number.isSafeInteger(processId)) {
			continue;
		}

		try {
			const descriptors = readdirSync(`/proc/${name}/fd`);
			if (descriptors.some(descriptor => wanted.has(readLink(`/proc/${name}/fd/${descriptor}`)))) {
				return {processId, name: readStat(processId)?.name ?? 'a process'};
			}
		} catch {
			// Another user's process, or one that has just ended.
		}
	}

	return undefined;
};

/**
Listens for a moment. Port 0 takes any that is free.

@returns The port that it got.
*/
const tryListen = async (address: string, port: number): Promise<number> => new Promise((resolve, reject) => {
	const server = net.createServer();
	server.once('error', reject);
	server.listen({host: address, port, exclusive: true}, () => {
		const bound = server.address();
		server.close(() => {
			resolve(typeof bound === 'object' && bound ? bound.port : port);
		});
	});
});

/**
Whether a port of an address is free.

@throws CoppiceError `conflict` naming the holder; `permission` where this user may not listen there; `precondition` where the
address is not this machine's.
*/
export const checkPortFree = async (service: string, {address, published}: ResolvedPort): Promise<void> => {
	try {
		await tryListen(address, published);
	} catch (error) {
		if (isSystemError(error, 'EADDRINUSE')) {
			const holder = findPortHolder(address, published);
			const by = holder ? `${holder.name} (process ${holder.processId})` : 'a process of another user';
			throw new CoppiceError('conflict', `Port ${published} on ${address} is taken by ${by}, so the service ${service} can't be started.`, {
				service, hint: `Stop ${holder ? `process ${holder.processId}` : 'what listens there'}, or change \`ports:\` of ${service} in the compose file.`, cause: error,
			});
		}

		if (isSystemError(error, 'EACCES', 'EPERM')) {
			throw new CoppiceError('permission', `The service ${service} may not listen on port ${published}: low ports are root's.`, {
				service, hint: `Publish a port from 1024 up in \`ports:\` of ${service}.`, cause: error,
			});
		}

		throw new CoppiceError('precondition', `The service ${service} can't listen on ${address}: it is no address of this machine.`, {
			service, hint: `Use 127.0.0.1 or another address of this machine in \`ports:\` of ${service}.`, cause: error,
		});
	}
};

/**
Whether an unprivileged process may listen on a port (`net.ipv4.ip_unprivileged_port_start`).
*/
export const isLowPort = (port: number): boolean => {
	try {
		return port < Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'latin1'));
	} catch {
		return port < 1024;
	}
};

type ChosenPorts = Record<string, number>;

const keyOf = (service: string, mapping: PortMapping): string => `${service}/${mapping.target}/${mapping.protocol}`;

/**
The ports that were chosen for services which publish one without saying which: kept in a file, so that a connection string stays
good over restarts.
*/
export class PortBook {
	readonly #file: string;
	#chosen: ChosenPorts | undefined;

	constructor(file: string) {
		this.#file = file;
	}

	async #choose(key: string, address: string): Promise<number> {
		this.#chosen ??= await this.#read();
		const before = this.#chosen[key];
		if (before !== undefined) {
			try {
				return await tryListen(address, before);
			} catch {
				// Somebody else has it by now.
			}
		}

		let port = await tryListen(address, 0);
		while (Object.values(this.#chosen).includes(port)) {
			port = await tryListen(address, 0);
		}

		this.#chosen[key] = port;
		await writeDurably(this.#file, JSON.stringify(this.#chosen), {mode: 0o600});
		return port;
	}

	async #read(): Promise<ChosenPorts> {
		try {
			return JSON.parse(await readIfThere(this.#file) ?? '{}') as ChosenPorts;
		} catch {
			return {};
		}
	}

	/**
	Fills in what a service's mappings leave open.
	*/
	async resolve(service: Service): Promise<ResolvedPort[]> {
		const resolved: ResolvedPort[] = [];
		for (const mapping of service.ports) {
			const address = mapping.address ?? defaultAddress;
			const published = mapping.published ?? await this.#choose(keyOf(service.name, mapping), address);
			resolved.push({...mapping, address, published});
		}

		return resolved;
	}
}
