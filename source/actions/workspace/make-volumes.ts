/**
Makes what the current branch still lacks: live clones of volumes that are new in the compose file, and the links to them.
*/
import {stat} from 'node:fs/promises';
import {isSystemError} from '../../system/errors.ts';
import {currentData} from '../../storage/layout.ts';
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

/**
To be called under the stack's lock. What is there is left alone.
*/
export const makeVolumes = async (workspace: Workspace): Promise<void> => {
	const {history, pool, stack, volumes} = workspace;
	const branch = await history.currentBranch();
	await Promise.all(volumes.map(async volume => {
		const address = {stack: stack.name, volume};
		if (await isThere(currentData(pool.path, address))) {
			return;
		}

		const {branches} = await pool.driver.contents(address);
		if (!branches.includes(branch)) {
			await runStep(workspace, {do: 'create', volume, branch});
		}

		await runStep(workspace, {do: 'link', volume, branch});
	}));
};
