/**
The lines of logs, the newest of them: at most so many bytes, whatever the flood.
*/
import {Buffer} from 'node:buffer';
import type {LogLine} from '../../runtime/runtime.ts';

/** What a line takes besides its text: the object, its other fields, its places in the lists. Rounded up. */
const overheadBytes = 200;

/** V8 keeps a text in one byte a character, or in two where one of them needs it. */
const bytesOf = ({text}: LogLine): number => overheadBytes + (/[\u{100}-\u{10FFFF}]/v.test(text) ? text.length * 2 : text.length);

/** A text of its own: what was cut out of a larger one would keep that, what was put together its parts. */
const ownText = (text: string): string => Buffer.from(text).toString();

export type LogRing = {
	/** Number of the oldest line that is there; each line has the number of those that came before it. */
	readonly first: number;

	/** One more than the number of the newest. */
	readonly end: number;
	readonly bytes: number;
	push(line: LogLine): void;
	at(number: number): LogLine | undefined;
	clear(): void;
};

export const createLogRing = (limitBytes = 12_000_000): LogRing => {
	let lines: Array<LogLine | undefined> = [];

	// Place in `lines` of the oldest one; places before it are free.
	let start = 0;
	let dropped = 0;
	let bytes = 0;
	/** @returns Whether there was one to drop; the newest stays. */
	const dropOldest = (): boolean => {
		const oldest = lines[start];
		if (oldest === undefined || lines.length - start <= 1) {
			return false;
		}

		bytes -= bytesOf(oldest);
		lines[start] = undefined;
		start++;
		if (start > 4096 && start > lines.length / 2) {
			lines = lines.slice(start);
			dropped += start;
			start = 0;
		}

		return true;
	};

	const isTooLarge = (): boolean => bytes > limitBytes;

	return {
		get first() {
			return dropped + start;
		},
		get end() {
			return dropped + lines.length;
		},
		get bytes() {
			return bytes;
		},
		push(line) {
			const own = {...line, text: ownText(line.text)};
			lines.push(own);
			bytes += bytesOf(own);
			while (isTooLarge() && dropOldest()) {
				// Until it fits.
			}
		},
		at: number => number < dropped ? undefined : lines[number - dropped],
		clear() {
			dropped += lines.length;
			lines = [];
			start = 0;
			bytes = 0;
		},
	};
};
