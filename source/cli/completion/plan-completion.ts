/**
Works out what the last word of a command line can be, from the descriptions of the verbs alone. Nothing is read or run.
*/
import {globalOptionDescriptions} from '../global-options.ts';
import type {CommandDescription, Completes, OptionDescription} from '../verb.ts';

export type Candidate = {readonly value: string; readonly description?: string};

export type CompletionPlan = {
	/** What is known already. */
	readonly candidates: readonly Candidate[];

	/** What has to be looked up, and put after `prefix` (`--file=`). */
	readonly completes?: Completes;
	readonly prefix: string;

	/** What the candidates have to start with, `prefix` included. */
	readonly current: string;

	/** What was said so far of the stack to look in. */
	readonly directory?: string;
	readonly files: readonly string[];
};

type FlagParts = {readonly short?: string; readonly long?: string; readonly takesValue: boolean};

const partsOf = ({flags}: OptionDescription): FlagParts => ({
	short: /(?:^|\s)(?<short>-\w)(?:,|\s|$)/v.exec(flags)?.groups?.short,
	long: /(?<long>--[\w\-]+)/v.exec(flags)?.groups?.long,
	takesValue: /[<\[]/v.test(flags),
});

const findOption = (options: readonly OptionDescription[], word: string): OptionDescription | undefined => options.find(option => {
	const {short, long} = partsOf(option);
	return word === short || word === long;
});

/** Verb's own options hide global ones of the same short form (`logs -f`). */
const optionsOf = (command: CommandDescription | undefined): readonly OptionDescription[] => [...command?.options ?? [], ...globalOptionDescriptions];

const optionCandidates = (options: readonly OptionDescription[]): Candidate[] => [
	...options.flatMap(option => {
		const {long} = partsOf(option);
		return long === undefined || option.hidden === true ? [] : [{value: long, description: option.description}];
	}),
	{value: '--help', description: 'print the help'},
];

const choicesOf = ({choices = []}: {readonly choices?: readonly string[]}, prefix = ''): Candidate[] => choices.map(choice => ({value: `${prefix}${choice}`}));

type Scan = {
	/** The verb, `help`, a word that is none, or nothing yet. */
	command?: CommandDescription | 'help' | 'unknown';

	/** An option that still needs its value. */
	pending?: OptionDescription;

	/** How many arguments the verb has got. */
	positions: number;

	/** Whether words that look like options are arguments from here on. */
	isOnlyArguments: boolean;
	directory?: string;
	readonly files: string[];
};

const verbOf = ({command}: Scan): CommandDescription | undefined => typeof command === 'object' ? command : undefined;

const takeValue = (scan: Scan, option: OptionDescription, value: string): void => {
	if (option.completes === 'folders' && option.flags.startsWith('-C,')) {
		scan.directory = value;
	} else if (option.flags.includes('--file ')) {
		scan.files.push(value);
	}
};

/** `--driver=zfs` as its two parts; the second is absent where there is no `=`. */
const splitOption = (word: string): readonly [name: string, value: string | undefined] => {
	const index = word.indexOf('=');
	return index === -1 ? [word, undefined] : [word.slice(0, index), word.slice(index + 1)];
};

const scanOption = (scan: Scan, word: string): void => {
	const [name, value] = splitOption(word);
	const option = findOption(optionsOf(verbOf(scan)), name);
	if (option === undefined || !partsOf(option).takesValue) {
		return;
	}

	if (value === undefined) {
		scan.pending = option;
	} else {
		takeValue(scan, option, value);
	}
};

const scanArgument = (scan: Scan, word: string, commands: readonly CommandDescription[]): void => {
	if (scan.command === undefined) {
		scan.command = word === 'help' ? 'help' : commands.find(({name}) => name === word) ?? 'unknown';
	} else {
		scan.positions++;
		scan.isOnlyArguments ||= verbOf(scan)?.passThrough === true;
	}
};

const scanWords = (words: readonly string[], commands: readonly CommandDescription[]): Scan => {
	const scan: Scan = {positions: 0, isOnlyArguments: false, files: []};
	for (const word of words) {
		if (scan.pending !== undefined) {
			takeValue(scan, scan.pending, word);
			scan.pending = undefined;
		} else if (word === '--') {
			scan.isOnlyArguments = true;
		} else if (word !== '-' && !scan.isOnlyArguments && word.startsWith('-')) {
			scanOption(scan, word);
		} else {
			scanArgument(scan, word, commands);
		}
	}

	return scan;
};

type Offer = Pick<CompletionPlan, 'candidates'> & Partial<Pick<CompletionPlan, 'completes' | 'prefix'>>;

const offerOption = (options: readonly OptionDescription[], current: string): Offer => {
	const [name, value] = splitOption(current);
	const option = value === undefined ? undefined : findOption(options, name);
	return option === undefined
		? {candidates: optionCandidates(options)}
		: {candidates: choicesOf(option, `${name}=`), completes: option.completes, prefix: `${name}=`};
};

const offerArgument = ({arguments: all = []}: CommandDescription, position: number): Offer => {
	const last = all.at(-1);
	const argument = all[position] ?? (last?.syntax.includes('...') === true ? last : undefined);
	return argument === undefined ? {candidates: []} : {candidates: choicesOf(argument), completes: argument.completes};
};

const offer = (scan: Scan, current: string, commands: readonly CommandDescription[]): Offer => {
	if (scan.pending !== undefined) {
		return {candidates: choicesOf(scan.pending), completes: scan.pending.completes};
	}

	if (scan.command === 'unknown') {
		return {candidates: []};
	}

	if (!scan.isOnlyArguments && current.startsWith('-')) {
		return offerOption(optionsOf(verbOf(scan)), current);
	}

	const verb = verbOf(scan);
	if (verb !== undefined) {
		return offerArgument(verb, scan.positions);
	}

	const verbs = commands.map(({name, summary}) => ({value: name, description: summary}));
	return {candidates: scan.command === 'help' ? verbs : [...verbs, {value: 'help', description: 'Print the help of a command.'}]};
};

/**
What the last of the words (maybe empty) can be; the command itself is not among them.
*/
export const planCompletion = (words: readonly string[], commands: readonly CommandDescription[]): CompletionPlan => {
	const current = words.at(-1) ?? '';
	const visible = commands.filter(command => command.hidden !== true);
	const scan = scanWords(words.slice(0, -1), visible);
	return {
		prefix: '', ...offer(scan, current, visible), current, directory: scan.directory, files: scan.files,
	};
};
