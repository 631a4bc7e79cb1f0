/**
A line of text that is typed: pure.
*/
import type {Key} from '../keys/key.ts';
import type {TextInput} from './state.ts';

export const emptyInput: TextInput = {text: '', cursor: 0};

export const inputOf = (text: string): TextInput => ({text, cursor: [...text].length});

/** What a line can hold: no control characters, line ends as blanks. */
const cleaned = (text: string): string => text.replaceAll(/[\t\n\r]+/gv, ' ').replaceAll(/\p{Control}/gv, '');

export const insertText = ({text, cursor}: TextInput, added: string): TextInput => {
	const characters = [...text];
	const clean = [...cleaned(added)];
	return {text: [...characters.slice(0, cursor), ...clean, ...characters.slice(cursor)].join(''), cursor: cursor + clean.length};
};

const remove = ({text}: TextInput, from: number, to: number): TextInput => {
	const characters = [...text];
	return {text: [...characters.slice(0, from), ...characters.slice(to)].join(''), cursor: from};
};

const wordStart = ({text, cursor}: TextInput): number => {
	const before = [...text].slice(0, cursor).join('');
	return [...before.trimEnd()].lastIndexOf(' ') + 1;
};

/**
The text after a key, or `undefined` where the key is none for typing.
*/
export const typeKey = (input: TextInput, {name, text}: Key): TextInput | undefined => {
	const {length} = [...input.text];
	const {cursor} = input;
	switch (name) {
		case 'left':
		case 'ctrl-b': {
			return {...input, cursor: Math.max(0, cursor - 1)};
		}

		case 'right':
		case 'ctrl-f': {
			return {...input, cursor: Math.min(length, cursor + 1)};
		}

		case 'home':
		case 'ctrl-a': {
			return {...input, cursor: 0};
		}

		case 'end':
		case 'ctrl-e': {
			return {...input, cursor: length};
		}

		case 'backspace':
		case 'ctrl-h': {
			return cursor === 0 ? input : remove(input, cursor - 1, cursor);
		}

		case 'delete':
		case 'ctrl-d': {
			return remove(input, cursor, cursor + 1);
		}

		case 'ctrl-u': {
			return remove(input, 0, cursor);
		}

		case 'ctrl-k': {
			return remove(input, cursor, length);
		}

		case 'ctrl-w':
		case 'alt-backspace': {
			return remove(input, wordStart(input), cursor);
		}

		default: {
			return text === undefined || text === '' ? undefined : insertText(input, text);
		}
	}
};
