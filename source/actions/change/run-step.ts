/**
Runs the steps of a plan against the storage, the history and the runtime.
*/
import {
	mkdir,
	rename,
	rm,
	symlink,
} from 'node:fs/promises';
import path from 'node:path';
import {syncFolder} from '../../system/durable-file.ts';
import {nameToComponent} from '../../system/names.ts';
import {currentLink, type VolumeAddress} from '../../storage/layout.ts';
import {databaseFolders} from '../databases/database-folders.ts';
import type {Workspace} from '../workspace/workspace.ts';
import {describeStep, type SingleStep} from './steps.ts';

/**
Points `current` of a volume at a branch: a new link under a temporary name, then a rename, so that there is always one.
*/
const linkCurrent = async (pool: string, address: VolumeAddress, branch: string): Promise<void> => {
	const link = currentLink(pool, address);
	const temporary = `${link}.new`;
	await mkdir(path.dirname(link), {recursive: true});
	await rm(temporary, {force: true});
	await symlink(path.join('branches', nameToComponent(branch)), temporary);
	await rename(temporary, link);
	await syncFolder(path.dirname(link));
};

const startPlainly = async (workspace: Workspace, services: readonly string[]): Promise<void> => {
	const {openEngine} = await import('./engine-volume-steps.ts');
	const engine = await openEngine(workspace);
	await engine.startPlainly(services);
};

/**
Runs one step. Done already is no error, whatever the step.

@throws CoppiceError of the layer below, with the stack's name.
*/
export const runStep = async (workspace: Workspace, step: SingleStep): Promise<void> => {
	const {history, runtime, pool, stack, databases, report} = workspace;
	const {driver} = pool;
	const address = (volume: string): VolumeAddress => ({stack: stack.name, volume});
	const message = describeStep(step);
	if (message !== undefined) {
		report({type: 'step', message});
	}

	switch (step.do) {
		case 'stop': {
			if (step.services.length > 0) {
				await runtime.stop(step.services, {mode: step.mode});
			}

			return;
		}

		case 'start': {
			if (step.services.length > 0) {
				await (step.plainly === true ? startPlainly(workspace, step.services) : runtime.resume(step.services));
			}

			return;
		}

		case 'start-by-definition': {
			await workspace.startByDefinition?.(step.commit);
			return;
		}

		case 'create': {
			await driver.createBranch(address(step.volume), step.branch);
			return;
		}

		case 'stage': {
			const data = await driver.stage(address(step.volume), step.snapshot, step.staged);
			const folders = databaseFolders(stack, databases, step.volume);
			await Promise.all(folders.map(async ({database, subpath}) => database.prepareClone(path.join(data, subpath))));
			return;
		}

		case 'unstage': {
			await driver.unstage(address(step.volume), step.staged);
			return;
		}

		case 'swap': {
			await driver.swap(address(step.volume), step.branch, step.staged, step.keepAs);
			return;
		}

		case 'retire': {
			await driver.retire(address(step.volume), step.branch, step.keepAs);
			return;
		}

		case 'rename': {
			await driver.renameBranch(address(step.volume), step.from, step.to);
			return;
		}

		case 'link': {
			await linkCurrent(pool.path, address(step.volume), step.branch);
			return;
		}

		case 'snapshot': {
			await driver.snapshot(Object.entries(step.snapshots).map(([volume, snapshot]) => ({address: address(volume), branch: step.branch, snapshot})));
			return;
		}

		case 'discard-snapshot': {
			await driver.remove(address(step.volume), step.snapshot);
			await driver.emptyTrash(address(step.volume), [step.snapshot]);
			return;
		}

		case 'write-commit': {
			await history.writeCommit(step.commit);
			return;
		}

		case 'set-branch': {
			await history.setBranch(step.branch, step.commit, step.reason);
			return;
		}

		case 'remove-branch': {
			await history.removeBranch(step.branch, step.reason);
			return;
		}

		case 'set-head': {
			await history.setCurrentBranch(step.branch);
			return;
		}

		case 'set-tag': {
			await history.setTag(step.tag, step.commit);
			return;
		}

		case 'remove-tag': {
			await history.removeTag(step.tag);
			return;
		}

		case 'remove-commit': {
			await history.removeCommit(step.commit);
			await Promise.all(Object.entries(step.snapshots).map(async ([volume, snapshot]) => driver.remove(address(volume), snapshot)));
			return;
		}

		case 'restore-commit': {
			// The data first: a commit that is listed must have them.
			await Promise.all(Object.entries(step.snapshots).map(async ([volume, snapshot]) => driver.restore(address(volume), snapshot)));
			await history.restoreCommit(step.commit);
			return;
		}

		case 'empty-trash': {
			await driver.emptyTrash(address(step.volume), step.snapshots);
			return;
		}

		case 'operation': {
			await history.appendOperation(step.operation);
			return;
		}

		default: {
			const {runEngineVolumeStep} = await import('./engine-volume-steps.ts');
			await runEngineVolumeStep(workspace, step);
		}
	}
};
