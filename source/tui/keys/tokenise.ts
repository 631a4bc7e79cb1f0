/**
Raw input of a terminal as keys, pastes and pointer events. What comes in one piece may be several keys (fast typing), and a key may come in several
pieces (a slow line).

Sequences: ECMA-48; xterm's control sequences (keys with modifiers, mouse mode 1006, bracketed paste 2004); the keyboard protocol of kitty
(`CSI number ; modifiers u`).
*/
import type {Key, Token} from './key.ts';

const escape = '\u{1B}';

const finals: Readonly<Record<string, string>> = {
	A: 'up', B: 'down', C: 'right', D: 'left', F: 'end', H: 'home', P: 'f1', Q: 'f2', R: 'f3', S: 'f4', Z: 'shift-tab',
};

const tildes: Readonly<Record<string, string>> = {
	1: 'home', 2: 'insert', 3: 'delete', 4: 'end', 5: 'pageup', 6: 'pagedown', 7: 'home', 8: 'end', 11: 'f1', 12: 'f2', 13: 'f3', 14: 'f4', 15: 'f5', 17: 'f6', 18: 'f7', 19: 'f8', 20: 'f9', 21: 'f10', 23: 'f11', 24: 'f12',
};

const controls: Readonly<Record<string, string>> = {
	'\r': 'enter', '\n': 'enter', '\t': 'tab', '\u{7F}': 'backspace', '\b': 'ctrl-h', '\0': 'ctrl-space',
};

const codePoints: Readonly<Record<number, string>> = {
	9: 'tab', 13: 'enter', 27: 'escape', 32: 'space', 127: 'backspace',
};

/**
Keys that type nothing of their own have numbers in the private use area of Unicode; those that nothing can be meant by are left out. All of the keypad's
are named as the keys that do the same.
*/
const functional = {first: 57_344, last: 63_743} as const;
const keypadText = [...'0123456789./*-+'];
const keypadNames: Readonly<Record<number, string>> = {
	57_414: 'enter', 57_417: 'left', 57_418: 'right', 57_419: 'up', 57_420: 'down', 57_421: 'pageup', 57_422: 'pagedown', 57_423: 'home', 57_424: 'end', 57_425: 'insert', 57_426: 'delete',
};
const keypadTexts: Readonly<Record<number, string>> = {
	...Object.fromEntries(keypadText.map((text, index) => [57_399 + index, text])), 57_415: '=', 57_416: ',',
};

/** Super, hyper and meta: what is pressed with them is the desktop's or the terminal's, and never a key of this program. */
const foreignModifiers = 8 | 16 | 32;

/** Modifiers as xterm and kitty number them: one more than the sum of 1 shift, 2 alt, 4 ctrl. */
const withModifiers = (name: string, modifiers: number): string => {
	const bits = Math.max(0, modifiers - 1);
	const prefix = `${(bits & 4) === 0 ? '' : 'ctrl-'}${(bits & 2) === 0 ? '' : 'alt-'}${(bits & 1) === 0 || name.startsWith('shift-') ? '' : 'shift-'}`;
	return prefix + name;
};

const character = (text: string): Key => ({name: text === ' ' ? 'space' : text, text});

/** One character outside of a sequence. */
const plainKey = (text: string): Key => {
	const control = controls[text];
	if (control !== undefined) {
		return {name: control};
	}

	const code = text.codePointAt(0)!;
	return code < 32 ? {name: `ctrl-${String.fromCodePoint(code + 96)}`} : character(text);
};

/** A key in kitty's protocol. */
const kittyKey = (parameters: string): Key | undefined => {
	const [codeText = '', modifierText = '1'] = parameters.split(';', 2);
	const code = Number(codeText.split(':', 1)[0]);
	const [modifiers = 1, event = 1] = modifierText.split(':').map(Number);
	const pressed = Math.max(0, modifiers - 1);
	if (event === 3 || !Number.isSafeInteger(code) || code > 0x10_FF_FF || (pressed & foreignModifiers) !== 0) {
		return undefined;
	}

	const known = codePoints[code] ?? keypadNames[code];
	const bits = pressed & 7;
	if (known !== undefined) {
		return bits === 0 && known === 'space' ? character(' ') : {name: withModifiers(known, modifiers)};
	}

	const keypad = keypadTexts[code];
	if (keypad === undefined && code >= functional.first && code <= functional.last) {
		return undefined;
	}

	const text = keypad ?? String.fromCodePoint(code);
	return (bits & 6) === 0 ? character((bits & 1) === 0 ? text : text.toUpperCase()) : {name: withModifiers(text, modifiers)};
};

