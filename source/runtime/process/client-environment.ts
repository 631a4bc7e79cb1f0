/**
The environment of what runs on behalf of a service beside it: its health check, and commands of `exec`.
*/
import type {Service} from '../../stack/stack.ts';
import type {KnownService} from './known-images.ts';
import type {HostMount} from './mounts.ts';
import {defaultAddress, type ResolvedPort} from './ports.ts';
import {baseEnvironment} from './recipes/base-environment.ts';
import {loadRecipe} from './recipes/load-recipe.ts';
import type {ServiceRecord} from './supervisor-state.ts';

/**
The service's own variables, and those by which clients find it on this host. May hold secrets.
*/
export const clientEnvironment = async (
	service: Service,
	known: KnownService,
	record: ServiceRecord,
	mounts: readonly HostMount[],
): Promise<Record<string, string>> => {
	const {user, socket, binFolder} = record;
	const recipe = await loadRecipe(known.recipe);
	const ports = record.ports
		.filter(port => port.published !== undefined)
		.map((port): ResolvedPort => ({...port, address: port.address ?? defaultAddress, published: port.published ?? port.target}));
	const base = baseEnvironment(user ?? {
		name: 'nobody', uid: 65_534, gid: 65_534, home: '/',
	}, binFolder);
	return {
		...base,
		...service.environment,
		// A container's search path says nothing about this host.
		...(known.recipe !== 'custom' && {PATH: base.PATH ?? '', HOME: base.HOME ?? ''}),
		...recipe.clientVariables({
			service, mounts, ports, ...(socket !== undefined && {socket}),
		}),
	};
};
