/**
The datasets of a volume, read from `zfs list`, and what each is: nothing here changes anything.

A dataset's name says nothing but to which volume it belongs. What it IS, is its `mountpoint`, which changes in one step:

| mountpoint | what it is |
| --- | --- |
| `…/branches/<branch>` | the live clone of a branch |
| `…/branches/.staged-<name>` | a clone made ready to become one |
| `…/incoming/open-<process>-<random>` | a read-only clone through which a process reads a snapshot (zfs-fuse only) |
| `legacy` | a home: it is there only for the snapshots in it (ZFS mounts it nowhere) |
| anything else | somebody else's doing: never destroyed before the volume itself is |

A snapshot is `@<id>`, in whatever dataset it happens to be; `@trash-<id>` in the trash, `@gone-<id>` when it is destroyed for the
user while ZFS still needs it under a clone, and `@probe-<process>-<random>` for the time of one question.
*/
import {createHash, randomBytes} from 'node:crypto';
import path from 'node:path';
import {componentToName, isSnapshotId} from '../../system/names.ts';
import {processMark} from '../../system/process-table.ts';
import {volumeFolder, type VolumeAddress} from '../layout.ts';
import {parseRows, tryZfs} from './zfs-command.ts';
import {stacksDataset} from './zfs-dataset.ts';

export type DatasetRole =
	| {readonly type: 'branch'; readonly branch: string}
	| {readonly type: 'staged'; readonly staged: string}
	| {readonly type: 'opened'; readonly by: string}
	| {readonly type: 'home'}
	| {readonly type: 'other'};

export type VolumeDataset = {
	/** Full name. */
	readonly name: string;
	readonly role: DatasetRole;

	/** The full name of the snapshot that it is a clone of. */
	readonly origin: string | undefined;

	/** Its `mountpoint` as it is. */
	readonly property: string;

	/** Where it should be mounted in this pool, if anywhere. */
	readonly mountpoint: string | undefined;

	/** Whether it is mounted, and there. */
	readonly mounted: boolean;
};

export type SnapshotState = 'whole' | 'trash' | 'gone' | 'probe' | 'foreign';

export type VolumeSnapshot = {
	/** Full name: `<dataset>@<name>`. */
	readonly name: string;
	readonly dataset: string;
	readonly state: SnapshotState;

	/** The id for our own; for a probe the process that asks; else the name. */
	readonly id: string;
};

export type VolumeState = {
	readonly datasets: readonly VolumeDataset[];

	/** Oldest first within a dataset. */
	readonly snapshots: readonly VolumeSnapshot[];
};

/**
A name as one part of a dataset's name. ZFS allows 255 bytes for a whole name, so a long one is cut, and told apart by its hash after a
colon, which no name of a stack or volume holds.
*/
const part = (name: string): string => name.length <= 40 ? name : `${name.slice(0, 24)}:${createHash('sha256').update(name).digest('hex').slice(0, 15)}`;

/** The dataset above those of a stack's volumes. */
export const stackDataset = (dataset: string, stack: string): string => `${stacksDataset(dataset)}/${part(stack)}`;

/** The dataset above those of one volume. */
export const volumeDataset = (dataset: string, {stack, volume}: VolumeAddress): string => `${stackDataset(dataset, stack)}/${part(volume)}`;

/** A name for another dataset of a volume. */
export const newDataset = (dataset: string, address: VolumeAddress): string => `${volumeDataset(dataset, address)}/${randomBytes(6).toString('hex')}`;

/** The mark of the process that opened a snapshot at a folder, where that is what the folder is for. */
export const openedBy = (folder: string): string | undefined => /\/incoming\/open-(?<mark>[^\/]+)$/v.exec(folder)?.groups?.mark;

export const newOpening = (): string => `open-${processMark()}-${randomBytes(6).toString('hex')}`;
export const newProbe = (): string => `probe-${processMark()}-${randomBytes(6).toString('hex')}`;

