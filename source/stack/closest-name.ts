/**
"Did you mean …?": the known name that is nearest to a mistyped one.
*/

/**
Edits from one word to another: insert, remove, replace a letter, or swap two neighbours (optimal string alignment distance).
*/
export const editDistance = (from: string, to: string): number => {
	let beforeLast: number[] = [];
	let last = Array.from({length: to.length + 1}, (_, index) => index);
	for (let row = 1; row <= from.length; row++) {
		const current = [row];
		for (let column = 1; column <= to.length; column++) {
			const isSame = from[row - 1] === to[column - 1];
			let cost = Math.min(last[column]! + 1, current[column - 1]! + 1, last[column - 1]! + (isSame ? 0 : 1));
			if (row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]) {
				cost = Math.min(cost, beforeLast[column - 2]! + 1);
			}

			current.push(cost);
		}

		beforeLast = last;
		last = current;
	}

	return last[to.length]!;
};

/**
The known name nearest to a word, where one is near enough to be what was meant (at most a third of its letters wrong).
*/
export const closestName = (word: string, known: Iterable<string>): string | undefined => {
	let best: string | undefined;
	let bestDistance = Infinity;
	for (const name of known) {
		const distance = editDistance(word.toLowerCase(), name.toLowerCase());
		if (!(distance < bestDistance)) {
			continue;
		}

		best = name;
		bestDistance = distance;
	}

	return best !== undefined && bestDistance <= Math.max(1, Math.floor(Math.max(word.length, best.length) / 3)) ? best : undefined;
};

/**
`; did you mean "ports"?`, or nothing.
*/
export const suggestion = (word: string, known: Iterable<string>): string => {
	const name = closestName(word, known);
	return name === undefined ? '' : `; did you mean ${JSON.stringify(name)}?`;
};
