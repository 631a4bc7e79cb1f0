/**
Files of environment variables: a project's `.env` and the `env_file` of a service.

The format is compose's (https://docs.docker.com/compose/how-tos/environment-variables/variable-interpolation/#env-file-syntax):
`KEY=value`, `export KEY=value`, `KEY: value`, `KEY` alone (taken from the environment), `'literal'`, `"with \n and ${OTHER}"`,
quotes over several lines, and `# comments`. Node's own `parseEnv` knows no variables, so it does not serve. No I/O here.
*/
import {interpolate, InterpolationError, type Lookup} from './interpolate.ts';

/**
A file of variables that can't be read. The message never holds a value.
*/
export class EnvFileError extends Error {
	override readonly name = 'EnvFileError';
	readonly line: number;

	constructor(line: number, message: string) {
		super(message);
		this.line = line;
	}
}

const statementPattern = /(?:export[\t ]+)?(?<key>[\p{Letter}\p{Number}\-._]+)[\t ]*(?:(?<assign>[:=])[\t ]*|(?=\r?\n|#|$))/vy;

const unescape = (text: string): string => text.replaceAll(/\\(?<character>["$\\nrt])/gv, (_match, character: string) => {
	switch (character) {
		case 'n': {
			return '\n';
		}

		case 'r': {
			return '\r';
		}

		case 't': {
			return '\t';
		}

		// A dollar sign that was escaped must not start a variable.
		case '$': {
			return '$$';
		}

		default: {
			return character;
		}
	}
});

const closingQuote = (text: string, start: number, quote: string): number => {
	for (let position = start; position < text.length; position++) {
		if (quote === '"' && text[position] === '\\') {
			position++;
		} else if (text[position] === quote) {
			return position;
		}
	}

	return -1;
};

/** `format: raw`: every line is KEY=VALUE as docker's --env-file reads it, nothing else. */
const parseRaw = (text: string): ReadonlyMap<string, string> => {
	const values = new Map<string, string>();
	for (const line of text.split(/\r?\n/v)) {
		const equals = line.indexOf('=');
		if (equals > 0 && !line.startsWith('#')) {
			values.set(line.slice(0, equals), line.slice(equals + 1));
		}
	}

	return values;
};

/**
Reads the variables of a file, in order.

`lookup` gives variables from outside, for `${NAME}` and for a `KEY` without value; they win over those set earlier in the file.
@throws EnvFileError with the line.
*/
export const parseEnvFile = (text: string, lookup: Lookup, options: {raw?: boolean} = {}): ReadonlyMap<string, string> => {
	if (options.raw) {
		return parseRaw(text);
	}

	const values = new Map<string, string>();
	const lineOf = (position: number): number => text.slice(0, position).split('\n').length;
	const find: Lookup = name => lookup(name) ?? values.get(name);
	const expand = (value: string, position: number): string => {
		try {
			return interpolate(value, find);
		} catch (error) {
			if (error instanceof InterpolationError) {
				// The text of the value is left out: it may be a secret.
				throw new EnvFileError(lineOf(position), 'a value has a "$" that starts no variable, or a variable without value; put it in single quotes to take it literally');
			}

			throw error;
		}
	};

	let position = text.startsWith('\u{FEFF}') ? 1 : 0;
	while (position < text.length) {
		if (/\s/v.test(text[position]!)) {
			position++;
			continue;
		}

		if (text[position] === '#') {
			const end = text.indexOf('\n', position);
			position = end === -1 ? text.length : end + 1;
			continue;
		}

		statementPattern.lastIndex = position;
		const statement = statementPattern.exec(text);
		const {key, assign} = statement?.groups ?? {};
		if (statement === null || key === undefined) {
			throw new EnvFileError(lineOf(position), 'expected NAME=VALUE');
		}

		const start = position + statement[0].length;
		if (assign === undefined) {
			const inherited = lookup(key);
			if (inherited !== undefined) {
				values.set(key, inherited);
			}

			position = start;
			continue;
		}

		const quote = text[start];
		if (quote === '"' || quote === '\'') {
			const end = closingQuote(text, start + 1, quote);
			if (end === -1) {
				throw new EnvFileError(lineOf(start), `the value of ${key} has a quote that is not closed`);
			}

			const inner = text.slice(start + 1, end);
			values.set(key, quote === '"' ? expand(unescape(inner), start) : inner);
			const rest = /[^\n]*/vy;
			rest.lastIndex = end + 1;
			const after = rest.exec(text)?.[0] ?? '';
			if (after.trim() !== '' && !after.trimStart().startsWith('#')) {
				throw new EnvFileError(lineOf(end), `the value of ${key} goes on after its closing quote`);
			}

			position = end + 1 + after.length;
			continue;
		}

		const newline = text.indexOf('\n', start);
		const end = newline === -1 ? text.length : newline;
		const value = text.slice(start, end).replace(/(?:^|\s)#.*$/sv, '').trim();
		values.set(key, expand(value, start));
		position = end;
	}

	return values;
};
