/**
The rules of what to keep, as one text: `24h:all,7d:daily,8w:weekly,1y:monthly`.

Each rule is `AGE:HOW OFTEN`: of the commits up to that age, one a day, say. Ages are in hours, days, weeks, months (30 days) and years (365 days).
*/
import {CoppiceError} from '../system/errors.ts';

export type Period = 'all' | 'hourly' | 'daily' | 'weekly' | 'monthly' | 'yearly';

export type KeepRule = {
	/** The rule as written: `7d:daily`. */
	readonly text: string;

	/** Up to this age; `Infinity` for `forever`. */
	readonly milliseconds: number;
	readonly period: Period;
};

export const periods: readonly Period[] = ['all', 'hourly', 'daily', 'weekly', 'monthly', 'yearly'];

const hour = 3_600_000;
const units: Readonly<Record<string, number>> = {
	h: hour, d: 24 * hour, w: 7 * 24 * hour, mo: 30 * 24 * hour, y: 365 * 24 * hour,
};

const isPeriod = (text: string): text is Period => new Set<string>(periods).has(text);

/**
Points at a part of the text with a line of marks below it.
*/
const refuse = (text: string, start: number, length: number, why: string): CoppiceError => new CoppiceError('usage', `The rules of what to keep are not right: ${why}.`, {
	hint: `Look here:\n  ${text}\n  ${' '.repeat(start)}${'^'.repeat(Math.max(1, length))}\nRules look like 24h:all,7d:daily,8w:weekly,1y:monthly.`,
});

const parseAge = (age: string): number | undefined => {
	if (age === 'forever') {
		return Infinity;
	}

	const {count, unit = ''} = /^(?<count>\d{1,6})(?<unit>[a-z]+)$/v.exec(age)?.groups ?? {};
	return count !== undefined && Object.hasOwn(units, unit) ? Number(count) * units[unit]! : undefined;
};

const parseRule = (text: string, start: number, rule: string): KeepRule => {
	const [age = '', period, ...rest] = rule.split(':');
	if (period === undefined || rest.length > 0) {
		throw refuse(text, start, rule.length, rule.trim() === '' ? 'a rule is empty' : `${JSON.stringify(rule)} is not an age, a colon and how often`);
	}

	const milliseconds = parseAge(age.trim());
	if (milliseconds === undefined) {
		const why = /^\s*\d+m\s*$/v.test(age)
			? `${JSON.stringify(age)} could be minutes or months: say "mo" for months`
			: `${JSON.stringify(age)} is not an age: a number and h, d, w, mo or y, or "forever"`;
		throw refuse(text, start, age.length, why);
	}

	const often = period.trim();
	if (!isPeriod(often)) {
		throw refuse(text, start + age.length + 1, period.length, `${JSON.stringify(period)} is none of ${periods.join(', ')}`);
	}

	return {text: rule.trim(), milliseconds, period: often};
};

/**
Reads the rules of what to keep.

@throws CoppiceError `usage` that points at the part that is not right.
*/
export const parseKeep = (text: string): readonly KeepRule[] => {
	const rules: KeepRule[] = [];
	let start = 0;
	for (const rule of text.split(',')) {
		rules.push(parseRule(text, start, rule));
		start += rule.length + 1;
	}

	return rules;
};
