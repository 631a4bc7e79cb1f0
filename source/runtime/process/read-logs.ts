/**
The command's side of the logs: the lines of several services as one sequence, in the order of their time, and what comes after.
*/
import {Buffer} from 'node:buffer';
import {
	createReadStream,
	promises as fs,
} from 'node:fs';
import readline from 'node:readline';
import {setTimeout as delay} from 'node:timers/promises';
import {mergeLines} from '../merge-lines.ts';
import type {LogLine, LogOptions} from '../runtime.ts';
import {logFile, logFiles, parseLine} from './log-files.ts';

/** How often files are looked at while following. */
const followMilliseconds = 100;

type Cursor = {
	readonly service: string;
	readonly file: string;
	inode: number;
	position: number;
	rest: string;
};

/**
The lines of one file from a position on; moves the cursor, and keeps a line without its end for the next time.
*/
const readNew = async (cursor: Cursor): Promise<LogLine[]> => {
	let handle: fs.FileHandle;
	try {
		handle = await fs.open(cursor.file);
	} catch {
		return [];
	}

	await using file = handle;
	const lines: LogLine[] = [];
	const take = (text: string): void => {
		const parts = (cursor.rest + text).split('\n');
		cursor.rest = parts.pop() ?? '';
		lines.push(...parts.map(part => parseLine(cursor.service, part)).filter(line => line !== undefined));
	};

	const stats = await file.stat();
	if (stats.ino !== cursor.inode) {
		if (cursor.inode !== 0) {
			// The log was turned over: first what was added to the old one meanwhile.
			take(await readRest(`${cursor.file}.1`, cursor));
		}

		cursor.inode = stats.ino;
		cursor.position = 0;
		cursor.rest = '';
	}

	if (stats.size > cursor.position) {
		const {buffer, bytesRead} = await file.read({buffer: Buffer.alloc(stats.size - cursor.position), position: cursor.position});
		// Cut at a line's end, so that no character of several bytes is torn.
		const end = buffer.subarray(0, bytesRead).lastIndexOf(10) + 1;
		cursor.position += end;
		take(buffer.toString('utf8', 0, end));
	}

	return lines;
};

const readRest = async (file: string, cursor: Cursor): Promise<string> => {
	try {
		await using handle = await fs.open(file);
		const stats = await handle.stat();
		if (stats.ino !== cursor.inode || stats.size <= cursor.position) {
			return '';
		}

		const {buffer, bytesRead} = await handle.read({buffer: Buffer.alloc(stats.size - cursor.position), position: cursor.position});
		return buffer.toString('utf8', 0, bytesRead);
	} catch {
		return '';
	}
};

/**
The lines of one file, of its first `limit` bytes.

@yields Lines, the oldest first.
*/
async function * readLines(service: string, handle: fs.FileHandle, limit: number): AsyncGenerator<LogLine> {
	if (limit === 0) {
		await handle.close();
		return;
	}

	const input = createReadStream('', {fd: handle, end: limit - 1});
	for await (const text of readline.createInterface({input, crlfDelay: Infinity})) {
		const line = parseLine(service, text);
		if (line) {
			yield line;
		}
	}
}

/**
What one service has logged so far: all of it from a moment on, or its last lines. Ends where the cursor, if there is one, begins.

@yields Lines, the oldest first.
*/
async function * readService(stateFolder: string, service: string, {tail, since}: LogOptions, cursor?: Cursor): AsyncGenerator<LogLine> {
	const from = since?.toISOString() ?? '';
	const last: LogLine[] = [];
	for (const file of cursor?.inode === 0 ? [] : logFiles(stateFolder, service)) {
		const handle = await fs.open(file).catch(() => undefined);
		if (handle === undefined) {
			continue;
		}

		const stats = await handle.stat();
		const isLast = stats.ino === cursor?.inode;
		for await (const line of readLines(service, handle, isLast ? cursor?.position ?? 0 : stats.size)) {
			if (line.time < from) {
				continue;
			}

			if (tail === undefined) {
				yield line;
				continue;
			}

			last.push(line);
			if (last.length > (tail * 2) + 1000) {
				last.splice(0, last.length - tail);
			}
		}

		if (isLast) {
			break;
		}
	}

	yield * tail === undefined || tail === 0 ? [] : last.slice(-tail);
}

/**
Lines of the logs of services in the order of their time; with `follow` also those that come, until the signal aborts.

@yields Lines, the oldest first.
*/
export async function * readLogs(stateFolder: string, services: readonly string[], options: LogOptions): AsyncGenerator<LogLine> {
	const {follow = false, signal} = options;
	// Where following starts is fixed before the past is read, and so nothing falls between the two.
	const cursors: Cursor[] = [];
	if (follow) {
		for (const service of services) {
			const file = logFile(stateFolder, service);
			const stats = await fs.stat(file).catch(() => undefined);
			cursors.push({
				service, file, inode: stats?.ino ?? 0, position: stats?.size ?? 0, rest: '',
			});
		}
	}

	for await (const line of mergeLines(services.map((service, index) => readService(stateFolder, service, options, cursors[index])))) {
		if (signal?.aborted) {
			return;
		}

		yield line;
	}

	while (cursors.length > 0 && !signal?.aborted) {
		const fresh = await Promise.all(cursors.map(async cursor => readNew(cursor)));
		yield * fresh.flat().toSorted((a, b) => a.time.localeCompare(b.time));
		try {
			await delay(followMilliseconds, undefined, {signal});
		} catch {
			return;
		}
	}
}
