/**
Append-only files of JSON lines: the reflogs and the list of operations.

A line counts once its line end is on disk. What a crash has left of a line that was never acknowledged is passed over by readers and cut off by
the next append.
*/
import {constants} from 'node:fs';
import {mkdir, open, type FileHandle} from 'node:fs/promises';
import path from 'node:path';
import {syncFolder} from '../system/durable-file.ts';
import {isSystemError} from '../system/errors.ts';
import {access, readText} from './file-access.ts';

/**
The lines of a log: values in order, and the numbers (from 1) of lines that are no JSON though more lines follow.
*/
export type LogContent = {
	readonly values: readonly unknown[];
	readonly damagedLines: readonly number[];
};

const newline = 0x0A;

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

// No line is longer than this but for operations of very many changes, for which the whole file is read.
const tailLength = 64 * 1024;

const parse = (line: string): {readonly value: unknown} | undefined => {
	try {
		return {value: JSON.parse(line)};
	} catch {
		return undefined;
	}
};

/**
Splits the text of a log into its values. Blank lines are passed over.
*/
export const parseLog = (text: string): LogContent => {
	const values: unknown[] = [];
	const damagedLines: number[] = [];
	const lines = text.split('\n');
	for (const [index, line] of lines.entries()) {
		if (line.trim() === '') {
			continue;
		}

		const parsed = parse(line);
		if (parsed) {
			values.push(parsed.value);
		} else if (index < lines.length - 1) {
			damagedLines.push(index + 1);
		}
	}

	return {values, damagedLines};
};

/**
All lines of a log; none where there is no file.
*/
export const readLog = async (file: string): Promise<LogContent> => parseLog(await readText(file) ?? '');

const readRange = async (handle: FileHandle, start: number, end: number): Promise<Uint8Array> => {
	const buffer = new Uint8Array(end - start);
	const {bytesRead} = await handle.read(buffer, 0, buffer.length, start);
	return buffer.subarray(0, bytesRead);
};

/**
The last whole value of a log, without reading all of it; `undefined` where there is none or it can't be read.
*/
export const readLastValue = async (file: string): Promise<unknown> => access(file, 'read', async () => {
	let handle: FileHandle;
	try {
		handle = await open(file, 'r');
	} catch (error) {
		if (isSystemError(error, 'ENOENT')) {
			return undefined;
		}

		throw error;
	}

	try {
		const {size} = await handle.stat();
		const start = Math.max(0, size - tailLength);
		const tail = await readRange(handle, start, size);
		const text = start === 0 ? tail : tail.subarray(tail.indexOf(newline) + 1);
		return parseLog(decode(text)).values.at(-1);
	} finally {
		await handle.close();
	}
});

/**
Cuts off a torn last line. Returns how long the file is then, and the line end that a whole last line lacks.
*/
const repairEnd = async (handle: FileHandle, size: number): Promise<{readonly size: number; readonly prefix: string}> => {
	if (size === 0) {
		return {size, prefix: ''};
	}

	const [last] = await readRange(handle, size - 1, size);
	if (last === newline) {
		return {size, prefix: ''};
	}

	const content = await readRange(handle, 0, size);
	const start = content.lastIndexOf(newline) + 1;
	if (parse(decode(content.subarray(start)))) {
		return {size, prefix: '\n'};
	}

	await handle.truncate(start);
	return {size: start, prefix: ''};
};

/**
Appends a value as one line and makes it last. Missing folders are made.
*/
export const appendToLog = async (file: string, value: unknown): Promise<void> => access(file, 'written', async () => {
	const folder = path.dirname(file);
	await mkdir(folder, {recursive: true});
	const handle = await open(file, constants.O_RDWR | constants.O_CREAT | constants.O_APPEND, 0o644);
	try {
		const before = await handle.stat();
		const {size, prefix} = await repairEnd(handle, before.size);
		try {
			await handle.writeFile(`${prefix}${JSON.stringify(value)}\n`);
		} catch (error) {
			// A full disk: take the part of a line back, so that the file ends where it did. If this fails too, the next append repairs it.
			await Promise.allSettled([handle.truncate(size)]);
			throw error;
		}

		await handle.datasync();
		if (before.size === 0) {
			await syncFolder(folder);
		}
	} finally {
		await handle.close();
	}
});
