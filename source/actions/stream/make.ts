/**
`coppice stream make`: a send stream of two folders, or of one.
*/
import {createWriteStream} from 'node:fs';
import {rename, rm} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import {type LeftOut, LeftOutList} from '../../stream/check-stream.ts';
import type {StreamCommand} from '../../stream/commands.ts';
import {toPlainLeftOut} from '../../stream/describe-stream.ts';
import {diffTrees} from '../../stream/diff-trees.ts';
import {encodeStream} from '../../stream/encode-stream.ts';
import type {CloneKind} from '../../stream/match-trees.ts';
import {syncFolder} from '../../system/durable-file.ts';
import {CoppiceError, isSystemError} from '../../system/errors.ts';
import type {Report} from '../progress.ts';
import {standardInput} from './input.ts';

export type MakeStreamOptions = {
	/** `undefined` for a full stream. */
	readonly oldFolder?: string;
	readonly newFolder: string;

	/** A file, or `-` for the standard output. */
	readonly output: string;

	/** The folder's own unless told. */
	readonly name?: string;
	readonly uuid?: string;
	readonly baseUuid?: string;
	readonly clones?: CloneKind;
	readonly signal?: AbortSignal;
	readonly report: Report;
};

export type MadeStream = {
	readonly output: string;
	readonly uuid: string;
	readonly bytes: number;

	/** Bytes of data in it. */
	readonly dataBytes: number;
	readonly leftOut: readonly LeftOut[];
};

const uuidPattern = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/v;

const checkUuid = (uuid: string | undefined): void => {
	if (uuid !== undefined && !uuidPattern.test(uuid)) {
		throw new CoppiceError('usage', `${uuid} is no UUID.`, {hint: 'One looks like 0e0b0c2a-5c1b-4a53-9c3e-7f4f2c6f2b11, in lower case.'});
	}
};

/** Writes to the standard output; a reader that has gone away is no failure. */
const writeToOutput = async (bytes: Readable): Promise<void> => {
	if (process.stdout.isTTY) {
		throw new CoppiceError('usage', 'A stream is not for a terminal.', {hint: 'Pipe it on, or name a file with `-o`.'});
	}

	try {
		await pipeline(bytes, process.stdout, {end: false});
	} catch (error) {
		if (!isSystemError(error, 'EPIPE')) {
			throw error;
		}
	}
};

/** The file is there whole or not at all. */
const writeToFile = async (bytes: Readable, output: string): Promise<void> => {
	const partial = `${output}.${process.pid}.partial`;
	try {
		await pipeline(bytes, createWriteStream(partial, {flags: 'wx', flush: true}));
		await rename(partial, output);
		await syncFolder(path.dirname(path.resolve(output)));
	} catch (error) {
		await rm(partial, {force: true});
		throw error;
	}
};

/**
@throws CoppiceError `not-found` where a folder is missing; `conflict` when something changed meanwhile; `usage` for an output or a UUID that won't do.
*/
export const makeStream = async (options: MakeStreamOptions): Promise<MadeStream> => {
	const {oldFolder, newFolder, output, baseUuid, clones, signal, report} = options;
	checkUuid(options.uuid);
	checkUuid(baseUuid);
	const leftOut = new LeftOutList();
	let [bytes, dataBytes, uuid] = [0, 0, ''];
	const count = async function * (commands: AsyncIterable<StreamCommand>): AsyncGenerator<StreamCommand, void, undefined> {
		for await (const command of commands) {
			if (command.type === 'write') {
				dataBytes += command.data.length;
			} else if (command.type === 'subvol' || command.type === 'snapshot') {
				({uuid} = command);
			}

			yield command;
		}
	};

	const commands = diffTrees(oldFolder, newFolder, {
		name: options.name ?? path.basename(path.resolve(newFolder)),
		uuid: options.uuid,
		...(baseUuid !== undefined && {base: {uuid: baseUuid}}),
		clones,
		signal,
		onLeftOut(what, where) {
			leftOut.add(what, where);
		},
	});
	const encoded = Readable.from(encodeStream(count(commands), {
		onBytes(total) {
			bytes = total;
			report({
				type: 'progress', task: 'making the stream', done: total, unit: 'bytes',
			});
		},
	}), {objectMode: false, highWaterMark: 2 ** 20});
	await (output === standardInput ? writeToOutput(encoded) : writeToFile(encoded, output));
	return {
		output, uuid, bytes, dataBytes, leftOut: toPlainLeftOut(leftOut.list()),
	};
};
