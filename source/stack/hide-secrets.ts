/**
Takes secrets out of what goes into a commit, which is readable with `cat` and goes to other hosts. Nothing here does I/O.
*/

/** Options of servers and clients that take a password as their value. */
const secretOption = /^-[\w\-]*(?:pass(?:word|wd|phrase)?|requirepass|masterauth|secret|token|api-?key)$/iv;
const secretAssignment = /^(?<name>[\w\-.]*(?:pass|requirepass|masterauth|secret|token|api-?key)[\w\-]*[:=])(?<value>.+)$/iv;
export const secretName = /pass|secret|token|key|auth|credential/iv;
const variable = /^\$\{\w+\}$/v;
/** Stands for what was taken out. */
export const hidden = '***';

/**
A command without the secrets that stand in it: the values of options for passwords, passwords in addresses, and values of the
service's own secret-looking variables.
*/
export const hideSecrets = (words: readonly string[], environment: Readonly<Record<string, string>>): readonly string[] => {
	const values = Object.entries(environment)
		.filter(([name, value]) => value.length >= 4 && secretName.test(name))
		.map(([, value]) => value)
		.toSorted((a, b) => b.length - a.length);
	return words.map((word, index) => {
		const before = words[index - 1];
		if (before !== undefined && secretOption.test(before) && !variable.test(word)) {
			return hidden;
		}

		let text = word
			.replace(secretAssignment, (whole, name: string, value: string) => variable.test(value) ? whole : `${name}${hidden}`)
			.replaceAll(/(?<=:\/\/[^\s\/:@]*:)[^\s\/@]+(?=@)/gv, secret => variable.test(secret) ? secret : hidden)
			.replaceAll(/(?<=(?:requirepass|masterauth|password)[ =]["']?)(?!\$\{)[^\s"']+/giv, () => hidden);
		// The first word is the program, which may well be called as its password is.
		for (const value of index === 0 ? [] : values) {
			text = text.split(value).join(hidden);
		}

		return text;
	});
};
