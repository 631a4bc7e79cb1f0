/**
Makes what the current branch still lacks: live clones of volumes that are new in the compose file, or whose data came from another host without
a project, and the links to them.
*/
import {stat} from 'node:fs/promises';
import {isSystemError} from '../../system/errors.ts';
import {currentData} from '../../storage/layout.ts';
import type {StoredCommit} from '../../history/commit.ts';
import {runStep} from '../change/run-step.ts';
import type {Workspace} from './workspace.ts';

const isThere = async (folder: string): Promise<boolean> => {
	try {
		await stat(folder);
		return true;
	} catch (error) {
		if (isSystemError(error, 'ENOENT', 'ENOTDIR')) {
			return false;
		}

		throw error;
	}
};

/** The commit that a branch is at, read once for all volumes that need it. */
const readTip = ({history}: Workspace, branch: string): () => Promise<StoredCommit | undefined> => {
	let reading: Promise<StoredCommit | undefined> | undefined;
	return async () => {
		reading ??= (async () => {
			const branches = await history.branches();
			const tip = branches.get(branch) ?? undefined;
			return tip === undefined ? undefined : history.readCommit(tip);
		})();
		return reading;
	};
};

/** The live clone of a volume: as the branch's commit has it, empty where that has none. */
const makeLive = async (workspace: Workspace, volume: string, branch: string, tip: StoredCommit | undefined): Promise<void> => {
	const snapshot = tip?.volumes[volume];
	if (tip === undefined || snapshot === undefined) {
		await runStep(workspace, {do: 'create', volume, branch});
		return;
	}

	const staged = `made-${tip.id.slice(0, 8)}`;
	await runStep(workspace, {
		do: 'stage', volume, snapshot, staged,
	});
	await runStep(workspace, {
		do: 'swap', volume, branch, staged,
	});
};

/**
Makes the live clone of a volume on a branch, unless it is there, and the link to it. To be called under the stack's lock.

@param tip - Reads the commit whose data it begins with, where it has to be made.
*/
export const attachVolume = async (workspace: Workspace, volume: string, branch: string, tip: () => Promise<StoredCommit | undefined>): Promise<void> => {
	const {branches} = await workspace.pool.driver.contents({stack: workspace.stack.name, volume});
	if (!branches.includes(branch)) {
		await makeLive(workspace, volume, branch, await tip());
	}

	await runStep(workspace, {do: 'link', volume, branch});
};

/**
To be called under the stack's lock. What is there is left alone.

@throws CoppiceError `not-found` where the data of the branch's commit are not here: an empty volume in their place would look as if they were lost.
*/
export const makeVolumes = async (workspace: Workspace): Promise<void> => {
	const {history, pool, stack, volumes} = workspace;
	const branch = await history.currentBranch();
	const tip = readTip(workspace, branch);
	await Promise.all(volumes.map(async volume => {
		if (!await isThere(currentData(pool.path, {stack: stack.name, volume}))) {
			await attachVolume(workspace, volume, branch, tip);
		}
	}));
};
