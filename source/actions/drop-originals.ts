/**
`coppice init --drop-originals`: deletes what adoption has kept of volumes in the Docker engine.
*/
import {CoppiceError} from '../system/errors.ts';
import {
	engineVolumeName,
	originalLabel,
	type EngineVolume,
	type EngineVolumes,
} from '../runtime/docker/engine-volumes.ts';
import {measureTree} from '../storage/compare-trees.ts';
import {holdsData, openEngine} from './change/engine-volume-steps.ts';
import {exclusively} from './change/transact.ts';
import type {Workspace} from './workspace/workspace.ts';

export type Original = {
	/** The volume of the engine that holds it. */
	readonly engineVolume: string;

	/** The stack's volume that it was. */
	readonly volume: string;
	readonly bytes: number;

	/** ISO 8601; when it was taken over. */
	readonly keptSince?: string;
};

export type DropResult = {
	readonly dropped: readonly Original[];
};

const originalsOf = async ({stack}: Workspace, engine: EngineVolumes): Promise<Array<EngineVolume & {readonly volume: string}>> => {
	const volumes = new Map(Object.keys(stack.volumes).map(volume => [engineVolumeName(stack, volume), volume]));
	const kept = await engine.withLabel(originalLabel);
	return kept.flatMap(original => {
		const volume = volumes.get(original.labels[originalLabel] ?? '');
		return volume === undefined ? [] : [{...original, volume}];
	});
};

const describe = async (original: EngineVolume & {readonly volume: string}): Promise<Original> => ({
	engineVolume: original.name,
	volume: original.volume,
	bytes: await holdsData(original.data) ? measureTree(original.data).totalBytes : 0,
	...(original.createdAt !== undefined && {keptSince: original.createdAt}),
});

/**
The originals that adoption has kept of this stack's volumes.
*/
export const listOriginals = async (workspace: Workspace): Promise<readonly Original[]> => {
	const originals = await originalsOf(workspace, await openEngine(workspace));
	return Promise.all(originals.map(async original => describe(original)));
};

/**
Volumes that no commit holds whole.
*/
const uncommitted = async ({history, pool, stack, volumes}: Workspace, names: readonly string[]): Promise<string[]> => {
	const {commits} = await history.allCommits();
	const missing: string[] = [];
	for (const volume of names) {
		// What is not managed has nothing there.
		const {snapshots} = await pool.driver.contents({stack: stack.name, volume});
		if (!volumes.includes(volume) || commits.every(commit => !snapshots.includes(commit.volumes[volume] ?? ''))) {
			missing.push(volume);
		}
	}

	return missing;
};

/**
Deletes the originals of these volumes of the engine, for good.

@throws CoppiceError `precondition` while a volume has no commit: the original may be all there is of an earlier state.
*/
export const dropOriginals = async (workspace: Workspace, chosen: readonly Original[]): Promise<DropResult> =>
	exclusively(workspace, 'drop-originals', async () => {
		const missing = await uncommitted(workspace, [...new Set(chosen.map(({volume}) => volume))]);
		if (missing.length > 0) {
			throw new CoppiceError('precondition', `No commit of stack ${workspace.stack.name} holds ${missing.join(', ')} yet, so the original may be all there is.`, {
				stack: workspace.stack.name, hint: 'Make one first: `coppice commit -m "…"`. Nothing was deleted.',
			});
		}

		const engine = await openEngine(workspace);
		for (const {engineVolume} of chosen) {
			await engine.remove(engineVolume);
		}

		return {dropped: chosen};
	});
