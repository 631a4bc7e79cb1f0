/**
Values of options, read once and for all.
*/
import {InvalidArgumentError} from 'commander';
import {bytesExpected, readBytes} from '../system/read-bytes.ts';

/**
A whole number, 0 or more.
*/
export const parseCount = (text: string): number => {
	if (!/^\d{1,15}$/v.test(text)) {
		throw new InvalidArgumentError('Give a whole number, such as 20.');
	}

	return Number(text);
};

/**
A number of bytes: `500K`, `5M`, `1.5G`, or a plain number.
*/
export const parseBytes = (text: string): number => {
	const bytes = readBytes(text);
	if (bytes === undefined) {
		throw new InvalidArgumentError(bytesExpected);
	}

	return bytes;
};

const unitMilliseconds: Readonly<Record<string, number>> = {
	s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000,
};

/**
A moment: how long ago (`90s`, `10m`, `1h30m`, `2d`), counted from `now`, or a date and time that JavaScript can read
(`2025-03-01T12:00:00Z`).
*/
export const parseMoment = (text: string, now: Date = new Date()): Date => {
	if (/^(?:\d{1,9}[dhms])+$/v.test(text)) {
		const parts = text.match(/\d{1,9}[dhms]/gv) ?? [];
		const ago = parts.map(part => Number(part.slice(0, -1)) * (unitMilliseconds[part.slice(-1)] ?? 0));
		return new Date(now.getTime() - ago.reduce((sum, milliseconds) => sum + milliseconds, 0));
	}

	const time = /^\d{4}-/v.test(text) ? Date.parse(text) : NaN;
	if (Number.isNaN(time)) {
		throw new InvalidArgumentError('Give how long ago, such as 10m or 1h30m, or a date and time, such as 2025-03-01T12:00:00Z.');
	}

	return new Date(time);
};
