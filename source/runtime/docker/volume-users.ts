/**
Which containers have the data of managed volumes open: by the name of the volume, or by a folder of the pool that somebody has mounted.
*/
import path from 'node:path';
import type {ContainerInfo} from 'dockerode';
import type {Stack} from '../../stack/stack.ts';
import type {RuntimeContext} from '../runtime.ts';
import {
	containerName,
	isServiceContainer,
	projectLabel,
	serviceLabel,
} from './containers.ts';
import {engineVolumeName} from './engine-volumes.ts';

/**
A managed volume, as containers mount it.
*/
export type VolumeReference = {
	readonly volume: string;
	readonly engineName: string;

	/** The folder of the pool with all its branches. */
	readonly folder: string;
};

export const referVolume = (stack: Stack, context: RuntimeContext, volume: string): VolumeReference => ({
	// The data that a container mounts are `current/data` in the volume's folder.
	volume, engineName: engineVolumeName(stack, volume), folder: path.dirname(path.dirname(context.volumePath(volume))),
});

/**
The volumes among these that a container mounts.
*/
export const mountedVolumes = (
	{Mounts: mounts}: Pick<ContainerInfo, 'Mounts'>,
	volumes: readonly VolumeReference[],
	options: {readonly onlyWritable?: boolean} = {},
): VolumeReference[] => volumes.filter(({engineName, folder}) => mounts.some(({Name: name, Source: source, RW: isWritable}) =>
	(name === engineName || source === folder || source.startsWith(`${folder}/`)) && (isWritable || options.onlyWritable !== true)));

/**
Whether a container is one of the services of this very stack.
*/
export const isOwnService = (container: ContainerInfo, stack: Stack): boolean =>
	isServiceContainer(container, stack.name) && stack.services[container.Labels[serviceLabel]!] !== undefined;

/**
Containers that are not this stack's services and mount these volumes, in words for people.
*/
export const describeOtherUsers = (running: readonly ContainerInfo[], stack: Stack, volumes: readonly VolumeReference[]): string[] =>
	running.filter(container => !isOwnService(container, stack)).flatMap(container => {
		const mounted = mountedVolumes(container, volumes).map(({volume}) => volume);
		const project = container.Labels[projectLabel];
		const whose = project === undefined || project === stack.name ? '' : ` of the project ${project}`;
		return mounted.length === 0 ? [] : [`the container ${containerName(container)}${whose}, which mounts ${mounted.join(', ')}`];
	});
