/**
Draws what a verb reports while it works: on a terminal one line that moves, for whatever takes longer than a second; elsewhere a
plain line for each step; with `--json` a line of JSON for each event.
*/
import {monotonicNow} from '../../system/clock.ts';
import type {ProgressEvent, Report} from '../../actions/progress.ts';
import {formatBytes, formatCount, formatDuration} from './format.ts';
import {toJsonText} from './json.ts';
import type {Style} from './style.ts';

export type ProgressMode = 'terminal' | 'lines' | 'json' | 'quiet';

type Countable = Extract<ProgressEvent, {type: 'progress'}>;

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const silentMilliseconds = 1000;
const frameMilliseconds = 100;
const lineMilliseconds = 10_000;

const formatAmount = (amount: number, unit: Countable['unit']): string =>
	unit === 'bytes' ? formatBytes(amount) : formatCount(Math.round(amount), unit.slice(0, -1));

/** Whole seconds, minutes, hours: what is guessed should not look exact. */
const formatWait = (seconds: number): string => seconds < 60 ? `${seconds} s` : formatDuration(seconds * 1000);

/** Whole percents, 100 only when all is done. */
const percentage = (done: number, total: number): number => done >= total ? 100 : Math.floor(done / total * 100);

/**
How far a countable piece of work is, so many milliseconds after it began: what is done of what, how fast, and how long it will
still take at that rate.
*/
export const describeProgress = (event: Countable, elapsed: number): string => {
	const {
		task, done, total, unit,
	} = event;
	const parts = total === undefined
		? [task, formatAmount(done, unit)]
		: [task, `${percentage(done, total)} %`, `${formatAmount(done, unit)} of ${formatAmount(total, unit)}`];

	const rate = elapsed > 0 ? done / (elapsed / 1000) : 0;
	if (elapsed >= 500 && rate > 0) {
		parts.push(`${formatAmount(rate, unit)}/s`);
		if (total !== undefined && total > done) {
			const seconds = Math.max(1, Math.round((total - done) / rate));
			parts.push(`${formatWait(seconds)} left`);
		}
	}

	return parts.join('  ');
};

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

	const notice = (message: string): void => {
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
				step = {message: event.message, since: now()};
				counted = undefined;
				if (mode === 'lines') {
					write(`${event.message}\n`);
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
