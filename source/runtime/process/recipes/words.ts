/**
Splits a line into words as a shell does, as far as quotes and backslashes go; nothing is expanded.
*/
export const splitWords = (line: string): string[] => {
	const words: string[] = [];
	const token = /(?<single>'[^']*')|(?<double>"(?:[^"\\]|\\.)*")|\\(?<escaped>.)|(?<plain>[^\s"'\\]+)|(?<blank>\s+)/gsv;
	let word: string | undefined;
	for (const {groups = {}} of line.matchAll(token)) {
		const {single, double, escaped, plain, blank} = groups;
		if (blank === undefined) {
			word = (word ?? '') + (single?.slice(1, -1) ?? double?.slice(1, -1).replaceAll(/\\(?<kept>["$\\`])/gv, '$<kept>') ?? escaped ?? plain ?? '');
		} else if (word !== undefined) {
			words.push(word);
			word = undefined;
		}
	}

	return word === undefined ? words : [...words, word];
};
