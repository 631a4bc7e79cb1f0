/**
Where what runs in Docker is no longer what the compose file, or a commit, says.
*/
import {CoppiceError} from '../../system/errors.ts';
import type {StoredCommit} from '../../history/commit.ts';
import type {Workspace} from '../workspace/workspace.ts';

export type Drift = {
	readonly service: string;

	/**
	- `definition`: its container was made from another definition than the compose file's;
	- `image`: its container runs another image than the commit was made with;
	- `image-name`: its container runs another image than the one that has the name now;
	- `unknown-service`: it runs, and the compose file has no such service.
	*/
	readonly kind: 'definition' | 'image' | 'image-name' | 'unknown-service';

	/** For `image` and `image-name`: ids of images. */
	readonly from?: string;
	readonly to?: string;
};

/** What is known of one running container. */
export type RunningContainer = {
	readonly service: string;
	readonly imageId: string;

	/** By compose's own label. */
	readonly configHash?: string;
};

export type DriftFacts = {
	readonly containers: readonly RunningContainer[];

	/** Services of the compose file. */
	readonly services: ReadonlySet<string>;

	/** Compose's hash of each service as the compose file has it now, where this compose can tell. */
	readonly hashes: ReadonlyMap<string, string>;

	/** Id of the image that has the name which a service asks for. */
	readonly images: ReadonlyMap<string, string>;

	/** Image ids of the commit, by service. */
	readonly committed: ReadonlyMap<string, string>;
};

/**
Finds where they differ. Pure.
*/
export const findDrift = ({containers, services, hashes, images, committed}: DriftFacts): readonly Drift[] => {
	const found = containers.flatMap(({service, imageId, configHash}): Drift[] => {
		if (!services.has(service)) {
			return [{service, kind: 'unknown-service'}];
		}

		const hash = hashes.get(service);
		const wanted = committed.get(service);
		const named = images.get(service);
		return [
			...hash !== undefined && configHash !== undefined && hash !== configHash ? [{service, kind: 'definition'} as const] : [],
			...wanted !== undefined && wanted !== imageId
				? [{
					service, kind: 'image', from: wanted, to: imageId,
				} as const]
				: [],
			...named !== undefined && named !== imageId
				? [{
					service, kind: 'image-name', from: imageId, to: named,
				} as const]
				: [],
		];
	});
	// Replicas of a service drift alike.
	return new Map(found.map(drift => [JSON.stringify(drift), drift])).values().toArray();
};

/**
Looks at what runs and compares it with the compose file and a commit. Nothing for a stack that runs no containers.
*/
export const surveyDrift = async ({runtime, stack}: Workspace, commit: StoredCommit): Promise<readonly Drift[]> => {
	if (runtime.name !== 'docker') {
		return [];
	}

	const [{connectEngine, engineError}, {isServiceContainer, projectLabel, serviceLabel}, {runCompose}] = await Promise.all([
		import('../../runtime/docker/engine.ts'), import('../../runtime/docker/containers.ts'), import('../../runtime/docker/compose-cli.ts'),
	]);
	const {docker, location} = await connectEngine();
	try {
		const found = await docker.listContainers({filters: {label: [`${projectLabel}=${stack.name}`]}});
		const containers = found.filter(container => isServiceContainer(container, stack.name)).map((container): RunningContainer => {
			const configHash = container.Labels['com.docker.compose.config-hash'];
			return {service: container.Labels[serviceLabel]!, imageId: container.ImageID, ...(configHash !== undefined && {configHash})};
		});
		if (containers.length === 0) {
			return [];
		}

		const profiles = [...new Set(Object.values(stack.services).flatMap(service => service.profiles))];
		const printed = await runCompose({...stack, activeProfiles: profiles}, ['config', '--hash', '*'], {env: location.environment});
		const lines = printed.exitCode === 0 ? printed.stdout.split('\n') : [];
		const images = await Promise.all(Object.values(stack.services).map(async ({name, image}): Promise<Array<[string, string]>> => {
			if (image === undefined) {
				return [];
			}

			try {
				const {Id: id} = await docker.getImage(image).inspect();
				return [[name, id]];
			} catch {
				// Not here under that name any more.
				return [];
			}
		}));
		return findDrift({
			containers,
			services: new Set(Object.keys(stack.services)),
			hashes: new Map(lines.flatMap((line): Array<[string, string]> => {
				const [service, hash] = line.trim().split(/\s+/v, 2);
				return service !== undefined && hash !== undefined ? [[service, hash]] : [];
			})),
			images: new Map(images.flat()),
			committed: new Map(Object.entries(commit.definition.services).flatMap(([name, {imageDigest}]): Array<[string, string]> =>
				imageDigest === undefined ? [] : [[name, imageDigest]])),
		});
	} catch (error) {
		throw error instanceof CoppiceError ? error : engineError(error, location, 'tell what runs', {stack: stack.name});
	}
};
