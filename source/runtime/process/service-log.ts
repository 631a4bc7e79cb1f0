/**
The supervisor's side of a service's log: moves what the service has written from its spools into its log, and turns logs over.
See `log-files.ts` for why there are two steps.
*/
import {Buffer} from 'node:buffer';
import {
	watch,
	appendFileSync,
	chownSync,
	closeSync,
	fstatSync,
	mkdirSync,
	openSync,
	readFileSync,
	readSync,
	renameSync,
	rmSync,
	statSync,
	truncateSync,
	writeFileSync,
	type FSWatcher,
} from 'node:fs';
import type {LogLine} from '../runtime.ts';
import {
	formatLine,
	keptLogs,
	logFile,
	logsFolder,
	maximumLogBytes,
	positionFile,
	spoolFile,
} from './log-files.ts';

type Stream = LogLine['stream'];
type Positions = Readonly<Record<Stream, number>>;

/**
What the position file says: that the log is about to grow by what stands between these two places of the spools. Written before it does, so
that whoever takes over can tell whether it did, and no line is there twice or not at all.
*/
type Note = {
	readonly from: Positions;
	readonly to: Positions;

	/** The log itself, and its size in bytes before and after. */
	readonly log: {readonly inode: number; readonly before: number; readonly after: number};
};

const streams: readonly Stream[] = ['stdout', 'stderr'];
const spoolCutBytes = 1024 * 1024;
const chunkBytes = 256 * 1024;

/** How long writes are gathered before they are moved. */
const gatherMilliseconds = 40;

/** Where the kernel gives no more watches. */
const pollMilliseconds = 250;

export class ServiceLog {
	readonly #stateFolder: string;
	readonly #service: string;
	readonly #file: string;
	readonly #positions: Record<Stream, number> = {stdout: 0, stderr: 0};
	readonly #watchers: FSWatcher[] = [];
	#poll: NodeJS.Timeout | undefined;
	#pending: NodeJS.Timeout | undefined;