/**
What a dataset is by its mountpoint. Only the end of the path counts, so that it is known even where the pool was mounted at another folder before.
*/
export const parseRole = (mountpoint: string, {stack, volume}: VolumeAddress): {role: DatasetRole; place?: string} => {
	if (mountpoint === 'legacy') {
		return {role: {type: 'home'}};
	}

	const middle = `/stacks/${stack}/volumes/${volume}/`;
	const start = mountpoint.lastIndexOf(middle);
	const place = start === -1 ? '' : mountpoint.slice(start + middle.length);
	const {kind, name} = /^(?<kind>branches\/\.staged-|branches\/|incoming\/open-)(?<name>[^\/]+)$/v.exec(place)?.groups ?? {};
	if (name === undefined) {
		return {role: {type: 'other'}};
	}

	return kind === 'incoming/open-' ? {role: {type: 'opened', by: name}, place} : {role: kind === 'branches/' ? {type: 'branch', branch: componentToName(name)} : {type: 'staged', staged: name}, place};
};

/**
What a snapshot is by its name.
*/
export const parseSnapshot = (name: string): VolumeSnapshot => {
	const at = name.lastIndexOf('@');
	const dataset = name.slice(0, at);
	const short = name.slice(at + 1);
	const {state, id} = /^(?<state>trash|gone|probe)-(?<id>.*)$/v.exec(short)?.groups ?? {state: 'whole', id: short};
	const isOurs = state === 'probe' || isSnapshotId(id!);
	return {
		name, dataset, state: isOurs ? state as SnapshotState : 'foreign', id: isOurs ? id! : short,
	};
};

const columns = 'name,origin,mountpoint,mounted';

/**
Reads rows of `zfs list -H -o name,origin,mountpoint,mounted`.

The dataset `top` above those of the volume is left out.
*/
export const parseVolume = (stdout: string, top: string, pool: string, address: VolumeAddress): VolumeState => {
	const datasets: VolumeDataset[] = [];
	const snapshots: VolumeSnapshot[] = [];
	for (const [name = '', origin = '-', mountpoint = '-', mounted] of parseRows(stdout)) {
		if (name.includes('@')) {
			snapshots.push(parseSnapshot(name));
		} else if (name !== top) {
			const {role, place} = parseRole(mountpoint, address);
			const expected = place === undefined ? undefined : path.join(volumeFolder(pool, address), place);
			datasets.push({
				name, role, origin: origin === '-' ? undefined : origin, property: mountpoint, mountpoint: expected, mounted: mounted === 'yes' && mountpoint === expected,
			});
		}
	}

	return {datasets, snapshots};
};

/**
Reads what a volume has; nothing where it was never made.

Reading `datasets` is quick whatever the number of snapshots; `all` takes about 0.25 ms for each of them.

@throws CoppiceError when ZFS can't answer.
*/
export const readVolume = async (pool: string, dataset: string, address: VolumeAddress, what: 'datasets' | 'all'): Promise<VolumeState & {exists: boolean}> => {
	const top = volumeDataset(dataset, address);
	const types = what === 'all' ? 'filesystem,snapshot' : 'filesystem';
	const {stdout, failure} = await tryZfs(['list', '-H', '-r', '-t', types, '-o', columns, top], ['absent']);
	return failure === undefined ? {exists: true, ...parseVolume(stdout, top, pool, address)} : {exists: false, datasets: [], snapshots: []};
};

/**
Finds a snapshot by its id in whatever dataset of the volume it is, without listing all snapshots.

Only these states of it count; the first of them that is found is returned.
*/
export const findSnapshot = async (datasets: readonly VolumeDataset[], id: string, states: ReadonlyArray<'whole' | 'trash'> = ['whole']): Promise<VolumeSnapshot | undefined> => {
	if (datasets.length === 0 || !isSnapshotId(id)) {
		return undefined;
	}

	const names = datasets.flatMap(({name}) => states.map(state => state === 'whole' ? `${name}@${id}` : `${name}@${state}-${id}`));
	const {stdout} = await tryZfs(['list', '-H', '-t', 'snapshot', '-o', 'name', ...names], ['absent']);
	const found = parseRows(stdout).map(([name = '']) => parseSnapshot(name));
	return states.map(state => found.find(snapshot => snapshot.state === state)).find(snapshot => snapshot !== undefined);
};

/** The live clone of a branch. */
export const findBranch = (datasets: readonly VolumeDataset[], branch: string): VolumeDataset | undefined =>
	datasets.find(({role}) => role.type === 'branch' && role.branch === branch);

/** A staged clone. */
export const findStaged = (datasets: readonly VolumeDataset[], staged: string): VolumeDataset | undefined =>
	datasets.find(({role}) => role.type === 'staged' && role.staged === staged);
