/**
Which services have to be stopped when the data of a volume change: pure.
*/
import type {Stack} from '../../stack/stack.ts';

/**
Services that mount a volume, in the order of the file.
*/
export const servicesMounting = (stack: Stack, volume: string): string[] =>
	Object.values(stack.services)
		.filter(service => service.mounts.some(mount => mount.kind === 'volume' && mount.volume === volume))
		.map(service => service.name);

/**
Services to restart with these: those that depend on one of them with `restart: true`, and so on.
*/
export const withDependents = (stack: Stack, services: readonly string[]): string[] => {
	const all = new Set(services);
	for (let grown = true; grown;) {
		grown = false;
		for (const service of Object.values(stack.services)) {
			const depends = Object.entries(service.dependsOn).some(([name, dependency]) => dependency.restart && all.has(name));
			if (!depends || all.has(service.name)) {
				continue;
			}

			all.add(service.name);
			grown = true;
		}
	}

	return Object.keys(stack.services).filter(name => all.has(name));
};

/**
For each volume the services to stop when its data change.
*/
export const volumeUsers = (stack: Stack, volumes: readonly string[]): Record<string, readonly string[]> =>
	Object.fromEntries(volumes.map(volume => [volume, withDependents(stack, servicesMounting(stack, volume))]));
