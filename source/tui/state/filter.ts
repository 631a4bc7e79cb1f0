/**
What `/` finds: a text whatever its case, a regular expression between slashes, and the opposite of either after `!`.
*/

export type Matches = (text: string) => boolean;

const readPattern = (text: string): Matches => {
	const found = /^\/(?<pattern>.+?)(?:\/(?<flags>i?))?$/sv.exec(text);
	if (found !== null) {
		try {
			const expression = new RegExp(found.groups!.pattern!, found.groups!.flags ?? '');
			return candidate => expression.test(candidate);
		} catch {
			// Not whole yet while it is being typed.
		}
	}

	const wanted = text.toLowerCase();
	return candidate => candidate.toLowerCase().includes(wanted);
};

/**
All texts match an empty filter.
*/
export const matcher = (filter = ''): Matches => {
	if (filter === '' || filter === '!') {
		return () => true;
	}

	if (filter.startsWith('!')) {
		const matches = readPattern(filter.slice(1));
		return text => !matches(text);
	}

	return readPattern(filter);
};
