/**
What `/` finds: a text whatever its case, a regular expression between slashes, and the opposite of either after `!`.
*/

export type Matches = (text: string) => boolean;

export type Filter = {
	readonly isOpposite: boolean;

	/** What is looked for, after the `!`. */
	readonly wanted: string;

	/** Where that is a regular expression; it may not be whole yet while it is being typed. */
	readonly expression?: {readonly pattern: string; readonly ignoresCase: boolean};
};

export const readFilter = (filter: string): Filter => {
	const isOpposite = filter.startsWith('!');
	const wanted = isOpposite ? filter.slice(1) : filter;
	const found = /^\/(?<pattern>.+?)(?:\/(?<flags>i?))?$/sv.exec(wanted)?.groups;
	return {isOpposite, wanted, ...(found !== undefined && {expression: {pattern: found.pattern!, ignoresCase: found.flags === 'i'}})};
};

const matchWanted = ({wanted, expression}: Filter): Matches => {
	if (expression !== undefined) {
		try {
			const regularExpression = new RegExp(expression.pattern, expression.ignoresCase ? 'i' : '');
			return candidate => regularExpression.test(candidate);
		} catch {
			// Looked for as it stands.
		}
	}

	const lower = wanted.toLowerCase();
	return candidate => candidate.toLowerCase().includes(lower);
};

/**
All texts match an empty filter.
*/
export const matcher = (filter = ''): Matches => {
	if (filter === '' || filter === '!') {
		return () => true;
	}

	const read = readFilter(filter);
	const matches = matchWanted(read);
	return read.isOpposite ? text => !matches(text) : matches;
};
