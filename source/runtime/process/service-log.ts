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
	ftruncateSync,
	mkdirSync,
	openSync,
	readFileSync,
	readSync,
	renameSync,
	rmSync,
	statSync,
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
			Object.assign(this.#positions, JSON.parse(text));
		} catch {
			// Nothing was moved yet.
		}
	}

	#append(text: string): void {
		if (text === '') {
			return;
		}

		try {
			appendFileSync(this.#file, text, {mode: 0o600});
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
		const before = {...this.#positions};
		let text = '';
		for (const stream of streams) {
			text += this.#take(stream, isEnd);
			if (!(text.length > chunkBytes)) {
				continue;
			}

			this.#append(text);
			text = '';
		}

		this.#append(text);
		if (before.stdout !== this.#positions.stdout || before.stderr !== this.#positions.stderr) {
			try {
				// Whole or not at all: a supervisor that is killed here must not leave its successor to begin anew.
				const file = positionFile(this.#stateFolder, this.#service);
				writeFileSync(`${file}.new`, JSON.stringify(this.#positions), {mode: 0o600});
				renameSync(`${file}.new`, file);
			} catch {
				// As above.
			}
		}
	}

	/**
	Whole lines of a spool that were not moved yet, in the form of the log.
	*/
	#take(stream: Stream, isEnd: boolean): string {
		let descriptor: number;
		try {
			descriptor = openSync(spoolFile(this.#stateFolder, this.#service, stream), 'r+');
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

			if (this.#positions[stream] > (isEnd ? 0 : spoolCutBytes) && fstatSync(descriptor).size === this.#positions[stream]) {
				ftruncateSync(descriptor, 0);
				this.#positions[stream] = 0;
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
		this.#append(text.split('\n').filter(line => line !== '').map(line => formatLine(new Date(), stream, line)).join(''));
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
