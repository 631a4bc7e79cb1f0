import test from 'ava';
import fc from 'fast-check';
import {parseDate} from '../../source/history/revision-date.ts';

// In local time, as the user's clock shows it.
const now = new Date(2026, 10, 20, 14, 30, 15, 250);
const local = (year: number, month: number, day: number, ...time: number[]) => new Date(year, month - 1, day, ...time).toISOString();
const ago = (milliseconds: number) => new Date(now.getTime() - milliseconds).toISOString();

for (const [text, expected] of Object.entries({
	now: ago(0),
	yesterday: ago(86_400_000),
	today: local(2026, 11, 20),
	'1 hour ago': ago(3_600_000),
	'an hour ago': ago(3_600_000),
	'a minute ago': ago(60_000),
	'90 seconds ago': ago(90_000),
	'5s ago': ago(5000),
	'2 weeks ago': ago(14 * 86_400_000),
	'3.days.ago': ago(3 * 86_400_000),
	'  2 HOURS   ago ': ago(7_200_000),
	'1 month ago': local(2026, 10, 20, 14, 30, 15, 250),
	'9 months ago': local(2026, 2, 20, 14, 30, 15, 250),
	'1 year ago': local(2025, 11, 20, 14, 30, 15, 250),
	'14:00': local(2026, 11, 20, 14, 0),
	'14:30:15': local(2026, 11, 20, 14, 30, 15),
	'18:00': local(2026, 11, 19, 18, 0),
	'2026-11-18': local(2026, 11, 18),
	'2026-11-18 14:00': local(2026, 11, 18, 14, 0),
	'2026-11-18T14:00:05.5': local(2026, 11, 18, 14, 0, 5, 500),
	'2026-11-18 14:00Z': '2026-11-18T14:00:00.000Z',
	'2026-11-18T14:00:00.123456Z': '2026-11-18T14:00:00.123Z',
	'2026-11-18T14:00+01:30': '2026-11-18T12:30:00.000Z',
	'2026-11-18 14:00 -0500': '2026-11-18T19:00:00.000Z',
	'2024-02-29': local(2024, 2, 29),
})) {
	test(`"${text}" is ${expected}`, t => {
		t.is(parseDate(text, now)?.toISOString(), expected);
	});
}

test('a month earlier than the 31st is the last day of a shorter month', t => {
	t.is(parseDate('1 month ago', new Date(2026, 2, 31, 12))?.toISOString(), new Date(2026, 1, 28, 12).toISOString());
});

for (const text of ['', 'ago', 'soon', '1 hour', '1 fortnight ago', '1 constructor ago', '2026-02-30', '2026-13-01', '25:00', '14:60', '2026-11-18 24:00', '999999 years ago', '1e3 hours ago', '-1 hours ago']) {
	test(`"${text}" is no date`, t => {
		t.is(parseDate(text, now), undefined);
	});
}

test('every instant that is printed as ISO 8601 is read back', t => {
	const dates = fc.date({noInvalidDate: true, min: new Date('1000-01-01'), max: new Date('9000-01-01')});
	fc.assert(fc.property(dates, date => {
		t.is(parseDate(date.toISOString(), now)?.getTime(), date.getTime());
	}));
});
