/**
Where files of two snapshots may differ, from the records of `zfs send -i`: work that is proportional to what changed, whatever the size of the files.

Where ZFS does not tell, or not for less than half of what is there, everything is compared.
*/
import {lstatSync} from 'node:fs';
import {type BytePath, bytePathToNode, textToBytePath} from '../../stream/byte-path.ts';
import type {DiffOptions} from '../../stream/diff-trees.ts';
import {CoppiceError} from '../../system/errors.ts';
import {joinRanges, SendIndexReader, type SendIndex} from './send-index.ts';
import {lineage, readIncrement, readNumbers} from './volume-usage.ts';
import type {VolumeState} from './volume-datasets.ts';
import type {ZfsImplementation} from './zfs-dataset.ts';

/** What the differ compares: content that is read in other blocks would make another stream. */
const blockSize = 4096;

/**
The increments that lead along a line of snapshots, as few as can be: one for each dataset on it.

@param line - Full names, oldest first.
*/
export const stepsAlong = (line: readonly string[]): Array<readonly [from: string, to: string]> => {
	const datasetOf = (name: string): string => name.slice(0, name.lastIndexOf('@'));
	const stops = line.filter((name, index) => index === 0 || index === line.length - 1 || datasetOf(name) !== datasetOf(line[index + 1]!));
	return stops.slice(1).map((to, index) => [stops[index]!, to] as const);
};

/**
What was written since two snapshots parted, on either side.

The names are full names; `parted` is the newest snapshot that both came from.

@returns Nothing where it can't be had, or takes too long to find out.
@throws CoppiceError `interrupted` by the signal.
*/
export const readChanges = async (
	implementation: ZfsImplementation,
	state: VolumeState,
	names: {readonly base: string; readonly snapshot: string; readonly parted: string},
	signal?: AbortSignal,
): Promise<SendIndex | undefined> => {
	const {base, snapshot, parted} = names;
	const steps = [base, snapshot].flatMap(name => {
		const line = lineage(state, name);
		return stepsAlong(line.slice(0, line.indexOf(parted) + 1).toReversed());
	});
	try {
		let left = Infinity;
		// A daemon of zfs-fuse may not outlive that it can't write to who asked.
		if (implementation === 'openzfs') {
			const [referenced = 0] = await readNumbers(snapshot, ['referenced']);
			left = referenced / 2;
		}

		const reader = new SendIndexReader();
		for (const [from, to] of steps) {
			const before = reader.size;
			if (!await readIncrement(reader, from, to, {mostBytes: left, signal})) {
				return undefined;
			}

			left -= reader.size - before;
		}

		return reader.finish();
	} catch (error) {
		if (error instanceof CoppiceError && error.code === 'interrupted') {
			throw error;
		}

		// It may not be allowed, or have a form of its own; the files themselves tell.
		return undefined;
	}
};

/**
Tells of each file where it may differ, in the terms of the differ. The roots are the folders where the base and the snapshot are mounted.
*/
export const rangesOf = ({touched}: SendIndex, baseRoot: string, root: string): NonNullable<DiffOptions['changedRanges']> => {
	const look = (folder: string, path: BytePath) => lstatSync(bytePathToNode(`${textToBytePath(folder)}/${path}`));
	return (oldPath, path) => {
		let before: ReturnType<typeof look>;
		let now: typeof before;
		try {
			[before, now] = [look(baseRoot, oldPath), look(root, path)];
		} catch {
			// A path that is too long to be looked at in one step.
			return undefined;
		}

		// With other blocks it may have been made anew under its number.
		if (before.ino !== now.ino || before.blksize !== now.blksize) {
			return undefined;
		}

		const ranges = touched(now.ino)?.map(({start, end}) => ({
			start: Math.floor(start / blockSize) * blockSize, end: Math.min(Math.ceil(end / blockSize) * blockSize, now.size),
		}));
		return ranges && joinRanges(ranges.filter(({start, end}) => start < end)).map(({start, end}) => ({offset: start, length: end - start}));
	};
};
