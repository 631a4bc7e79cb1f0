/**
The ports of a service, in their short and long forms.
*/
import {expandPorts, parsePortRange, parsePorts} from './ports.ts';
import type {ServiceView} from './service-view.ts';
import type {PortMapping} from './stack.ts';

export const readPorts = (view: ServiceView): PortMapping[] => (view.raw.ports ?? []).flatMap((port, index) => {
	const keyPath = ['ports', index];
	if (typeof port !== 'object') {
		const text = String(port);
		if (/\/sctp$/iv.test(text)) {
			view.unmodelled.push(`ports[${index}] (sctp)`);
			return [];
		}

		const mappings = parsePorts(text.replace(/\/(?:TCP|UDP)$/v, protocol => protocol.toLowerCase()));
		if (mappings === undefined) {
			throw view.error(keyPath, `${JSON.stringify(text)} is not a port mapping`, 'Write it as "8080:80", "127.0.0.1:8080:80" or "80".');
		}

		return mappings;
	}

	if (port.protocol !== undefined && port.protocol !== 'tcp' && port.protocol !== 'udp') {
		if (port.protocol === 'sctp') {
			view.unmodelled.push(`ports[${index}] (sctp)`);
			return [];
		}

		throw view.error([...keyPath, 'protocol'], `${JSON.stringify(port.protocol)} is not a protocol; "tcp" and "udp" are`);
	}

	const target = parsePortRange(String(port.target));
	if (target === undefined) {
		throw view.error([...keyPath, 'target'], `${JSON.stringify(port.target)} is not a port`);
	}

	const published = port.published === undefined || port.published === '' ? undefined : parsePortRange(String(port.published), 0);
	if (published === undefined && port.published !== undefined && port.published !== '') {
		throw view.error([...keyPath, 'published'], `${JSON.stringify(port.published)} is not a port`);
	}

	const mappings = expandPorts(target, published, {protocol: port.protocol ?? 'tcp', ...(port.host_ip !== undefined && port.host_ip !== '' && {address: port.host_ip})});
	if (mappings === undefined) {
		throw view.error(keyPath, 'publishes another number of ports than it has targets');
	}

	return mappings;
});
