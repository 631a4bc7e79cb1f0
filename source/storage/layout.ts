/**
Where everything is in a pool. The one place that knows the paths of the data layout; `docs/design.md` draws it.

```
<pool>/pool.json
<pool>/stacks/<stack>/stack.json
<pool>/stacks/<stack>/volumes/<volume>/branches/<branch>/data     live clone (writable)
                                       branches/.staged-<name>/data
                                       snapshots/<snapshot>/data  read-only
                                       snapshots/.trash-<snapshot>/data
                                       current -> branches/<branch>
                                       incoming/<snapshot>/       what was received of its stream so far
<pool>/stacks/<stack>/history/
```
*/
import path from 'node:path';
import {nameToComponent} from '../system/names.ts';

/**
A volume of a stack. Both names are checked before they get here.
*/
export type VolumeAddress = {
	readonly stack: string;
	readonly volume: string;
};

export const poolFile = (pool: string): string => path.join(pool, 'pool.json');
export const stacksFolder = (pool: string): string => path.join(pool, 'stacks');
export const stackFolder = (pool: string, stack: string): string => path.join(stacksFolder(pool), stack);
export const stackFile = (pool: string, stack: string): string => path.join(stackFolder(pool, stack), 'stack.json');
export const historyFolder = (pool: string, stack: string): string => path.join(stackFolder(pool, stack), 'history');
export const volumesFolder = (pool: string, stack: string): string => path.join(stackFolder(pool, stack), 'volumes');
export const volumeFolder = (pool: string, {stack, volume}: VolumeAddress): string => path.join(volumesFolder(pool, stack), volume);
export const branchesFolder = (pool: string, address: VolumeAddress): string => path.join(volumeFolder(pool, address), 'branches');
export const snapshotsFolder = (pool: string, address: VolumeAddress): string => path.join(volumeFolder(pool, address), 'snapshots');
export const incomingFolder = (pool: string, address: VolumeAddress): string => path.join(volumeFolder(pool, address), 'incoming');

/** The live clone of a branch: the subvolume, dataset or folder that holds `data/`. */
export const branchFolder = (pool: string, address: VolumeAddress, branch: string): string =>
	path.join(branchesFolder(pool, address), nameToComponent(branch));

/** A clone that is being made ready to become a branch; no branch name starts with a dot. */
export const stagedFolder = (pool: string, address: VolumeAddress, staged: string): string =>
	path.join(branchesFolder(pool, address), `.staged-${staged}`);

export const snapshotFolder = (pool: string, address: VolumeAddress, snapshot: string): string =>
	path.join(snapshotsFolder(pool, address), snapshot);

/**
A snapshot that was removed and can be restored. It stays in its folder: a read-only subvolume can't be moved to another one
(rename(2) gives EROFS, since its `..` would change). No snapshot id starts with a dot.
*/
export const trashedFolder = (pool: string, address: VolumeAddress, snapshot: string): string =>
	path.join(snapshotsFolder(pool, address), `.trash-${snapshot}`);

/** The symlink that a container mounts through; it is resolved when the container starts. */
export const currentLink = (pool: string, address: VolumeAddress): string => path.join(volumeFolder(pool, address), 'current');

/** A cache of the survey of a volume. */
export const ownBytesFile = (pool: string, address: VolumeAddress): string => path.join(volumeFolder(pool, address), 'own-bytes.json');

/** What a service mounts: the data of whatever branch is current. */
export const currentData = (pool: string, address: VolumeAddress): string => path.join(currentLink(pool, address), 'data');
