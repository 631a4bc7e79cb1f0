/**
Which part of files no other clone shares, by `btrfs filesystem du`. It reads the extents of these files only, needs no root
and no quota groups.
*/
import {open} from 'node:fs/promises';
import {bytePathToNode, bytePathToText, isTextPath} from '../../stream/byte-path.ts';
import {isSystemError} from '../../system/errors.ts';
import {tryCommand} from '../../system/run-command.ts';
import type {TreeUsage} from '../compare-trees.ts';

type Files = TreeUsage['differing'];

/** The kernel writes dirty data within 30 s, looking every 5 (`vm.dirty_expire_centisecs`); data not written have no extents yet. */
const writtenAfter = 40_000;

/** Arguments of one process. */
const batchSize = 500;

const columns = /^\s*\d+\s+(?<exclusive>\d+)\s+(?:\d+|-)\s/v;

/**
`isQuick` leaves data that have no extents yet uncounted, instead of writing them to the disk first.
*/
export const exclusiveBytes = async (files: Files, {isQuick = false}: {readonly isQuick?: boolean} = {}): Promise<number> => {
	const [measured, whole] = [files.filter(file => !file.isNew && isTextPath(file.path)), files.filter(file => file.isNew || !isTextPath(file.path))];
	const unwritten = isQuick ? [] : measured.filter(file => file.mtimeMs > Date.now() - writtenAfter);
	await Promise.all(unwritten.map(async file => flush(file)));
	let sum = whole.reduce((bytes, file) => bytes + file.diskBytes, 0);
	for (let at = 0; at < measured.length; at += batchSize) {
		const paths = measured.slice(at, at + batchSize).map(file => bytePathToText(file.path));
		// A file of live data may be gone by now: what is printed of the others counts.
		const {stdout} = await tryCommand(['btrfs', 'filesystem', 'du', '--raw', '--summarize', ...paths]);
		for (const line of stdout.split('\n')) {
			sum += Number(columns.exec(line)?.groups?.exclusive ?? 0);
		}
	}

	return sum;
};

const flush = async ({path}: Files[number]): Promise<void> => {
	try {
		const handle = await open(bytePathToNode(path), 'r');
		try {
			await handle.datasync();
		} finally {
			await handle.close();
		}
	} catch (error) {
		if (!isSystemError(error, 'ENOENT', 'EACCES')) {
			throw error;
		}
	}
};
