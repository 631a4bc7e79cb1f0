/**
The named volumes of a stack whose data are in the pool: each is an ordinary volume of the engine, bound to `current/data`, so that plain
`docker compose up` uses the same data. `current` is a link, which is resolved whenever a container starts.
*/
import {stat} from 'node:fs/promises';
import {CoppiceError} from '../../system/errors.ts';
import type {Stack} from '../../stack/stack.ts';
import type {RuntimeContext} from '../runtime.ts';
import type {Engine} from './engine.ts';
import {
	composeLabels,
	engineVolumeName,
	isPlain,
	managedLabel,
	volumesOf,
	type EngineVolume,
} from './engine-volumes.ts';

/**
What to do about a managed volume, from what the engine has under its name: pure.

Data that the engine keeps are never replaced. A volume that is bound to a folder holds no data itself: one that Coppice made for a pool
which is gone may point elsewhere.

@param isThere - Whether the folder that the volume found is bound to exists.
@throws CoppiceError `conflict` where the name stands for other data.
*/
export const decideVolume = (name: string, volume: string, folder: string, found: EngineVolume | undefined, isThere: boolean): 'make' | 'keep' | 'rebind' => {
	if (found === undefined) {
		return 'make';
	}

	const {type, o: options, device} = found.options;
	const isBound = found.driver === 'local' && type === 'none' && options?.split(',').includes('bind');
	if (isBound && device === folder) {
		return 'keep';
	}

	if (isPlain(found)) {
		throw new CoppiceError('conflict', `The Docker volume ${name} holds data of its own, so the pool's data of ${volume} can't take its place.`, {
			volume, hint: 'Run `coppice init --adopt`: it moves those data into the pool, and keeps the original until you drop it.',
		});
	}

	if (!isThere && isBound && found.labels[managedLabel] !== undefined) {
		return 'rebind';
	}

	throw new CoppiceError('conflict', isBound
		? `The Docker volume ${name} stands for the folder ${device}, not for the pool's data of ${volume}.`
		: `The Docker volume ${name} is of the driver ${found.driver} with options of its own, so the pool's data of ${volume} can't take its place.`, {
		volume, hint: `Remove it with \`docker volume rm ${name}\` if nothing needs it${isBound ? ' (the folder stays)' : ''}, or set \`x-coppice: {managed: false}\` on ${volume}.`,
	});
};

const exists = async (folder: string | undefined): Promise<boolean> => {
	try {
		await stat(folder ?? '');
		return true;
	} catch {
		return false;
	}
};

/**
Makes sure that the managed volumes are there and stand for the pool's data.

@throws CoppiceError `conflict` where a name stands for other data; nothing is replaced then.
*/
export const ensureVolumes = async (engine: Engine, stack: Stack, context: RuntimeContext): Promise<void> => {
	const volumes = volumesOf(engine, stack);
	const managed = Object.values(stack.volumes).filter(volume => volume.managed).map(volume => volume.name);
	await Promise.all(managed.map(async volume => {
		const name = engineVolumeName(stack, volume);
		const folder = context.volumePath(volume);
		const found = await volumes.find(name);
		const decision = decideVolume(name, volume, folder, found, await exists(found?.options.device));
		if (decision === 'keep') {
			return;
		}

		if (decision === 'rebind') {
			const users = await volumes.users(name);
			if (users.length > 0) {
				throw new CoppiceError('conflict', `The Docker volume ${name} stands for ${found?.options.device}, which is gone, and the container ${users[0]!.name} still holds it.`, {
					stack: stack.name, volume, hint: `Remove it: \`docker rm ${users[0]!.name}\`. It is made anew at the next \`coppice up\`.`,
				});
			}

			await volumes.remove(name);
		}

		const made = await volumes.create({
			name,
			folder,
			labels: {...composeLabels(stack, volume), ...(context.pool !== undefined && {[managedLabel]: context.pool})},
		});
		// Somebody may have made one in the meantime, which the engine gives back as it is.
		decideVolume(name, volume, folder, made, true);
	}));
};