const pointerToken = (parameters: string, final: string): Token | undefined => {
	const [code = 0, column = 1, line = 1] = parameters.slice(1).split(';').map(Number);
	const isWheel = (code & 64) !== 0;
	const isMotion = (code & 32) !== 0;
	const isMore = code >= 128;
	const button = code & 3;
	// Nothing here scrolls sideways, and what other buttons do is the terminal's: paste, a menu.
	const isMeant = isWheel ? button < 2 : button === 0;
	if (isMotion || isMore || !isMeant) {
		return undefined;
	}

	const kind = isWheel ? (button === 0 ? 'wheel-up' : 'wheel-down') : (final === 'M' ? 'press' : 'release');
	return {
		type: 'pointer', pointer: {
			kind, column: column - 1, line: line - 1,
		},
	};
};

const controlSequence = (parameters: string, final: string): Token | undefined => {
	if (parameters.startsWith('<') && (final === 'M' || final === 'm')) {
		return pointerToken(parameters, final);
	}

	if (final === 'u') {
		if (parameters.startsWith('?')) {
			return {type: 'kitty'};
		}

		const key = kittyKey(parameters);
		return key && {type: 'key', key};
	}

	const [first = '', modifiers = '1'] = parameters.split(';', 2);
	const name = final === '~' ? tildes[first] : finals[final];
	return name === undefined || parameters.startsWith('?') ? undefined : {type: 'key', key: {name: withModifiers(name, Number(modifiers.split(':', 1)[0]))}};
};

/* eslint-disable regexp/no-control-character, no-control-regex -- Control sequences are what this is about. */
const sequence = /^\u{1B}\[(?<parameters>[\u{30}-\u{3F}]*)[\u{20}-\u{2F}]*(?<final>[\u{40}-\u{7E}])/v;
const unfinished = /^\u{1B}(?:\[[\u{20}-\u{3F}]*|O)?$/v;
/* eslint-enable regexp/no-control-character, no-control-regex */

const pasteStart = `${escape}[200~`;
const pasteEnd = `${escape}[201~`;

export type Tokeniser = {
	/** The tokens of a piece of input. What is not whole yet is kept for the next piece. */
	feed(text: string): Token[];

	/** Whether an escape has been kept, which is the key of that name if nothing follows soon. */
	isWaiting(): boolean;

	/** The tokens of what was kept. */
	flush(): Token[];
};

export const createTokeniser = (): Tokeniser => {
	let kept = '';
	const next = (isFinal: boolean): {readonly token?: Token; readonly length: number} => {
		if (kept.startsWith(pasteStart)) {
			const end = kept.indexOf(pasteEnd);
			return end === -1
				? {length: 0}
				: {token: {type: 'paste', text: kept.slice(pasteStart.length, end)}, length: end + pasteEnd.length};
		}

		if (!kept.startsWith(escape)) {
			const text = String.fromCodePoint(kept.codePointAt(0)!);
			return {token: {type: 'key', key: plainKey(text)}, length: text.length};
		}

		const found = sequence.exec(kept);
		if (found !== null) {
			const token = controlSequence(found.groups!.parameters!, found.groups!.final!);
			return {...(token !== undefined && {token}), length: found[0].length};
		}

		if (!isFinal && unfinished.test(kept)) {
			return {length: 0};
		}

		if (kept[1] === 'O' && kept[2] !== undefined) {
			const name = finals[kept[2]];
			return {...(name !== undefined && {token: {type: 'key', key: {name}}}), length: 3};
		}

		if (kept.length > 1 && kept[1] !== '[' && kept[1] !== escape) {
			const text = String.fromCodePoint(kept.codePointAt(1)!);
			const {name} = plainKey(text);
			return {token: {type: 'key', key: {name: `alt-${name}`}}, length: 1 + text.length};
		}

		return {token: {type: 'key', key: {name: 'escape'}}, length: 1};
	};

	const take = (isFinal: boolean): Token[] => {
		const tokens: Token[] = [];
		while (kept !== '') {
			const {token, length} = next(isFinal);
			if (length === 0) {
				break;
			}

			kept = kept.slice(length);
			if (token !== undefined) {
				tokens.push(token);
			}
		}

		return tokens;
	};

	return {
		feed(text) {
			kept += text;
			return take(false);
		},
		isWaiting: () => kept !== '' && !kept.startsWith(pasteStart),
		flush: () => take(true),
	};
};
