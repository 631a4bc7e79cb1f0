/**
Copies of whole trees between file systems that are proven before they count: copied with everything, written to disk, then both read
again and compared by a hash over content and metadata.
*/
import {rm} from 'node:fs/promises';
import path from 'node:path';
import {randomBytes} from 'node:crypto';
import {CoppiceError} from '../system/errors.ts';
import {runCommand, tryCommand} from '../system/run-command.ts';
import {syncFolder} from '../system/durable-file.ts';
import {bytePathToText, isTextPath, textToBytePath} from '../stream/byte-path.ts';
import {endsWithParent} from './ends-with-parent.ts';
import {
	firstDifference,
	hashTree,
	walkTree,
	type TreeHash,
} from './tree-hash.ts';

export type CopyTreeOptions = {
	readonly signal?: AbortSignal | undefined;

	/** Called now and then, and at the end, with the bytes that have been read so far, of both sides together. */
	readonly onVerified?: (bytes: number) => void;
};

/** Bytes from one word about how far it is to the next. */
const tellEvery = 16 * (2 ** 20);

/**
Makes `to` a copy of the folder `from`, whatever was there before, and proves it.

@param from - Nobody may write to it meanwhile; who did is found out.
@returns The hash of both, and the fingerprint of `from`.
@throws CoppiceError `conflict` when `from` was written to meanwhile; `failed` when the copy is not the same, naming the first path that
differs. A part of the copy may be there then.
*/
export const copyTree = async (from: string, to: string, {signal, onVerified}: CopyTreeOptions = {}): Promise<TreeHash> => {
	await rm(to, {recursive: true, force: true});
	// `--preserve=xattr` over what `--archive` says: an attribute that can't be kept is a failure.
	await runCommand([
		...await endsWithParent(), 'cp', '--archive', '--preserve=xattr', '--reflink=auto', '--sparse=auto', '--no-target-directory', from, to,
	], {...(signal !== undefined && {signal})});
	await runCommand(['sync', '--file-system', to]);
	await syncFolder(path.dirname(to));
	let verified = 0;
	let told = 0;
	const onRead = (bytes: number): void => {
		verified += bytes;
		if (verified - told < tellEvery) {
			return;
		}

		told = verified;
		onVerified?.(verified);
	};

	const [original, copy] = await Promise.all([hashTree(from, {signal, onRead}), hashTree(to, {signal, onRead})]);
	if (original.hash === copy.hash) {
		onVerified?.(verified);
		return original;
	}

	const differing = await firstDifference(from, to);
	throw differing === undefined
		? new CoppiceError('conflict', `Something wrote to ${from} while it was copied.`, {file: from, hint: 'Stop what writes to it, then try again. Nothing was changed.'})
		: new CoppiceError('failed', `The copy of ${from} is not the same at ${differing}.`, {
			file: path.join(from, differing), hint: 'Something may have written to it meanwhile: stop that and try again. The original was not touched.',
		});
};

const firstFile = async (folder: string): Promise<string | undefined> => {
	for await (const {full, stats} of walkTree(textToBytePath(folder))) {
		// Smaller ones may be kept in the inode, where there is nothing to share.
		if (stats.isFile() && stats.size >= 8192n && isTextPath(full)) {
			return bytePathToText(full);
		}
	}

	return undefined;
};

/**
Whether copies from a folder to another share their blocks, so that they take no room. Tried with a file of `from`, since only trying tells.
*/
export const sharesBlocksBetween = async (from: string, to: string): Promise<boolean> => {
	const file = await firstFile(from);
	if (file === undefined) {
		return false;
	}

	const probe = path.join(to, `.reflink-${randomBytes(6).toString('hex')}`);
	try {
		const {exitCode} = await tryCommand(['cp', '--reflink=always', file, probe]);
		return exitCode === 0;
	} finally {
		await rm(probe, {force: true});
	}
};
