/**
What changed between two read-only snapshots, as `btrfs send --no-data` tells it: it reads metadata only, so the time depends on
what changed and not on the size of the data. Root only.
*/
import {spawn} from 'node:child_process';
import {lstat, readlink} from 'node:fs/promises';
import path from 'node:path';
import {
	type BytePath,
	bytePathToNode,
	bytePathToText,
	textToBytePath,
} from '../../stream/byte-path.ts';
import {decodeStream} from '../../stream/decode-stream.ts';
import {differingBytes} from '../compare-files.ts';
import type {FileChange} from '../driver.ts';
import {ChangeCollector, type CollectedChange} from './collect-changes.ts';

/**
Differences between the `data` folders of two subvolumes, or `undefined` where `btrfs send` can't tell (it is not allowed, say):
then a walk has to.
*/
export const sendChanges = async (from: string, to: string): Promise<FileChange[] | undefined> => {
	const collected = await collectSent(from, to);
	if (collected === undefined) {
		return undefined;
	}

	const changes = await Promise.all(collected.map(async change => resolveChange(change, textToBytePath(from), textToBytePath(to))));
	return changes.flat();
};

const collectSent = async (from: string, to: string): Promise<CollectedChange[] | undefined> => {
	const child = spawn('btrfs', ['send', '--quiet', '--no-data', '-p', from, to], {stdio: ['ignore', 'pipe', 'ignore']});
	const exited = new Promise<number | undefined>(resolve => {
		child.once('error', () => {
			resolve(undefined);
		});
		child.once('close', code => {
			resolve(code ?? undefined);
		});
	});
	const collector = new ChangeCollector();
	let isEnded = false;
	try {
		for await (const command of decodeStream(child.stdout)) {
			if (command.type === 'header') {
				continue;
			}

			collector.add(command);
			isEnded ||= command.type === 'end';
		}
	} catch (error) {
		child.kill();
		// A stream that is cut because the sender failed is the sender's failure, not a damaged stream.
		if (await exited === 0) {
			throw error;
		}

		return undefined;
	}

	return isEnded && await exited === 0 ? collector.finish() : undefined;
};

const prefix = 'data/';

const inData = (file: BytePath): string => file === 'data' ? '.' : bytePathToText(file.slice(prefix.length));

/** Looks at the files where the stream leaves open how they differ. */
const resolveChange = async (change: CollectedChange, fromRoot: BytePath, toRoot: BytePath): Promise<FileChange[]> => {
	const {kind, bytes} = change;
	if (change.path !== 'data' && !change.path.startsWith(prefix)) {
		return [];
	}

	const file = inData(change.path);
	const before = path.posix.join(fromRoot, change.from ?? change.path);
	const after = path.posix.join(toRoot, change.path);
	if (change.from !== undefined) {
		return [{
			path: file, kind: 'renamed', from: inData(change.from), bytes,
		}];
	}

	switch (kind) {
		case 'removed': {
			return [{path: file, kind, bytes: 0}];
		}

		case 'added': {
			return [{path: file, kind, bytes: await sizeOf(after)}];
		}

		case 'replaced': {
			return compareReplaced(file, before, after);
		}

		case 'content': {
			return [{path: file, kind: 'modified', bytes}];
		}

		case 'metadata': {
			return [{path: file, kind, bytes: 0}];
		}

		case 'times': {
			return await isTouched(before, after) ? [{path: file, kind: 'metadata', bytes: 0}] : [];
		}

		case 'none': {
			return [];
		}
	}
};

const sizeOf = async (file: BytePath): Promise<number> => {
	const stats = await lstat(bytePathToNode(file));
	return stats.isFile() ? stats.size : 0;
};

/** Another file, folder or link took the place of what was there. */
const compareReplaced = async (file: string, before: BytePath, after: BytePath): Promise<FileChange[]> => {
	const [one, two] = await Promise.all([lstat(bytePathToNode(before)), lstat(bytePathToNode(after))]);
	if (one.isFile() && two.isFile()) {
		const differing = await differingBytes(before, after);
		return [{path: file, kind: differing > 0 || one.size !== two.size ? 'modified' : 'metadata', bytes: differing}];
	}

	if (one.isSymbolicLink() && two.isSymbolicLink()) {
		const [fromTarget, toTarget] = await Promise.all([readlink(bytePathToNode(before)), readlink(bytePathToNode(after))]);
		return fromTarget === toTarget ? [] : [{path: file, kind: 'modified', bytes: 0}];
	}

	if (one.isDirectory() && two.isDirectory()) {
		return one.mode === two.mode && one.uid === two.uid && one.gid === two.gid ? [] : [{path: file, kind: 'metadata', bytes: 0}];
	}

	return [{path: file, kind: 'removed', bytes: 0}, {path: file, kind: 'added', bytes: two.isFile() ? two.size : 0}];
};

/** Whether a file's time of modification was set; a folder's changes with the names in it, and a reader changes the time of access. */
const isTouched = async (before: BytePath, after: BytePath): Promise<boolean> => {
	const [one, two] = await Promise.all([lstat(bytePathToNode(before)), lstat(bytePathToNode(after))]);
	return !two.isDirectory() && one.mtimeMs !== two.mtimeMs;
};
