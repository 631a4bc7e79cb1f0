import test from 'ava';
import fc from 'fast-check';
import {displayWidth, graphemes} from '../../source/system/display-width.ts';
import {inkWidth} from '../tui/ink-width.ts';

test('what is seen as one character is measured as one', t => {
	for (const [text, width] of [
		['', 0],
		['plain', 5],
		['\u{1B}[31mred\u{1B}[0m', 3],
		['✅ ok', 5],
		['⚡', 2],
		['⭐❌', 4],
		['e\u{301}', 1],
		['é', 1],
		['👍🏽', 2],
		['👩‍👩‍👧‍👦', 2],
		['🇩🇪', 2],
		['1️⃣', 2],
		['❤️', 2],
		['日本語', 6],
		['한국', 4],
		['ﾊﾞ', 2],
		['हिन्दी', 4],
		['●○│─…→', 6],
		['\u{200B}', 0],
	] as const) {
		t.is(displayWidth(text), width, JSON.stringify(text));
		t.is(inkWidth(text), width, JSON.stringify(text));
	}
});

test('every character of its own is as wide as ink takes it to be', t => {
	const others: string[] = [];
	for (let point = 0x20; point < 0x3_20_00; point++) {
		const character = String.fromCodePoint(point);
		// What has no meaning yet may get any; what opens a control sequence is none by itself.
		if (/^[\P{Unassigned}--\u{9B}]$/v.test(character) && displayWidth(character) !== inkWidth(character)) {
			others.push(point.toString(16));
		}
	}

	t.deepEqual(others, []);
});

test('any text is as wide as ink takes it to be, and is cut without loss', t => {
	const texts = fc.array(fc.oneof(
		fc.string({unit: 'grapheme', maxLength: 4}),
		fc.constantFrom('e', '\u{301}', '👩', '\u{200D}', '🏽', '\u{FE0F}', '1', '\u{20E3}', '🇩', '🇪', 'ᄀ', 'ᅡ', 'ᆨ', '日', 'ﾊ', 'ﾞ', 'क', 'ि'),
	), {maxLength: 8}).map(parts => parts.join(''));
	fc.assert(fc.property(texts, text => {
		t.is(displayWidth(text), inkWidth(text), JSON.stringify(text));
		t.is(graphemes(text).join(''), text);
	}), {numRuns: 2000});
});
