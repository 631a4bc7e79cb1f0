import test from 'ava';
import fc from 'fast-check';
import type {Token} from '../../../source/tui/keys/key.ts';
import {createTokeniser} from '../../../source/tui/keys/tokenise.ts';

const nameOf = (token: Token): string => {
	switch (token.type) {
		case 'key': {
			return token.key.name;
		}

		case 'paste': {
			return `paste ${token.text}`;
		}

		case 'pointer': {
			return `${token.pointer.kind} ${token.pointer.column},${token.pointer.line}`;
		}

		case 'kitty': {
			return 'kitty';
		}
	}
};

const names = (tokens: readonly Token[]): string[] => tokens.map(token => nameOf(token));

const read = (...pieces: readonly string[]): string[] => {
	const tokeniser = createTokeniser();
	return [...names(pieces.flatMap(piece => tokeniser.feed(piece))), ...names(tokeniser.flush())];
};

test('keys typed fast arrive as one piece', t => {
	t.deepEqual(read('jj\rG '), ['j', 'j', 'enter', 'G', 'space']);
});

test('arrows, function keys, and modifiers', t => {
	t.deepEqual(read('\u{1B}[A\u{1B}OB\u{1B}[1;5C\u{1B}[5~\u{1B}[3;2~\u{1B}[Z\u{1B}[15~\u{1B}OP'), ['up', 'down', 'ctrl-right', 'pageup', 'shift-delete', 'shift-tab', 'f5', 'f1']);
});

test('control characters and alt', t => {
	t.deepEqual(read('\u{4}\u{1A}\u{7F}\u{1B}x\u{1B}\u{7F}'), ['ctrl-d', 'ctrl-z', 'backspace', 'alt-x', 'alt-backspace']);
});

test('a lone escape is a key once nothing follows', t => {
	const tokeniser = createTokeniser();
	t.deepEqual(tokeniser.feed('\u{1B}'), []);
	t.true(tokeniser.isWaiting());
	t.deepEqual(names(tokeniser.flush()), ['escape']);
	t.false(tokeniser.isWaiting());
});

test('two escapes are two keys', t => {
	t.deepEqual(read('\u{1B}\u{1B}'), ['escape', 'escape']);
});

test('a paste is one token whatever is in it, also in pieces', t => {
	t.deepEqual(read('\u{1B}[200~drop\r\u{1B}[A', 'table\u{1B}[20', '1~q'), ['paste drop\r\u{1B}[Atable', 'q']);
});

test('the mouse: press, release, wheel; motion is left out', t => {
	t.deepEqual(read('\u{1B}[<0;10;5M\u{1B}[<0;10;5m\u{1B}[<64;1;1M\u{1B}[<65;3;2M\u{1B}[<35;3;2M'), ['press 9,4', 'release 9,4', 'wheel-up 0,0', 'wheel-down 2,1']);
});

test('the keyboard protocol of kitty', t => {
	t.deepEqual(read('\u{1B}[?1u\u{1B}[27u\u{1B}[100;5u\u{1B}[97;1:3u\u{1B}[106u\u{1B}[106;2u\u{1B}[9;2u'), ['kitty', 'escape', 'ctrl-d', 'j', 'J', 'shift-tab']);
});

test('the keypad in the protocol of kitty: the keys that do the same', t => {
	t.deepEqual(read('\u{1B}[57414u\u{1B}[57400u\u{1B}[57409u\u{1B}[57413;129u\u{1B}[57419u\u{1B}[57422;2u\u{1B}[57423u\u{1B}[57426u'), ['enter', '1', '.', '+', 'up', 'shift-pagedown', 'home', 'delete']);
	const [digit] = createTokeniser().feed('\u{1B}[57408u');
	t.true(digit?.type === 'key' && digit.key.text === '9');
});

test('keys of kitty\'s protocol that mean nothing here type nothing', t => {
	// Caps lock, F13, volume, the left shift alone; with super, hyper and meta.
	t.deepEqual(read('\u{1B}[57358u\u{1B}[57376u\u{1B}[57439u\u{1B}[57441;2u\u{1B}[57427u\u{1B}[99;9u\u{1B}[99;17u\u{1B}[99;33u\u{1B}[13;9u'), []);
	// Caps lock and num lock are on.
	t.deepEqual(read('\u{1B}[99;193u\u{1B}[99;69u'), ['c', 'ctrl-c']);
});

test('the wheel scrolls up and down alone, and the left button alone is a click', t => {
	t.deepEqual(read('\u{1B}[<66;3;2M\u{1B}[<67;3;2M\u{1B}[<1;3;2M\u{1B}[<2;3;2M\u{1B}[<2;3;2m\u{1B}[<128;3;2M'), []);
	t.deepEqual(read('\u{1B}[<16;3;2M\u{1B}[<69;3;2M'), ['press 2,1', 'wheel-down 2,1']);
});

test('answers of the terminal that nobody asked for are no keys', t => {
	t.deepEqual(read('\u{1B}[?62;22c\u{1B}[24;80R'.replace('R', 'n')), []);
});

test('however input is cut into pieces, the tokens are the same', t => {
	const parts = ['j', '\u{1B}[A', '\u{1B}[1;5C', '\u{1B}OB', '\u{1B}[<0;10;5M', '\u{1B}[200~a\u{1B}b\u{1B}[201~', ' ', '\r', 'ä', '😀', '\u{1B}[106;5u'];
	fc.assert(fc.property(fc.array(fc.constantFrom(...parts), {maxLength: 12}), fc.array(fc.nat({max: 60}), {maxLength: 8}), (chosen, cuts) => {
		// Between code units: a stream decoder never cuts a character.
		const characters = [...chosen.join('')];
		const places = [0, ...cuts.map(cut => Math.min(cut, characters.length)).toSorted((a, b) => a - b), characters.length];
		const pieces = places.slice(1).map((end, index) => characters.slice(places[index], end).join(''));
		t.deepEqual(read(...pieces), read(characters.join('')));
	}));
});
