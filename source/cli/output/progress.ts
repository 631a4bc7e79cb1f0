/**
Draws what a verb reports while it works: on a terminal one line that moves, for whatever takes longer than a second; elsewhere a
plain line for each step; with `--json` a line of JSON for each event.
*/
import {monotonicNow} from '../../system/clock.ts';
import type {ProgressEvent, Report} from '../../actions/progress.ts';
import {printable, withoutControls} from '../../system/format.ts';
import {describeProgress, formatWait, type Countable} from '../../actions/describe-progress.ts';
import {toJsonText} from './json.ts';
import type {Style} from './style.ts';

export {describeProgress} from '../../actions/describe-progress.ts';

export type ProgressMode = 'terminal' | 'lines' | 'json' | 'quiet';

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const silentMilliseconds = 1000;
const frameMilliseconds = 100;
const lineMilliseconds = 10_000;

export type Progress = {
	readonly report: Report;

	/** Wipes the moving line, before something else is written to the terminal. It comes back with the next frame. */
	clear(): void;

	/** No moving line until `resume`: a question is on the screen. */
	pause(): void;
	resume(): void;
	stop(): void;
};

export type ProgressOptions = {
	readonly mode: ProgressMode;
	readonly write: (text: string) => void;
	readonly style: Style;
	readonly columns: number;

	/** Milliseconds on a clock that never goes back. */
	readonly now?: () => number;
};

/**
Notices are shown once each, however often they are reported.
*/
export const createProgress = ({mode, write, style, columns, now = monotonicNow}: ProgressOptions): Progress => {
	const begun = now();
	const noticed = new Set<string>();
	let step: {message: string; since: number} | undefined;
	let counted: {event: Countable; since: number; printed: number} | undefined;
	let isDrawn = false;
	let isPaused = false;
	let frame = 0;
	let timer: NodeJS.Timeout | undefined;

	const clear = (): void => {
		if (!isDrawn) {
			return;
		}

		write('\r\u{1B}[K');
		isDrawn = false;
	};

	const draw = (): void => {
		if (isPaused || now() - begun < silentMilliseconds) {
			return;
		}

		const text = counted === undefined
			? step && `${step.message} (${formatWait(Math.floor((now() - step.since) / 1000))})`
			: describeProgress(counted.event, now() - counted.since);
		if (text === undefined) {
			return;
		}

		clear();
		frame = (frame + 1) % frames.length;
		write(`${style.cyan(frames[frame] ?? '')} ${text.slice(0, Math.max(1, columns - 3))}`);
		isDrawn = true;
	};

	const notice = (text: string): void => {
		// It may quote another host.
		const message = withoutControls(text);
		if (noticed.has(message)) {
			return;
		}

		noticed.add(message);
		clear();
		write(mode === 'json' ? `${toJsonText({type: 'notice', message}, 0)}\n` : `${style.yellow('note:')} ${message}\n`);
	};

	const count = (event: Countable): void => {
		const before = counted?.event.task === event.task ? counted : undefined;
		counted = {event, since: before?.since ?? now(), printed: before?.printed ?? now()};
		if (!(mode === 'lines' && now() - counted.printed >= lineMilliseconds)) {
			return;
		}

		counted.printed = now();
		write(`${describeProgress(event, now() - counted.since)}\n`);
	};

	return {
		report(event) {
			if (mode === 'quiet') {
				return;
			}

			if (mode === 'terminal') {
				timer ??= setInterval(draw, frameMilliseconds).unref();
			}

			if (event.type === 'notice') {
				notice(event.message);
				return;
			}

			if (mode === 'json') {
				write(`${toJsonText(event, 0)}\n`);
				return;
			}

			if (event.type === 'step') {
				step = {message: printable(event.message), since: now()};
				counted = undefined;
				if (mode === 'lines') {
					write(`${step.message}\n`);
				}
			} else {
				count(event);
			}
		},
		clear,
		pause() {
			clear();
			isPaused = true;
		},
		resume() {
			isPaused = false;
		},
		stop() {
			clearInterval(timer);
			clear();
		},
	};
};
