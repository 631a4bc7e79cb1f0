/**
`coppice status`: where the stack stands. Quick enough for a prompt.
*/
import {nextUndo, type Operation} from '../history/operation.ts';
import type {DriverName} from '../storage/driver.ts';
import {currentData} from '../storage/layout.ts';
import {surveyVolumes} from './baseline.ts';
import {listServices, type ServiceReport} from './services.ts';
import type {Workspace} from './workspace/workspace.ts';

export type VolumeStatus = {
	readonly name: string;
	readonly path: string;
	readonly changed: boolean;

	/** Bytes that the live data share with the tip of the branch. */
	readonly sharedBytes: number;

	/** Bytes that only the live data hold. */
	readonly ownBytes: number;
};

export type Status = {
	readonly stack: string;
	readonly branch: string;

	/** Id of the commit at the tip of the branch, `null` before the first. */
	readonly head: string | null;
	readonly headMessage?: string;
	readonly headTime?: string;

	/** Whether the live data differ from `head`. */
	readonly changed: boolean;
	readonly pool: {readonly driver: DriverName; readonly path: string; readonly totalBytes: number; readonly freeBytes: number};
	readonly runtime: string;
	readonly services: readonly ServiceReport[];
	readonly volumes: readonly VolumeStatus[];

	/** What `undo` would take back, if anything. */
	readonly undo?: string;
	readonly notices: readonly string[];
};

/**
A damaged list of operations is no reason not to say how the stack stands.
*/
const readOperations = async ({history}: Workspace): Promise<{readonly list: readonly Operation[]; readonly notices: readonly string[]}> => {
	try {
		return {list: await history.operations(), notices: []};
	} catch (error) {
		return {list: [], notices: [error instanceof Error ? error.message : String(error)]};
	}
};

/**
The current branch, its tip, and how the live data differ from that.
*/
const surveyBranch = async (workspace: Workspace) => {
	const {history} = workspace;
	const [branch, branches] = await Promise.all([history.currentBranch(), history.branches()]);
	const tip = branches.get(branch) ?? null;
	const commit = tip === null ? undefined : await history.readCommit(tip);
	return [await surveyVolumes(workspace, branch, commit), branch, commit] as const;
};

export const status = async (workspace: Workspace): Promise<Status> => {
	const {pool, stack, runtime} = workspace;
	// The databases are asked first: the data are walked while they answer.
	const [services, [surveys, branch, commit], room, operations] = await Promise.all([
		listServices(workspace),
		surveyBranch(workspace),
		pool.driver.room(),
		readOperations(workspace),
	]);
	const tip = commit?.id ?? null;
	const undo = nextUndo(operations.list);
	const described = surveys.map(({name, changed, sharedBytes, ownBytes}): VolumeStatus => ({
		name, path: currentData(pool.path, {stack: stack.name, volume: name}), changed, sharedBytes, ownBytes,
	}));
	return {
		stack: stack.name,
		branch,
		head: tip,
		...(commit !== undefined && {headMessage: commit.message, headTime: commit.time}),
		changed: described.some(volume => volume.changed),
		pool: {driver: pool.driver.name, path: pool.path, ...room},
		runtime: runtime.name,
		services,
		volumes: described,
		...(undo !== undefined && {undo: undo.summary}),
		notices: [...operations.notices, ...stack.notices, ...runtime.notices()],
	};
};
