/**
What a stack is made of, for people: a service each, without any values of the environment.
*/
import {formatPort} from '../../stack/format-port.ts';
import type {Mount, Stack} from '../../stack/stack.ts';

export type ServiceOutline = {
	readonly name: string;
	readonly image?: string;
	readonly ports: readonly string[];
	readonly mounts: readonly string[];
	readonly dependsOn: readonly string[];
	readonly environmentNames: readonly string[];
	readonly profiles: readonly string[];
};

const mountText = (mount: Mount): string => {
	switch (mount.kind) {
		case 'volume': {
			return `${mount.volume}:${mount.target}${mount.readOnly ? ':ro' : ''}`;
		}

		case 'bind': {
			return `${mount.source}:${mount.target}${mount.readOnly ? ':ro' : ''}`;
		}

		default: {
			return `${mount.kind}:${mount.target}`;
		}
	}
};

/** `isShown` chooses the mounts that are told; all of them are unless it does. */
export const outlineDefinition = ({services}: Pick<Stack, 'services'>, isShown: (mount: Mount) => boolean = () => true): ServiceOutline[] => Object.values(services).map(service => ({
	name: service.name,
	...(service.image !== undefined && {image: service.image}),
	ports: service.ports.map(port => formatPort(port)),
	mounts: service.mounts.filter(mount => isShown(mount)).map(mount => mountText(mount)),
	dependsOn: Object.keys(service.dependsOn),
	environmentNames: Object.keys(service.environment),
	profiles: service.profiles,
}));
