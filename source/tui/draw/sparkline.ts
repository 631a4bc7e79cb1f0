/**
Numbers over time as a line of bars.
*/
import type {Glyphs} from './glyphs.ts';

/**
The last values, one bar each, the highest of them (or `top`, where that is more) at full height. Shorter lists start at the right.
*/
export const sparkline = (values: readonly number[], width: number, {bars}: Glyphs, top = 0): string => {
	const shown = values.slice(-width);
	const highest = Math.max(top, ...shown);
	const text = shown.map(value => bars[highest <= 0 ? 0 : Math.min(bars.length - 1, Math.floor(Math.max(0, value) / highest * bars.length))] ?? '').join('');
	return ' '.repeat(Math.max(0, width - shown.length)) + text;
};

/** How much of a whole, as a bar. */
export const meter = (part: number, whole: number, width: number, {full, empty}: Glyphs): string => {
	const filled = whole <= 0 ? 0 : Math.round(Math.min(1, Math.max(0, part / whole)) * width);
	return full.repeat(filled) + empty.repeat(Math.max(0, width - filled));
};
