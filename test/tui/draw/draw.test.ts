import {stripVTControlCharacters} from 'node:util';
import test from 'ava';
import fc from 'fast-check';
import {displayWidth} from '../../../source/system/display-width.ts';
import {drawFrame} from '../../../source/tui/draw/frame.ts';
import {glyphsFor} from '../../../source/tui/draw/glyphs.ts';
import {
	drawRow,
	fit,
	piece,
	row,
	truncate,
} from '../../../source/tui/draw/row.ts';
import {meter, sparkline} from '../../../source/tui/draw/sparkline.ts';
import {
	chooseTheme,
	createPaint,
	noPaint,
	roles,
	themeNames,
} from '../../../source/tui/draw/theme.ts';
import {firstShown} from '../../../source/tui/draw/viewport.ts';
import {inkWidth} from '../ink-width.ts';

const glyphs = glyphsFor(false);

test('texts are cut by columns, not by characters', t => {
	t.is(truncate('hello', 5), 'hello');
	t.is(truncate('hello!', 5), 'hell…');
	t.is(fit('ab', 4), 'ab  ');
	t.is(displayWidth(fit('日本語の表', 6)), 6);
	t.is(truncate('x', 0), '');
});

test('a row is exactly as wide as told, whatever is in it', t => {
	const texts = fc.array(fc.tuple(fc.constantFrom('abc', '', 'a longer text', '日本', 'ünï', '✅ ok', 'e\u{301}', '⚡', '👩‍👩‍👧‍👦', '👍🏽', ' '), fc.constantFrom(...roles)), {maxLength: 6});
	fc.assert(fc.property(texts, texts, fc.integer({min: 0, max: 60}), (left, right, width) => {
		const pieces = left.map(([text, role]) => piece(text, role));
		const drawn = drawRow({pieces, right: right.map(([text, role]) => piece(text, role))}, width, {paint: createPaint('dark')});
		t.is(inkWidth(stripVTControlCharacters(drawn)), width);
	}));
});

test('what stands at the right goes where there is no room', t => {
	const wide = {...row('main'), right: [piece('2 h')]};
	t.is(drawRow(wide, 12, {paint: noPaint}), 'main     2 h');
	t.is(drawRow({...row('a branch with a long name'), right: [piece('2 h')]}, 12, {paint: noPaint}), 'a branch wi…');
});

test('a long text at the right is cut to what the left side leaves', t => {
	const template = {...row(' postgres  '), right: [piece('A database, and what it needs to be filled')]};
	t.is(drawRow(template, 40, {paint: noPaint}), ' postgres   A database, and what it nee…');
	t.is(drawRow(template, 20, {paint: noPaint}), ' postgres   A datab…');
	// A piece of some letters would say nothing.
	t.is(drawRow(template, 18, {paint: noPaint}), ' postgres         ');
	t.is(drawRow({...row('12345678901234567890'), right: [piece('a'.repeat(30))]}, 30, {paint: noPaint}), `12345678901234567890 ${'a'.repeat(8)}…`);
});

test('texts are cut between what is seen as characters', t => {
	t.is(truncate('e\u{301}e\u{301}e\u{301}', 2), 'e\u{301}…');
	t.is(truncate('👩‍👩‍👧‍👦👩‍👩‍👧‍👦', 3), '👩‍👩‍👧‍👦…');
	t.is(truncate('👍🏽👍🏽👍🏽', 4), '👍🏽… ');
	t.is(fit('✅ ok', 6), '✅ ok ');
});

test('keys at the lower edge are cut rather than left out', t => {
	const options = {
		height: 2, title: [], footer: 'enter: do it   esc: back', isActive: true, paint: noPaint, glyphs,
	};
	t.is(drawFrame([], {...options, width: 28})[1], '╰─enter: do it   esc: back─╯');
	t.is(drawFrame([], {...options, width: 20})[1], '╰─enter: do it   …─╯');
});

test('a frame has its title, its content and its size', t => {
	const lines = drawFrame([row('one'), row('two')], {
		width: 20, height: 5, title: [piece('Title')], note: '/x', footer: '1 of 2', isActive: true, paint: noPaint, glyphs,
	});
	t.deepEqual(lines, [
		'╭─Title─────────/x─╮',
		'│one               │',
		'│two               │',
		'│                  │',
		'╰───────────1 of 2─╯',
	]);
});

test('a frame in ASCII', t => {
	const lines = drawFrame([row('one')], {
		width: 10, height: 3, title: [piece('T')], isActive: false, paint: noPaint, glyphs: glyphsFor(true),
	});
	t.deepEqual(lines, ['+-T------+', '|one     |', '+--------+']);
});

test('every theme draws every role, and ends it', t => {
	for (const theme of themeNames) {
		const paint = createPaint(theme);
		for (const role of roles) {
			const drawn = paint(role, 'text');
			t.is(stripVTControlCharacters(drawn), 'text');
			t.true(drawn === 'text' || drawn.endsWith('\u{1B}[0m'));
		}
	}
});

test('without colours there are weights only', t => {
	const paint = createPaint('none');
	for (const role of roles) {
		t.notRegex(paint(role, 'x').slice(1), /^\[[\d;]*(?:3\d|4\d|9\d)/v);
	}
});

test('which theme is taken', t => {
	t.is(chooseTheme(undefined, {}), 'dark');
	t.is(chooseTheme('light', {}), 'light');
	t.is(chooseTheme('light', {NO_COLOR: '1'}), 'none');
	t.is(chooseTheme(undefined, {COLORFGBG: '0;15'}), 'light');
	t.is(chooseTheme(undefined, {TERM: 'dumb'}), 'none');
});

test('sparklines and meters', t => {
	t.is(sparkline([0, 1, 2, 4], 6, glyphs), '  ▁▃▅█');
	t.is(sparkline([0, 0], 2, glyphs), '▁▁');
	t.is(sparkline([1, 2, 3, 4], 2, glyphs).length, 2);
	t.is(meter(1, 2, 4, glyphs), '██░░');
	t.is(meter(1, 0, 4, glyphs), '░░░░');
});

test('the cursor of a list is always in sight', t => {
	fc.assert(fc.property(fc.nat({max: 500}), fc.nat({max: 499}), fc.integer({min: 1, max: 60}), (count, wanted, height) => {
		const cursor = Math.min(wanted, Math.max(0, count - 1));
		const first = firstShown(cursor, count, height);
		t.true(first >= 0 && first <= cursor && (count === 0 || cursor < first + height));
		t.true(first === 0 || first + height <= count);
	}));
});
