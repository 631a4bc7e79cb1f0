/**
Splits a command written as one text into arguments, as compose does: no shell runs, only quotes and backslashes count.

Follows compose, which uses github.com/mattn/go-shellwords: single quotes are literal; outside them a backslash takes the next
character as it is (`\n` and `\t` are a newline and a tab); an unquoted `;`, `&`, `|`, `<` or `>` ends the command.
*/

export type SplitCommand = {
	readonly words: readonly string[];

	/** What came after an unquoted operator of a shell, and is not passed on. */
	readonly ignored?: string;
};

/**
A command that can't be split, such as one with an open quote.
*/
export class SplitError extends Error {
	override readonly name = 'SplitError';
}

export const splitCommand = (line: string): SplitCommand => {
	const words: string[] = [];
	let word: string | undefined;
	let quote = '';
	let isEscaped = false;
	let position = 0;
	for (const character of line) {
		const start = position;
		position += character.length;
		if (isEscaped) {
			isEscaped = false;
			word = (word ?? '') + (character === 'n' ? '\n' : (character === 't' ? '\t' : character));
			continue;
		}

		if (character === '\\' && quote !== '\'') {
			isEscaped = true;
			continue;
		}

		if (quote !== '') {
			if (character === quote) {
				quote = '';
			} else {
				word += character;
			}

			continue;
		}

		if (character === '"' || character === '\'') {
			quote = character;
			word ??= '';
			continue;
		}

		if (/[\t\n\r ]/v.test(character)) {
			if (word !== undefined) {
				words.push(word);
				word = undefined;
			}

			continue;
		}

		if (';&|<>'.includes(character)) {
			// `2>file`: the digits belong to the redirection.
			if (word !== undefined && !(character === '>' && /^\d+$/v.test(word))) {
				words.push(word);
			}

			return {words, ignored: line.slice(start)};
		}

		word = (word ?? '') + character;
	}

	if (quote !== '') {
		throw new SplitError(`has a ${quote === '"' ? 'double' : 'single'} quote that is not closed`);
	}

	if (isEscaped) {
		throw new SplitError('ends with a backslash');
	}

	if (word !== undefined) {
		words.push(word);
	}

	return {words};
};

/**
One text that `splitCommand` splits into the same words; for showing an argument list.
*/
export const joinCommand = (words: readonly string[]): string =>
	words.map(word => /^[\w$%+,\-.\/:=@\{\}]+$/v.test(word) ? word : `'${word.replaceAll('\'', String.raw`'\''`)}'`).join(' ');
