/**
Which volumes of a stack hold data in the Docker engine already, from before it was taken up.
*/
import {CoppiceError, isSystemError} from '../../system/errors.ts';
import type {Project} from '../../host/project-registry.ts';
import {
	engineVolumeName,
	isManaged,
	isPlain,
	managedLabel,
	type EngineVolumes,
} from '../../runtime/docker/engine-volumes.ts';
import type {Stack} from '../../stack/stack.ts';
import {measureTree} from '../../storage/compare-trees.ts';
import type {Pool} from '../../storage/pool.ts';
import {holdsData} from '../change/engine-volume-steps.ts';

export type UnadoptedVolume = {
	readonly volume: string;

	/** Its name in the engine. */
	readonly engineVolume: string;

	/** Where its data are on the engine's host. */
	readonly data: string;

	/** Bytes of disk that its data take, where this user may look. */
	readonly bytes?: number | undefined;
};

/** What cannot be looked into is never taken for empty. */
const measureData = async (folder: string): Promise<{readonly hasData: boolean; readonly bytes?: number}> => {
	try {
		return await holdsData(folder) ? {hasData: true, bytes: measureTree(folder).totalBytes} : {hasData: false};
	} catch (error) {
		if (isSystemError(error, 'EACCES', 'EPERM')) {
			return {hasData: true};
		}

		throw error;
	}
};

/**
Volumes to leave unmanaged until they are adopted.

One that was managed before, and has data in the pool, stays managed: that the engine has other data under its name now is for `up` to say.
@throws CoppiceError `conflict` where a volume of the engine stands for data in another pool.
*/
export const surveyEngineVolumes = async (engine: EngineVolumes, stack: Stack, pool: Pool, known: Project | undefined): Promise<{
	readonly unadopted: readonly UnadoptedVolume[];

	/** Names in the engine of volumes that hold nothing and are used by nobody: they only stand in the way. */
	readonly empty: readonly string[];
}> => {
	const empty: string[] = [];
	const found = await Promise.all(Object.values(stack.volumes).filter(({managed}) => managed).map(async ({name: volume}): Promise<UnadoptedVolume[]> => {
		const engineVolume = engineVolumeName(stack, volume);
		const present = await engine.find(engineVolume);
		if (present === undefined) {
			return [];
		}

		if (isManaged(present)) {
			const owner = present.labels[managedLabel]!;
			if (owner !== pool.path) {
				throw new CoppiceError('conflict', `The Docker volume ${engineVolume} stands for data in the pool ${owner}, not in ${pool.path}.`, {
					stack: stack.name, volume, hint: `Run \`coppice init --pool ${owner}\`, or give the data back to Docker first: \`coppice eject\`.`,
				});
			}

			return [];
		}

		if (known?.runtime === 'docker' && known.unadopted?.includes(volume) !== true) {
			const {branches} = await pool.driver.contents({stack: stack.name, volume});
			if (branches.length > 0) {
				return [];
			}
		}

		if (!isPlain(present)) {
			return [{volume, engineVolume, data: present.data}];
		}

		const {hasData, bytes} = await measureData(present.data);
		const users = hasData ? [] : await engine.users(engineVolume);
		if (!hasData && users.length === 0) {
			empty.push(engineVolume);
			return [];
		}

		return [{
			volume, engineVolume, data: present.data, bytes: hasData ? bytes : 0,
		}];
	}));
	return {unadopted: found.flat(), empty};
};
