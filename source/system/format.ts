/**
Sizes, times and texts as people read them.
*/
import prettyBytes from 'pretty-bytes';

/** `1.23 MiB`: three digits. Without further options, which would load the tables of a locale: 10 ms. */
export const formatBytes = (bytes: number): string => prettyBytes(bytes, {binary: true});

/** The first eight digits of a commit's id. */
export const shortId = (id: string): string => id.slice(0, 8);

/**
`42 ms`, `0.84 s`, `12.3 s`, `2 min 5 s`, `1 h 4 min`.
*/
export const formatDuration = (milliseconds: number): string => {
	if (milliseconds < 100) {
		return `${Math.round(milliseconds)} ms`;
	}

	const seconds = milliseconds / 1000;
	if (seconds < 59.95) {
		return `${seconds.toFixed(seconds < 9.995 ? 2 : 1)} s`;
	}

	const whole = Math.round(seconds);
	const minutes = Math.floor(whole / 60);
	return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
};

const units = [
	{name: 'year', seconds: 31_557_600},
	{name: 'month', seconds: 2_629_800},
	{name: 'week', seconds: 604_800},
	{name: 'day', seconds: 86_400},
	{name: 'hour', seconds: 3600},
	{name: 'minute', seconds: 60},
] as const;

/**
`2 hours ago`; the time itself where it can't be read.
*/
export const formatAge = (time: string, now: Date): string => {
	const seconds = (now.getTime() - Date.parse(time)) / 1000;
	if (Number.isNaN(seconds)) {
		return time;
	}

	const unit = units.find(candidate => Math.abs(seconds) >= candidate.seconds);
	if (unit === undefined) {
		return 'just now';
	}

	const count = Math.floor(Math.abs(seconds) / unit.seconds);
	const text = `${count} ${unit.name}${count === 1 ? '' : 's'}`;
	return seconds < 0 ? `in ${text}` : `${text} ago`;
};

/** `3 files`, `1 file`. */
export const formatCount = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

// C0 and C1 controls, and marks that turn the direction of text.
const controls = /[\p{Control}\u{202A}-\u{202E}\u{2066}-\u{2069}]/gv;
const controlsButBreaks = /[\u{202A}-\u{202E}\u{2066}-\u{2069}[\p{Control}--[\t\n]]]/gv;

/**
A text of somebody else's without what could drive the terminal that it is printed on. Line breaks and tabs stay.
*/
export const withoutControls = (text: string): string => text.replaceAll(controlsButBreaks, '');

/**
The same on one line: a commit message must not be able to move the cursor.
*/
export const printable = (text: string): string => text.replaceAll(/\s+/gv, ' ').replaceAll(controls, '').trim();

/** The first line of a message. */
export const firstLine = (text: string): string => printable(text.trim().split('\n', 1)[0] ?? '');
