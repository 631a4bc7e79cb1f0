/**
Keeps what the last survey of a volume counted, so that `status` need not ask the file system again as long as no file has changed.
A cache: losing it costs a few milliseconds.
*/
import {readFileSync} from 'node:fs';
import {rename, writeFile} from 'node:fs/promises';
import process from 'node:process';
import type {TreeUsage} from './compare-trees.ts';

type Counted = {
	readonly key: string;
	readonly ownBytes: number;

	/** Milliseconds since 1970. */
	readonly countedAt: number;
};

/** The kernel writes dirty data within 30 s, looking every 5 (`vm.dirty_expire_centisecs`); until then their place is not known. */
const settledAfter = 40_000;

/** How long a count of data that have no place on the disk yet will do. */
const provisionalFor = 10_000;

const keyOf = (differing: TreeUsage['differing']): string =>
	differing.map(({path, diskBytes, mtimeMs}) => `${path}\0${diskBytes}\0${mtimeMs}`).join('\0');

const readCounted = (file: string): Partial<Counted> => {
	try {
		return JSON.parse(readFileSync(file, 'utf8')) as Partial<Counted>;
	} catch {
		return {};
	}
};

/**
The bytes that only these files hold: as counted before where nothing has changed since, else counted now.

@param file - The cache of this volume.
*/
export const countOnce = async (file: string, differing: TreeUsage['differing'], count: () => Promise<number>): Promise<number> => {
	const key = keyOf(differing);
	const known = readCounted(file);
	const {ownBytes: knownBytes, countedAt: knownAt} = known;
	const newest = Math.max(...differing.map(({mtimeMs}) => mtimeMs));
	const isGoodUntil = knownAt === undefined ? 0 : (knownAt > newest + settledAfter ? Infinity : knownAt + provisionalFor);
	if (knownBytes !== undefined && known.key === key && Date.now() < isGoodUntil) {
		return knownBytes;
	}

	const ownBytes = await count();
	const temporary = `${file}.${process.pid}.tmp`;
	try {
		await writeFile(temporary, JSON.stringify({key, ownBytes, countedAt: Date.now()} satisfies Counted));
		await rename(temporary, file);
	} catch {
		// A full or read-only pool: it is counted again next time.
	}

	return ownBytes;
};
