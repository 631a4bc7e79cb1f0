/**
Which of two versions of the program is older (the numbers of Semantic Versioning 2.0; what follows them does not count).
*/

const numbersOf = (version: string): readonly number[] | undefined => {
	const match = /^(?<numbers>\d{1,6}\.\d{1,6}\.\d{1,6})(?:[+\-].*)?$/v.exec(version);
	return match?.groups?.numbers?.split('.').map(Number);
};

/**
Whether the first is older than the second. A version that is no number, as that of a program run from its sources, is neither older nor newer.
*/
export const isOlder = (version: string, other: string): boolean => {
	const [left, right] = [numbersOf(version), numbersOf(other)];
	if (left === undefined || right === undefined) {
		return false;
	}

	const index = left.findIndex((number, position) => number !== right[position]);
	return index !== -1 && left[index]! < right[index]!;
};
