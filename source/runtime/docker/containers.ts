/**
The containers of a stack, found by the labels that compose gives them.
*/
import type Docker from 'dockerode';
import type {ContainerInfo, ContainerInspectInfo} from 'dockerode';
import type {Stack} from '../../stack/stack.ts';
import {hasStatus} from './engine.ts';

/** Labels of compose (`pkg/api/labels.go`; the same in version 1). */
export const projectLabel = 'com.docker.compose.project';
export const serviceLabel = 'com.docker.compose.service';
export const volumeLabel = 'com.docker.compose.volume';
const numberLabel = 'com.docker.compose.container-number';
const oneOffLabel = 'com.docker.compose.oneoff';

export type StackContainer = {
	readonly id: string;
	readonly name: string;
	readonly service: string;

	/** Which of the service's replicas it is, from 1. */
	readonly number: number;

	/** `created`, `running`, `paused`, `restarting`, `removing`, `exited` or `dead`. */
	readonly state: string;

	/** `sha256:…` */
	readonly imageId: string;
};

export const containerName = ({Names: names, Id: id}: Pick<ContainerInfo, 'Names' | 'Id'>): string => names[0]?.replace(/^\//v, '') ?? id.slice(0, 12);

/**
Whether a container is one of a service of this project, not one that somebody made for a single command (`compose run`).
*/
export const isServiceContainer = ({Labels: labels}: Pick<ContainerInfo, 'Labels'>, project: string): boolean =>
	labels[projectLabel] === project && labels[serviceLabel] !== undefined && labels[oneOffLabel]?.toLowerCase() !== 'true';

/**
The containers of a stack's services, those that do not run included, in the order of services and replicas.
*/
export const listContainers = async (docker: Docker, stack: Pick<Stack, 'name' | 'services'>): Promise<StackContainer[]> => {
	const found = await docker.listContainers({all: true, filters: {label: [`${projectLabel}=${stack.name}`]}});
	const order = Object.keys(stack.services);
	return found
		.filter(container => isServiceContainer(container, stack.name) && order.includes(container.Labels[serviceLabel]!))
		.map(container => ({
			id: container.Id,
			name: containerName(container),
			service: container.Labels[serviceLabel]!,
			number: Number(container.Labels[numberLabel] ?? 1),
			state: container.State,
			imageId: container.ImageID,
		}))
		.toSorted((a, b) => a.service === b.service ? a.number - b.number : order.indexOf(a.service) - order.indexOf(b.service));
};

/**
What the engine says of a container, or `undefined` where it is gone.
*/
export const inspectContainer = async (docker: Docker, id: string): Promise<ContainerInspectInfo | undefined> => {
	try {
		return await docker.getContainer(id).inspect();
	} catch (error) {
		if (hasStatus(error, 404)) {
			return undefined;
		}

		throw error;
	}
};

/** States in which a container has processes, or is about to have them again. */
export const liveStates: ReadonlySet<string> = new Set(['running', 'paused', 'restarting', 'removing']);
