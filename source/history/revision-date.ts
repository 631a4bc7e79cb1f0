/**
The dates of `main@{…}`: a small, exact set, where git guesses at anything.

- `now`, `today` (its first minute), `yesterday` (24 hours ago, as in git)
- `90 seconds ago`, `1 hour ago`, `2 weeks ago`, `an hour ago`, `1.hour.ago` (second, minute, hour, day, week, month, year; months and years by the calendar)
- `14:00`, `14:00:30` (the last time it was that late)
- `2026-11-20` (its first minute), `2026-11-20 14:00`, `2026-11-20T14:00:30.5`, with `Z` or `+01:00` behind it; without, local time
*/

type Unit = 'second' | 'minute' | 'hour' | 'day' | 'week' | 'month' | 'year';

const units: Readonly<Record<string, Unit>> = {
	s: 'second', sec: 'second', second: 'second',
	m: 'minute', min: 'minute', minute: 'minute',
	h: 'hour', hr: 'hour', hour: 'hour',
	d: 'day', day: 'day',
	w: 'week', week: 'week',
	month: 'month',
	y: 'year', year: 'year',
};

const milliseconds: Readonly<Record<Exclude<Unit, 'month' | 'year'>, number>> = {
	second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000, week: 604_800_000,
};

/** The same day of an earlier month, or its last day where that month is shorter. */
const monthsBefore = (now: Date, months: number): Date => {
	const date = new Date(now);
	date.setDate(1);
	date.setMonth(date.getMonth() - months);
	const lastDay = new Date(date.getFullYear(), date.getMonth() + 1, 0).getDate();
	date.setDate(Math.min(now.getDate(), lastDay));
	return date;
};

const parseAgo = (text: string, now: Date): Date | undefined => {
	const match = /^(?<count>\d{1,6}\s*|an?\s+)(?<unit>[a-z]+?)s?\s+ago$/v.exec(text);
	if (!match) {
		return undefined;
	}

	const {count = '', unit: word = ''} = match.groups!;
	const unit = Object.hasOwn(units, word) ? units[word] : undefined;
	if (unit === undefined) {
		return undefined;
	}

	const number = count.startsWith('a') ? 1 : Number(count);

	return unit === 'month' || unit === 'year' ? monthsBefore(now, unit === 'month' ? number : number * 12) : new Date(now.getTime() - (number * milliseconds[unit]));
};

const timePattern = String.raw`(?<hour>\d{1,2}):(?<minute>\d{2})(?::(?<second>\d{2})(?:\.(?<fraction>\d{1,9}))?)?`;
const clock = new RegExp(`^${timePattern}$`, 'v');
const calendar = new RegExp(String.raw`^(?<year>\d{4})-(?<month>\d{2})-(?<day>\d{2})(?:[ t]\s*${timePattern}\s*(?<zone>z|[+\-]\d{2}:?\d{2})?)?$`, 'v');

type Groups = Readonly<Record<string, string | undefined>>;

const timeOfDay = ({hour = '0', minute = '0', second = '0', fraction = ''}: Groups) => {
	const parts = {
		hour: Number(hour), minute: Number(minute), second: Number(second), millisecond: Number(fraction.slice(0, 3).padEnd(3, '0')),
	};
	return parts.hour < 24 && parts.minute < 60 && parts.second < 60 ? parts : undefined;
};

const parseClock = (text: string, now: Date): Date | undefined => {
	const match = clock.exec(text);
	const time = match && timeOfDay(match.groups!);
	if (!time) {
		return undefined;
	}

	const date = new Date(now);
	date.setHours(time.hour, time.minute, time.second, time.millisecond);
	if (date > now) {
		date.setDate(date.getDate() - 1);
	}

	return date;
};

const zoneMinutes = (zone: string): number => {
	if (zone === 'z') {
		return 0;
	}

	const minutes = (Number(zone.slice(1, 3)) * 60) + Number(zone.slice(-2));
	return zone.startsWith('-') ? -minutes : minutes;
};

const parseCalendar = (text: string): Date | undefined => {
	const match = calendar.exec(text);
	const time = match && timeOfDay(match.groups!);
	if (!time) {
		return undefined;
	}

	const {year, month, day, zone} = match.groups!;
	const [fullYear, monthIndex, dayOfMonth] = [Number(year), Number(month) - 1, Number(day)];
	// There is no 31 February, and `Date` would make it 3 March.
	const check = new Date(Date.UTC(fullYear, monthIndex, dayOfMonth));
	if (check.getUTCMonth() !== monthIndex || check.getUTCDate() !== dayOfMonth) {
		return undefined;
	}

	const parts = [fullYear, monthIndex, dayOfMonth, time.hour, time.minute, time.second, time.millisecond] as const;
	return zone === undefined ? new Date(...parts) : new Date(Date.UTC(...parts) - (zoneMinutes(zone) * 60_000));
};

/**
The instant that a text means, or `undefined` where it means none.
*/
export const parseDate = (input: string, now: Date): Date | undefined => {
	const text = input.trim().toLowerCase();
	switch (text) {
		case 'now': {
			return now;
		}

		case 'today': {
			return new Date(now.getFullYear(), now.getMonth(), now.getDate());
		}

		case 'yesterday': {
			return new Date(now.getTime() - milliseconds.day);
		}

		default: {
			// Git's form without blanks, which needs no quotes in a shell: `1.hour.ago`.
			const spaced = /^[\w.]+\.ago$/v.test(text) ? text.replaceAll('.', ' ') : text;
			const date = parseAgo(spaced, now) ?? parseClock(text, now) ?? parseCalendar(text);
			return date === undefined || Number.isNaN(date.getTime()) ? undefined : date;
		}
	}
};
