/**
`coppice diff`: what differs between two commits, or between a commit and the live data: volumes, files, bytes, definition.
*/
import {CoppiceError} from '../system/errors.ts';
import {resolve} from '../history/revision.ts';
import type {StoredCommit} from '../history/commit.ts';
import {compareDefinitions, type DefinitionChange} from '../stack/definition.ts';
import type {FileChange} from '../storage/driver.ts';
import {currentDefinition} from './definition/current-definition.ts';
import {surveyDrift, type Drift} from './definition/drift.ts';
import type {Workspace} from './workspace/workspace.ts';

export type VolumeDiff = {
	readonly name: string;
	readonly kind: 'added' | 'removed' | 'changed' | 'same';

	/** Bytes of content that differ. */
	readonly bytes: number;
	readonly fileCount: number;

	/** At most `limit`. */
	readonly files: readonly FileChange[];
};

export type {Drift} from './definition/drift.ts';
export type {DefinitionChange} from '../stack/definition.ts';

export type DiffOptions = {
	/** A revision; `HEAD` unless told. */
	readonly from?: string;

	/** A revision; the live data of the current branch unless told. */
	readonly to?: string;

	/** Files to list for each volume. */
	readonly limit?: number;
};

export type DiffResult = {
	/** Commit id. */
	readonly from: string;

	/** Commit id, or `null` for the live data of the current branch. */
	readonly to: string | null;
	readonly volumes: readonly VolumeDiff[];
	readonly definition: readonly DefinitionChange[];

	/** Where what runs differs from the compose file or the commit; only against the live data, on the docker runtime. */
	readonly drift: readonly Drift[];
};

type Side = {
	readonly volumes: Readonly<Record<string, string>>;
	readonly commit?: StoredCommit;
};

const diffVolume = async (workspace: Workspace, name: string, from: StoredCommit, to: Side, branch: string, limit: number): Promise<VolumeDiff> => {
	const {driver} = workspace.pool;
	const address = {stack: workspace.stack.name, volume: name};
	const before = from.volumes[name];
	const after = to.volumes[name];
	if (before === undefined || after === undefined) {
		const present = before === undefined ? (to.commit === undefined ? {branch} : {snapshot: after!}) : {snapshot: before};
		const {totalBytes} = await driver.usage(address, present);
		return {
			name, kind: before === undefined ? 'added' : 'removed', bytes: totalBytes, fileCount: 0, files: [],
		};
	}

	if (before === after) {
		return {
			name, kind: 'same', bytes: 0, fileCount: 0, files: [],
		};
	}

	const changes = await driver.changes(address, {snapshot: before}, to.commit === undefined ? {branch} : {snapshot: after}, {limit});
	return {
		name, kind: changes.fileCount === 0 ? 'same' : 'changed', bytes: changes.bytes, fileCount: changes.fileCount, files: changes.files,
	};
};

/**
Without revisions: HEAD against the live data. With one: that commit against the live data.

@throws CoppiceError `not-found` when there is no such revision, `precondition` when nothing was committed yet.
*/
export const diff = async (workspace: Workspace, {from = 'HEAD', to, limit = 100}: DiffOptions = {}): Promise<DiffResult> => {
	const {history, stack} = workspace;
	const [branch, branches] = await Promise.all([history.currentBranch(), history.branches()]);
	if (from === 'HEAD' && branches.get(branch) === null) {
		throw new CoppiceError('precondition', `Branch ${branch} of stack ${stack.name} has no commit to compare with.`, {
			stack: stack.name, hint: 'Make one first: `coppice commit -m "…"`.',
		});
	}

	const old = await history.readCommit(await resolve(history, from));
	const commit = to === undefined ? undefined : await history.readCommit(await resolve(history, to));
	const side: Side = commit === undefined
		? {volumes: Object.fromEntries(workspace.volumes.map(volume => [volume, 'live']))}
		: {volumes: commit.volumes, commit};
	const names = [...new Set([...Object.keys(old.volumes), ...Object.keys(side.volumes)])].toSorted((a, b) => a.localeCompare(b));
	return {
		from: old.id,
		to: commit?.id ?? null,
		volumes: await Promise.all(names.map(async name => diffVolume(workspace, name, old, side, branch, limit))),
		definition: compareDefinitions(old.definition, commit?.definition ?? await currentDefinition(workspace, await workspace.runtime.imageDigests())),
		drift: commit === undefined ? await surveyDrift(workspace, old) : [],
	};
};
