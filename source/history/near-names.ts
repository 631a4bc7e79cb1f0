/**
Names that are near to one that was not found: "did you mean …?"
*/

/**
How many letters have to be changed, added, taken away or swapped with their neighbour to get from one text to another: the distance of
Damerau and Levenshtein in its restricted form (optimal string alignment).
*/
const distance = (a: string, b: string): number => {
	let before: number[] = [];
	let row = Array.from({length: b.length + 1}, (_, index) => index);
	for (let i = 1; i <= a.length; i++) {
		const next = [i];
		for (let j = 1; j <= b.length; j++) {
			const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
			next.push(Math.min(
				row[j]! + 1,
				next[j - 1]! + 1,
				row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1),
				isSwap ? before[j - 2]! + 1 : Infinity,
			));
		}

		before = row;
		row = next;
	}

	return row.at(-1)!;
};

/**
The names that are like a text, the most alike first: those that begin with it or hold it, and those with at most a third of its letters wrong.
*/
export const nearNames = (text: string, names: Iterable<string>, limit = 3): readonly string[] => {
	const wanted = text.toLowerCase();
	const scored: Array<{readonly name: string; readonly score: number}> = [];
	for (const name of new Set(names)) {
		const candidate = name.toLowerCase();
		const isPart = (wanted.length > 1 && candidate.includes(wanted)) || (candidate.length > 2 && wanted.includes(candidate));
		const score = distance(wanted, candidate);
		if (isPart || score <= Math.max(1, Math.floor(wanted.length / 3))) {
			scored.push({name, score});
		}
	}

	return scored.toSorted((a, b) => a.score === b.score ? a.name.localeCompare(b.name) : a.score - b.score).slice(0, limit).map(({name}) => name);
};
