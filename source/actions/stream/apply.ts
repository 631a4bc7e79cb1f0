/**
`coppice stream apply`: makes a folder of a stream, whole or not at all.

Everything happens in a folder of nobody else's beside the destination. A stream from a pipe is kept there first, so that it is checked
from its first byte to its last before anything of it is done.
*/
import {createWriteStream, lstatSync} from 'node:fs';
import {
	mkdir,
	mkdtemp,
	rename,
	stat,
} from 'node:fs/promises';
import path from 'node:path';
import {pipeline} from 'node:stream/promises';
import {type Applied, applyStream, lookUpIn} from '../../stream/apply-stream.ts';
import {bytePathToText} from '../../stream/byte-path.ts';
import {checkParts, type LeftOut, StreamChecker} from '../../stream/check-stream.ts';
import {ConfinedTree} from '../../stream/confined-tree.ts';
import {decodeParts} from '../../stream/decode-stream.ts';
import {toPlainLeftOut} from '../../stream/describe-stream.ts';
import {diffTrees} from '../../stream/diff-trees.ts';
import {encodeStream} from '../../stream/encode-stream.ts';
import {syncFolder} from '../../system/durable-file.ts';
import {CoppiceError} from '../../system/errors.ts';
import {runCommand, tryCommand} from '../../system/run-command.ts';
import type {Report} from '../progress.ts';
import {openStreamInput, standardInput} from './input.ts';

export type ApplyFileOptions = {
	/** A file, or `-` for the standard input. */
	readonly input: string;

	/** Must not be there yet. */
	readonly destination: string;

	/** The base of an increment; it stays as it is. */
	readonly onto?: string;

	/** Keeps set-user-id bits, capabilities and all attributes. */
	readonly keepPrivileges?: boolean;
	readonly signal?: AbortSignal;
	readonly report: Report;
};

export type AppliedFile = {
	readonly destination: string;
	readonly name: string;
	readonly uuid: string;
	readonly bytes: number;
	readonly leftOut: readonly LeftOut[];
};

const needFree = (destination: string): void => {
	if (lstatSync(destination, {throwIfNoEntry: false}) !== undefined) {
		throw new CoppiceError('conflict', `There is something at ${destination} already.`, {file: destination, hint: 'Name a folder that is not there yet.'});
	}
};

/** Later than any time of a file. */
const endOfTime = 2n ** 63n;

/** Makes a writable copy of the base, sharing its blocks where the file system can. */
const copyBase = async (base: string, tree: string, signal: AbortSignal | undefined): Promise<void> => {
	const {exitCode} = await tryCommand(['cp', '--archive', '--reflink=auto', '--sparse=auto', '--no-target-directory', base, tree], {signal});
	if (exitCode === 0) {
		// What `cp` did not keep, and says nothing of (modes on zfs-fuse, for one), is put right from names and inodes.
		await applyStream(encodeStream(diffTrees(tree, base, {clones: 'copy', trustTimesBefore: endOfTime, signal})), tree, {privileges: 'keep', skipSync: true, signal});
		return;
	}

	// `cp` knows no path of more than 4095 bytes.
	await runCommand(['rm', '--recursive', '--force', tree]);
	await mkdir(tree);
	await applyStream(encodeStream(diffTrees(undefined, base, {signal})), tree, {privileges: 'keep', skipSync: true, signal});
};

/**
@throws CoppiceError `conflict` where the destination is there; `failed` with the place in the stream for what is refused or can't be done: then nothing
is left behind.
*/
export const applyFile = async (options: ApplyFileOptions): Promise<AppliedFile> => {
	const {input, onto, keepPrivileges = false, signal, report} = options;
	const destination = path.resolve(options.destination);
	needFree(destination);
	const parent = path.dirname(destination);
	let staging;
	try {
		// `mkdtemp` makes it for its owner alone.
		staging = await mkdtemp(path.join(parent, `.${path.basename(destination).slice(0, 200)}.incoming-`));
	} catch (error) {
		throw new CoppiceError('not-found', `Nothing can be made in ${parent}.`, {file: parent, hint: 'Check the destination, and whether you may write there.', cause: error});
	}

	try {
		const applied = await applyIn(staging, {...options, destination}, {
			...(onto !== undefined && {base: onto}), privileges: keepPrivileges ? 'keep' : 'leave-out', signal,
			onProgress(bytes: number) {
				report({
					type: 'progress', task: 'applying the stream', done: bytes, unit: 'bytes',
				});
			},
		});
		needFree(destination);
		await rename(path.join(staging, 'tree'), destination);
		await syncFolder(parent);
		const {identity, bytes, leftOut} = applied;
		return {
			destination, name: bytePathToText(identity.name), uuid: identity.uuid, bytes, leftOut: toPlainLeftOut(leftOut),
		};
	} finally {
		await runCommand(['rm', '--recursive', '--force', staging]);
	}
};

const applyIn = async (staging: string, {input, onto, signal}: ApplyFileOptions, options: Parameters<typeof applyStream>[2] & object): Promise<Applied> => {
	let file = input;
	if (input === standardInput || !(await isRegularFile(input))) {
		file = path.join(staging, 'stream');
		await pipeline(await openStreamInput(input), createWriteStream(file, {mode: 0o600}), {signal});
	}

	using base = onto === undefined ? undefined : new ConfinedTree(onto);
	const expects = onto === undefined ? 'full' as const : 'increment' as const;
	const checker = new StreamChecker({privileges: options.privileges, expects, ...(base !== undefined && {lookUp: lookUpIn(base)})});
	for await (const _ of checkParts(decodeParts(await openStreamInput(file)), checker)) {
		if (signal?.aborted === true) {
			throw new CoppiceError('interrupted', 'Interrupted while the stream was checked.');
		}
	}

	const tree = path.join(staging, 'tree');
	await (onto === undefined ? mkdir(tree) : copyBase(onto, tree, signal));
	const stream = await openStreamInput(file);
	// Awaited here: the base is open until then.
	return await applyStream(stream, tree, {...options, expects});
};

const isRegularFile = async (file: string): Promise<boolean> => {
	try {
		const stats = await stat(file);
		return stats.isFile();
	} catch {
		// Whoever opens it says why.
		return true;
	}
};
