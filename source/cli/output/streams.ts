/**
The two outputs of the program: data on one, all that is said beside them on the other.
*/
import process from 'node:process';
import type {GlobalOptions} from '../verb.ts';
import {createProgress, type Progress, type ProgressMode} from './progress.ts';
import {createStyle, shouldColor, type Style} from './style.ts';
import {hasAsciiLocale, type View} from './view.ts';

export type Streams = {
	/** How text on the standard output is drawn. */
	readonly view: View;
	readonly errorStyle: Style;
	readonly progress: Progress;

	/** Aborted when nobody reads the standard output any more. */
	readonly outputClosed: AbortSignal;

	/** Whether there is somebody to ask. */
	readonly isInteractive: boolean;

	/** Prints a line of data. */
	print(text: string): void;

	/** Writes something beside the data, as it is. */
	say(text: string): void;
};

const progressMode = ({json, quiet}: GlobalOptions): ProgressMode => {
	if (json) {
		return 'json';
	}

	if (quiet) {
		return 'quiet';
	}

	return process.stderr.isTTY ? 'terminal' : 'lines';
};

/**
A signal that aborts when the reader of a stream has gone away, as in `coppice log | head -1`. That is no failure of this program.
*/
const watchClosing = (stream: NodeJS.WriteStream): AbortSignal => {
	const controller = new AbortController();
	stream.on('error', (error: NodeJS.ErrnoException) => {
		if (error.code !== 'EPIPE') {
			throw error;
		}

		controller.abort();
	});
	return controller.signal;
};

export const openStreams = (globals: GlobalOptions): Streams => {
	const {stdout, stderr, env} = process;
	const outputClosed = watchClosing(stdout);
	const errorsClosed = watchClosing(stderr);
	const styleOf = ({isTTY}: NodeJS.WriteStream): Style => createStyle(shouldColor({told: globals.color, environment: env, isTerminal: isTTY}));
	const errorStyle = styleOf(stderr);
	const say = (text: string): void => {
		if (!errorsClosed.aborted) {
			stderr.write(text);
		}
	};

	const progress = createProgress({
		mode: progressMode(globals), write: say, style: errorStyle, columns: stderr.columns ?? 80,
	});
	return {
		view: {
			style: styleOf(stdout), columns: stdout.columns ?? 80, now: new Date(), isAscii: hasAsciiLocale(env),
		},
		errorStyle,
		progress,
		outputClosed,
		// Looked at late: to look at the standard input is to open it.
		get isInteractive() {
			return !globals.json && stderr.isTTY && process.stdin.isTTY;
		},
		print(text) {
			progress.clear();
			if (!outputClosed.aborted) {
				stdout.write(`${text}\n`);
			}
		},
		say,
	};
};
