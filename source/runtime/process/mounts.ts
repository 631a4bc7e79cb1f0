/**
Where on the host the paths are that a service knows from inside a container. A process sees the host's own paths, so a path that the
compose file mounts is replaced in commands and, for a service's own command, in its environment.
*/
import {mkdir, realpath, rm} from 'node:fs/promises';
import path from 'node:path';
import {CoppiceError} from '../../system/errors.ts';
import type {Mount, Service} from '../../stack/stack.ts';

export type HostMount = {
	readonly kind: Mount['kind'];
	readonly target: string;
	readonly source: string;

	/** For a volume: its key in the compose file. */
	readonly volume?: string;
};

/** Where volumes are that are not kept in the pool. */
export const unmanagedVolumeFolder = (stateFolder: string, volume: string): string => path.join(stateFolder, 'volumes', volume);

const withoutSlash = (target: string): string => target.length > 1 && target.endsWith('/') ? target.slice(0, -1) : target;

/** What a service keeps in no volume: a folder of this stack's own, named like the path inside. */
export const anonymousFolder = (stateFolder: string, service: string, target: string): string =>
	path.join(stateFolder, 'anonymous', service, withoutSlash(target).replaceAll(/[^\w\-.]/gv, '_'));

/**
The host side of each mount of a service. Does no I/O.
*/
export const hostMounts = (service: Service, volumeFolders: Readonly<Record<string, string>>, stateFolder: string): HostMount[] =>
	service.mounts.map(mount => {
		const target = withoutSlash(mount.target);
		switch (mount.kind) {
			case 'volume': {
				return {
					kind: mount.kind, target, volume: mount.volume, source: volumeFolders[mount.volume] ?? unmanagedVolumeFolder(stateFolder, mount.volume),
				};
			}

			case 'bind': {
				return {kind: mount.kind, target, source: mount.source};
			}

			case 'anonymous':
			case 'tmpfs': {
				break;
			}
		}

		return {kind: mount.kind, target, source: anonymousFolder(stateFolder, service.name, target)};
	});

/**
Makes the folders of mounts that are this stack's own, empties those of kind `tmpfs`, and follows links: a service must stay on
the branch that was current when it started.

@throws CoppiceError `precondition` when the folder of a volume or the source of a bind mount is not there.
*/
export const readyMounts = async (service: Service, mounts: readonly HostMount[], stateFolder: string): Promise<HostMount[]> =>
	Promise.all(mounts.map(async mount => {
		const isOwn = mount.source.startsWith(`${stateFolder}/`);
		if (isOwn && mount.kind === 'tmpfs') {
			await rm(mount.source, {recursive: true, force: true});
		}

		if (isOwn) {
			await mkdir(mount.source, {recursive: true});
		}

		try {
			return {...mount, source: await realpath(mount.source)};
		} catch (error) {
			const what = mount.volume === undefined ? `${mount.source}, which ${service.name} mounts,` : `The folder of the volume ${mount.volume}`;
			throw new CoppiceError('precondition', `${what} is not there, so ${service.name} can't be started.`, {
				service: service.name, file: mount.source, cause: error, ...(mount.volume !== undefined && {volume: mount.volume}),
				hint: mount.volume === undefined ? 'Correct the path in `volumes:` of the compose file.' : 'Is the pool mounted? `coppice doctor` tells.',
			});
		}
	}));

/**
The host path of a path inside, or `undefined` where nothing is mounted.
*/
export const toHostPath = (mounts: readonly HostMount[], inside: string): string | undefined => {
	const [best] = mounts
		.filter(({target}) => inside === target || inside.startsWith(target === '/' ? target : `${target}/`))
		.toSorted((a, b) => b.target.length - a.target.length);
	return best && path.join(best.source, path.relative(best.target, inside));
};

/**
A word of a command or a value of the environment with a mounted path replaced: the whole word, or what follows its first `=`.
*/
export const mapWord = (mounts: readonly HostMount[], word: string): string => {
	const start = word.startsWith('/') ? 0 : word.indexOf('=/') + 1;
	if (start === 0 && !word.startsWith('/')) {
		return word;
	}

	const host = toHostPath(mounts, word.slice(start));
	return host === undefined ? word : word.slice(0, start) + host;
};
