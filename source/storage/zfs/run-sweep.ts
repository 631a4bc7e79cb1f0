/**
Carries out the plans of `sweep.ts`.
*/
import {planSweep, type SweepStep} from './sweep.ts';
import type {VolumeState} from './volume-datasets.ts';
import {
	tryZfs,
	zfs,
	zfsOnceIdle,
	type ZfsFailure,
} from './zfs-command.ts';

/** Puts a snapshot that ZFS still needs out of sight. */
const hide = async (snapshot: string, as: string): Promise<void> => {
	if (snapshot !== as) {
		await zfs('rename', snapshot, as);
	}
};

/** Does one step, and says whether it could be done, where the others hold without it. */
const isStepDone = async (step: SweepStep, allowed: readonly ZfsFailure[]): Promise<boolean> => {
	switch (step.type) {
		case 'promote': {
			const {failure} = await tryZfs(['promote', step.dataset], ['conflict', 'busy']);
			return failure === undefined;
		}

		case 'clone-home': {
			const {failure} = await tryZfs(['clone', '-o', 'mountpoint=legacy', step.snapshot, step.dataset], allowed);
			return failure === undefined;
		}

		case 'destroy-home': {
			await zfsOnceIdle(['destroy', step.dataset], ['absent', 'clones']);
			return true;
		}

		case 'destroy-snapshot': {
			const {failure} = await tryZfs(['destroy', step.snapshot], ['absent', 'clones', 'busy']);
			if (failure === 'clones' || failure === 'busy') {
				// A clone made by hand somewhere else, or a hold of another program: out of sight until a later sweep.
				await hide(step.snapshot, step.snapshot.replace('@trash-', '@gone-'));
			}

			return true;
		}

		case 'hide': {
			await hide(step.snapshot, step.as);
			return true;
		}
	}
};

/** Does steps until one can't be done, and returns that one. */
const failedStep = async (steps: readonly SweepStep[], allowed: readonly ZfsFailure[]): Promise<SweepStep | undefined> => {
	for (const step of steps) {
		if (!await isStepDone(step, allowed)) {
			return step;
		}
	}

	return undefined;
};

/**
Destroys the snapshots in the trash that are doomed, what waits for that since before, and homes without snapshots.

`volume` tells how to read it with its snapshots, and to name another dataset of it; `isDoomed` whether a snapshot in the trash is to be
destroyed, by its id.

@throws CoppiceError `failed` when the pool is so full that some can't be destroyed; these stay in the trash.
*/
export const sweepVolume = async (volume: {read: () => Promise<VolumeState>; newName: () => string}, isDoomed: (id: string) => boolean): Promise<void> => {
	// Clones that can't take over snapshots: another program has made one by the same name in both, or one of them is being read.
	const unfit = new Set<string>();

	// Homes that can't be taken apart for lack of space: tried once more when the others have made room.
	const stuck = new Set<string>();
	let isLastTry = false;
	for (;;) {
		const steps = planSweep(await volume.read(), isDoomed, volume.newName, {unfit, stuck});
		const failed = await failedStep(steps, isLastTry ? [] : ['space']);
		if (failed?.type === 'promote') {
			unfit.add(failed.dataset);
		} else if (failed?.type === 'clone-home') {
			stuck.add(failed.snapshot.slice(0, failed.snapshot.lastIndexOf('@')));
		} else if (stuck.size > 0) {
			stuck.clear();
			isLastTry = true;
		} else {
			return;
		}
	}
};
