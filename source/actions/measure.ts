/**
What changed between a commit and its first parent: worked out once, then kept beside the commit.
*/
import type {StoredCommit} from '../history/commit.ts';
import type {Measure} from '../history/history.ts';
import type {Workspace} from './workspace/workspace.ts';

type VolumeMeasure = {readonly changedBytes: number; readonly changedFiles: number};

const measureVolume = async (workspace: Workspace, volume: string, snapshot: string, base: string | undefined): Promise<VolumeMeasure> => {
	const {pool, stack} = workspace;
	const address = {stack: stack.name, volume};
	if (base === undefined) {
		const usage = await pool.driver.usage(address, {snapshot});
		return {changedBytes: usage.totalBytes, changedFiles: 0};
	}

	const changes = await pool.driver.changes(address, {snapshot: base}, {snapshot}, {limit: 0});
	return {changedBytes: changes.bytes, changedFiles: changes.fileCount};
};

/**
The measure of a commit, from its file or made now. `undefined` parts of a parent that was pruned count as all new.
*/
export const measureCommit = async (workspace: Workspace, commit: StoredCommit): Promise<Measure> => {
	const {history} = workspace;
	const known = await history.readMeasure(commit.id);
	if (known !== undefined) {
		return known;
	}

	const [parentId] = commit.parents;
	const parent = parentId === undefined ? undefined : await history.readAnyCommit(parentId);
	const base = parent?.state === 'here' ? parent : undefined;
	const volumes = Object.fromEntries(await Promise.all(Object.entries(commit.volumes).map(async ([volume, snapshot]) =>
		[volume, await measureVolume(workspace, volume, snapshot, base?.volumes[volume])] as const)));
	const parts = Object.values(volumes);
	const measure: Measure = {
		changedBytes: parts.reduce((sum, part) => sum + part.changedBytes, 0),
		changedFiles: parts.reduce((sum, part) => sum + part.changedFiles, 0),
		volumes,
	};
	// The data of a parent that are on another host may come yet.
	if (parent?.state !== 'elsewhere') {
		await history.writeMeasure(commit.id, measure);
	}

	return measure;
};
