/**
Variables in texts of a compose file: `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME-default}`, `${NAME:?message}`,
`${NAME?message}`, `${NAME:+other}`, `${NAME+other}` and `$$` for one dollar sign.

Follows https://docs.docker.com/reference/compose-file/interpolation/; defaults, messages and alternatives may hold variables
themselves. Nothing here does I/O.
*/

/**
The value of a variable, or `undefined` where it is not set.
*/
export type Lookup = (name: string) => string | undefined;

/**
A text that can't be interpolated. The message never holds the value of a variable.
*/
export class InterpolationError extends Error {
	override readonly name = 'InterpolationError';
}

type Variable = {readonly type: 'variable'; readonly name: string; readonly operator: Operator; readonly argument: readonly Part[]};
type Part = Variable | {readonly type: 'text'; readonly text: string};

type Operator = '' | '-' | ':-' | '?' | ':?' | '+' | ':+';

const namePattern = /[A-Z_a-z]\w*/vy;
const operatorPattern = /:?[+\-?]/vy;

const matchAt = (pattern: RegExp, text: string, position: number): string | undefined => {
	pattern.lastIndex = position;
	return pattern.exec(text)?.[0];
};

// The text itself is left out of messages: it may be a password with a dollar sign in it.
const strayDollar = 'has a "$" that starts no variable; write "$$" for a dollar sign';
const openBrace = 'has an opening brace after "$" that no "}" closes';

/**
Reads parts up to the end of the text or, inside braces, up to the brace that closes them.
*/
const parseParts = (text: string, start: number, isInside: boolean): {readonly parts: readonly Part[]; readonly end: number} => {
	const parts: Part[] = [];
	let plain = '';
	let position = start;
	const flush = () => {
		if (plain === '') {
			return;
		}

		parts.push({type: 'text', text: plain});
		plain = '';
	};

	while (position < text.length) {
		const character = text[position]!;
		if (isInside && character === '}') {
			flush();
			return {parts, end: position};
		}

		if (character !== '$') {
			plain += character;
			position++;
			continue;
		}

		if (text[position + 1] === '$') {
			plain += '$';
			position += 2;
			continue;
		}

		flush();
		if (text[position + 1] !== '{') {
			const name = matchAt(namePattern, text, position + 1);
			if (name === undefined) {
				throw new InterpolationError(strayDollar);
			}

			parts.push({
				type: 'variable', name, operator: '', argument: [],
			});
			position += 1 + name.length;
			continue;
		}

		const name = matchAt(namePattern, text, position + 2);
		if (name === undefined) {
			throw new InterpolationError(strayDollar);
		}

		position += 2 + name.length;
		const operator = (matchAt(operatorPattern, text, position) ?? '') as Operator;
		position += operator.length;
		let argument: readonly Part[] = [];
		if (operator !== '') {
			const inner = parseParts(text, position, true);
			argument = inner.parts;
			position = inner.end;
		}

		if (text[position] !== '}') {
			throw new InterpolationError(openBrace);
		}

		parts.push({
			type: 'variable', name, operator, argument,
		});
		position++;
	}

	if (isInside) {
		throw new InterpolationError(openBrace);
	}

	flush();
	return {parts, end: position};
};

const fillVariable = ({name, operator, argument}: Variable, lookup: Lookup, onMissing: (name: string) => void): string => {
	const value = lookup(name);
	const isPresent = value !== undefined && (value !== '' || !operator.startsWith(':'));
	switch (operator) {
		case '': {
			if (value === undefined) {
				onMissing(name);
			}

			return value ?? '';
		}

		case '-':
		case ':-': {
			return isPresent ? value : fill(argument, lookup, onMissing);
		}

		case '+':
		case ':+': {
			return isPresent ? fill(argument, lookup, onMissing) : '';
		}

		case '?':
		case ':?': {
			if (isPresent) {
				return value;
			}

			const message = fill(argument, lookup, onMissing);
			throw new InterpolationError(`the variable ${name} is ${value === undefined ? 'not set' : 'empty'}${message === '' ? '' : `: ${message}`}`);
		}
	}
};

const fill = (parts: readonly Part[], lookup: Lookup, onMissing: (name: string) => void): string =>
	parts.map(part => part.type === 'text' ? part.text : fillVariable(part, lookup, onMissing)).join('');

const ignore = (): void => undefined;

/**
Puts the values of variables into a text.

A variable that is not set and has no default stands for an empty text; `onMissing` is told its name.
@throws InterpolationError when the text is not well formed, or a required variable is not set.
*/
export const interpolate = (text: string, lookup: Lookup, onMissing: (name: string) => void = ignore): string =>
	text.includes('$') ? fill(parseParts(text, 0, false).parts, lookup, onMissing) : text;

/**
The names of the variables that a text uses, those in defaults too.

@throws InterpolationError when the text is not well formed.
*/
export const variablesOf = (text: string): readonly string[] => {
	const namesIn = (parts: readonly Part[]): string[] => parts.flatMap(part => part.type === 'text' ? [] : [part.name, ...namesIn(part.argument)]);
	return text.includes('$') ? [...new Set(namesIn(parseParts(text, 0, false).parts))] : [];
};

/**
A text as a compose file has it: a dollar sign is doubled.
*/
export const escapeDollar = (text: string): string => text.replaceAll('$', () => '$$');

/**
As `maskVariables`, but still a text of a compose file, in which a dollar sign of its own is doubled.
*/
export const maskEscaped = (text: string): string => {
	const {parts} = parseParts(text, 0, false);
	return parts.map(part => part.type === 'text' ? escapeDollar(part.text) : `\${${part.name}}`).join('');
};

/**
The text with each variable as `${NAME}`, whatever its value or default: what may be shown or kept where a value may be secret.
*/
export const maskVariables = (text: string): string => {
	const {parts} = parseParts(text, 0, false);
	return parts.map(part => part.type === 'text' ? part.text : `\${${part.name}}`).join('');
};
