/**
The two outputs of the program: data on one, all that is said beside them on the other.
*/
import {fstatSync} from 'node:fs';
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

/**
Whether one of the outputs is a terminal. To look at a stream of Node is to open it, which takes longer than to ask the system what cannot be one.
*/
const isTerminal = (name: 'stdout' | 'stderr'): boolean => {
	try {
		return fstatSync(name === 'stdout' ? 1 : 2).isCharacterDevice() && process[name].isTTY;
	} catch {
		// It is closed.
		return false;
	}
};

const progressMode = ({json, quiet}: GlobalOptions): ProgressMode => {
	if (json) {
		return 'json';
	}

	if (quiet) {
		return 'quiet';
	}

	return isTerminal('stderr') ? 'terminal' : 'lines';
};

type Output = {
	/** Aborted when the reader has gone away, as in `coppice log | head -1`. That is no failure of this program. */
	readonly closed: AbortSignal;
	write(text: string): void;
};

/** An output that is opened when something is first written to it. */
const createOutput = (name: 'stdout' | 'stderr'): Output => {
	const controller = new AbortController();
	const {signal} = controller;
	let stream: NodeJS.WriteStream | undefined;
	const open = (): NodeJS.WriteStream => process[name].on('error', (error: NodeJS.ErrnoException) => {
		if (error.code !== 'EPIPE') {
			throw error;
		}

		controller.abort();
	});

	return {
		closed: signal,
		write(text) {
			stream ??= open();
			if (!signal.aborted) {
				stream.write(text);
			}
		},
	};
};

export const openStreams = (globals: GlobalOptions): Streams => {
	const {env} = process;
	const [output, errors] = [createOutput('stdout'), createOutput('stderr')];
	const styleOf = (name: 'stdout' | 'stderr'): Style => createStyle(shouldColor({told: globals.color, environment: env, isTerminal: isTerminal(name)}));
	const columnsOf = (name: 'stdout' | 'stderr'): number => isTerminal(name) ? process[name].columns : 80;
	const errorStyle = styleOf('stderr');
	const say = (text: string): void => {
		errors.write(text);
	};

	const progress = createProgress({
		mode: progressMode(globals), write: say, style: errorStyle, columns: columnsOf('stderr'),
	});
	return {
		view: {
			style: styleOf('stdout'), columns: columnsOf('stdout'), now: new Date(), isAscii: hasAsciiLocale(env),
		},
		errorStyle,
		progress,
		outputClosed: output.closed,
		// Looked at late: to look at the standard input is to open it.
		get isInteractive() {
			return !globals.json && isTerminal('stderr') && process.stdin.isTTY;
		},
		print(text) {
			progress.clear();
			output.write(`${text}\n`);
		},
		say,
	};
};