	constructor(stateFolder: string, service: string) {
		this.#stateFolder = stateFolder;
		this.#service = service;
		this.#file = logFile(stateFolder, service);
		mkdirSync(logsFolder(stateFolder), {recursive: true, mode: 0o700});
		try {
			const text = readFileSync(positionFile(stateFolder, service), 'utf8');
			Object.assign(this.#positions, this.#settle(JSON.parse(text) as Note));
		} catch {
			// Nothing was moved yet.
		}
	}

	/**
	How far the spools have been moved, by the note of whoever did it last. What it wrote of a move that was cut short is taken out of the log.
	*/
	#settle({from, to, log}: Note): Positions {
		const {ino, size} = statSync(this.#file);
		// Another log: this one was put aside, when it was whole.
		if (ino !== log.inode || size >= log.after) {
			return to;
		}

		truncateSync(this.#file, log.before);
		return from;
	}

	/** Whole or not at all: a supervisor that is killed here must not leave its successor to begin anew. */
	#write(note: Note): void {
		const file = positionFile(this.#stateFolder, this.#service);
		writeFileSync(`${file}.new`, JSON.stringify(note), {mode: 0o600});
		renameSync(`${file}.new`, file);
	}

	/**
	Adds text to the log. Where it was moved from the spools, `from` says from where on.
	*/
	#append(text: string, from?: Positions): void {
		try {
			const descriptor = openSync(this.#file, 'a', 0o600);
			try {
				const {ino: inode, size: before} = fstatSync(descriptor);
				const after = before + Buffer.byteLength(text);
				if (from !== undefined) {
					this.#write({from, to: {...this.#positions}, log: {inode, before, after}});
				}

				appendFileSync(descriptor, text);
			} finally {
				closeSync(descriptor);
			}

			if (statSync(this.#file).size >= maximumLogBytes) {
				this.#turnOver();
			}
		} catch {
			// A full disk must not end a supervisor; the lines are lost and the service runs on.
		}
	}

	#turnOver(): void {
		for (let age = keptLogs - 1; age > 0; age--) {
			const from = age === 1 ? this.#file : `${this.#file}.${age - 1}`;
			try {
				renameSync(from, `${this.#file}.${age}`);
			} catch {
				// There is none that old yet.
			}
		}
	}

	#move(isEnd: boolean): void {
		for (const stream of streams) {
			const from = {...this.#positions};
			const text = this.#take(stream, isEnd);
			if (text !== '') {
				this.#append(text, from);
			}

			this.#cut(stream, isEnd ? 0 : spoolCutBytes);
		}
	}

	/**
	Empties a spool of which all is in the log, once it has grown to more than this.
	*/
	#cut(stream: Stream, limit: number): void {
		const position = this.#positions[stream];
		const file = spoolFile(this.#stateFolder, this.#service, stream);
		try {
			if (position > limit && statSync(file).size === position) {
				truncateSync(file, 0);
				this.#positions[stream] = 0;
				const {ino: inode, size} = statSync(this.#file);
				this.#write({from: {...this.#positions}, to: {...this.#positions}, log: {inode, before: size, after: size}});
			}
		} catch {
			// It is cut another time.
		}
	}

	/**
	Whole lines of a spool that were not moved yet, in the form of the log.
	*/
	#take(stream: Stream, isEnd: boolean): string {
		let descriptor: number;
		try {
			descriptor = openSync(spoolFile(this.#stateFolder, this.#service, stream), 'r');
		} catch {
			return '';
		}

		try {
			let text = '';
			let {size} = fstatSync(descriptor);
			if (size < this.#positions[stream]) {
				this.#positions[stream] = 0;
			}

			const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, Math.max(0, size - this.#positions[stream])));
			while (this.#positions[stream] < size) {
				const length = readSync(descriptor, chunk, 0, chunk.length, this.#positions[stream]);
				if (length === 0) {
					break;
				}

				const content = chunk.subarray(0, length);
				const isLast = this.#positions[stream] + length >= size;
				const end = content.lastIndexOf(10) + 1;
				// A line longer than a chunk is cut; one that is still being written waits.
				const taken = end > 0 ? end : (isLast && !isEnd && length < chunkBytes ? 0 : length);
				if (taken === 0) {
					break;
				}

				this.#positions[stream] += taken;
				const now = new Date();
				const lines = content.toString('utf8', 0, taken).split('\n');
				if (lines.at(-1) === '') {
					lines.pop();
				}

				for (const line of lines) {
					text += formatLine(now, stream, line.replace(/\r$/v, ''));
				}

				({size} = fstatSync(descriptor));
			}

			return text;
		} finally {
			closeSync(descriptor);
		}
	}

	/**
	Descriptors for the service's output, to be closed once it has them. The files are its user's, so that a program which opens
	`/dev/stdout` anew may do so.
	*/
	openSpools(owner: {readonly uid: number; readonly gid: number}): readonly [number, number] {
		const [stdout, stderr] = streams.map(stream => {
			const file = spoolFile(this.#stateFolder, this.#service, stream);
			const descriptor = openSync(file, 'a', 0o600);
			if (fstatSync(descriptor).uid !== owner.uid) {
				chownSync(file, owner.uid, owner.gid);
			}

			return descriptor;
		});
		return [stdout ?? -1, stderr ?? -1];
	}

	/**
	Moves lines as they come, until `drain`.
	*/
	follow(): void {
		if (this.#watchers.length > 0 || this.#poll !== undefined) {
			return;
		}

		const poll = (): void => {
			this.#poll ??= setInterval(() => {
				this.#move(false);
			}, pollMilliseconds);
		};

		for (const stream of streams) {
			try {
				// eslint-disable-next-line n/prefer-promises/fs -- A watcher is closed at once; an iterator ends when it next wakes.
				const watcher = watch(spoolFile(this.#stateFolder, this.#service, stream), () => {
					this.#pending ??= setTimeout(() => {
						this.#pending = undefined;
						this.#move(false);
					}, gatherMilliseconds);
				});
				watcher.on('error', poll);
				this.#watchers.push(watcher);
			} catch {
				poll();
			}
		}

		// What came before the watch.
		this.#move(false);
	}

	/**
	Moves everything, a last line without its end too, and stops following. To be called when the service has ended.
	*/
	drain(): void {
		for (const watcher of this.#watchers.splice(0)) {
			watcher.close();
		}

		clearInterval(this.#poll);
		clearTimeout(this.#pending);
		this.#poll = undefined;
		this.#pending = undefined;
		this.#move(true);
	}

	/**
	Adds lines of the supervisor's own, or of a program that readies the service.
	*/
	add(stream: Stream, text: string): void {
		const lines = text.split('\n').filter(line => line !== '');
		if (lines.length > 0) {
			this.#append(lines.map(line => formatLine(new Date(), stream, line)).join(''));
		}
	}
}

/**
Removes the spools of a service whose log is complete. The log itself stays.
*/
export const removeSpools = (stateFolder: string, service: string): void => {
	for (const file of [...streams.map(stream => spoolFile(stateFolder, service, stream)), positionFile(stateFolder, service)]) {
		rmSync(file, {force: true});
	}
};
