/**
The command line as commander reads it, made from the descriptions of the verbs.
*/
import process from 'node:process';
import {Argument, Command, Option} from 'commander';
import {version} from '../system/version.ts';
import {
	globalOptionDescriptions,
	globalOptionsHeading,
	mergeGlobalOptions,
	scanGlobalOptions,
} from './global-options.ts';
import {formatHelp} from './help.ts';
import {shouldColor} from './output/style.ts';
import type {
	ArgumentDescription,
	CommandDescription,
	GlobalOptions,
	Input,
	OptionDescription,
} from './verb.ts';

/**
@param words - The command line of the verb in one form, whatever way it was typed in, without the global options: for another host.
*/
export type Dispatch = (command: CommandDescription, globals: GlobalOptions, input: Input<object>, words: readonly string[]) => Promise<void>;

export type ProgramOptions = {
	/** Runs a verb that was read. Without it, lines are only read. */
	readonly dispatch?: Dispatch;

	/** The words that will be read: verbs that are not among them get no options, which saves time. All verbs do without this. */
	readonly words?: readonly string[];

	/** How help is drawn; as the standard output can do it unless told. */
	readonly columns?: number;
	readonly hasColor?: boolean;
};

const createArgument = ({syntax, description, choices}: ArgumentDescription): Argument => {
	const argument = new Argument(syntax, description);
	return choices === undefined ? argument : argument.choices(choices);
};

const createOption = ({
	flags, description, choices, parse, repeatable, hidden = false,
}: OptionDescription): Option => {
	const option = new Option(flags, description).hideHelp(hidden);
	if (choices !== undefined) {
		option.choices(choices);
	}

	if (repeatable === true) {
		option.argParser((value: string, previous: readonly string[] | undefined) => [...previous ?? [], value]);
	} else if (parse !== undefined) {
		option.argParser(parse);
	}

	return option;
};

/**
Adds the global options, without the short forms that the verb has for something of its own (`logs -f`).
*/
const addGlobalOptions = (command: Command): void => {
	const taken = new Set(command.options.map(option => option.short));
	for (const description of globalOptionDescriptions) {
		const option = createOption(description);
		command.addOption((option.short !== undefined && taken.has(option.short)
			? createOption({...description, flags: description.flags.replace(/^-\w, /v, '')})
			: option).helpGroup(globalOptionsHeading));
	}
};

/** As much of a verb as the list of commands shows. */
const nameVerb = (program: Command, {name, summary, group, hidden = false}: CommandDescription): Command =>
	program.command(name, {hidden}).helpGroup(group).summary(summary).description(summary);

/**
Collects the options of a verb as they are read, with the values that were typed. Global options are not among them yet.
*/
const collectOptions = (command: Command): string[] => {
	const given: string[] = [];
	for (const option of command.options) {
		command.on(`option:${option.name()}`, (value?: string | null) => {
			const flag = option.long ?? option.short ?? '';
			given.push(value === undefined || value === null ? flag : `${flag}=${value}`);
		});
	}

	return given;
};

const addVerb = (program: Command, description: CommandDescription, dispatch: Dispatch | undefined): void => {
	const command = nameVerb(program, description);
	for (const argument of description.arguments ?? []) {
		command.addArgument(createArgument(argument));
	}

	for (const option of description.options ?? []) {
		command.addOption(createOption(option));
	}

	const given = collectOptions(command);
	addGlobalOptions(command);
	command.passThroughOptions(description.passThrough ?? false);
	command.configureHelp({formatHelp: (shown, helper) => formatHelp(shown, helper, description)});
	command.action(async () => {
		const options = command.opts();
		const globals = mergeGlobalOptions(program.opts(), options);
		const words = [description.name, ...given, ...command.args.length === 0 ? [] : ['--', ...command.args]];
		await dispatch?.(description, globals, {arguments: command.args, options}, words);
	});
};

/**
Commander throws `CommanderError` for what it can't read, and for help and version once they are printed.
*/
export const createProgram = (commands: readonly CommandDescription[], {
	dispatch, words, columns, hasColor,
}: ProgramOptions = {}): Command => {
	const program = new Command('coppice')
		.description('Commit, branch and reset compose stacks with their databases inside.')
		.version(version, '-V, --version', 'print the version')
		.helpOption('-h, --help', 'print this help')
		.enablePositionalOptions()
		.exitOverride()
		.configureOutput({
			// Errors are printed in one place, as text or JSON.
			writeErr() {/* Said by the error that is thrown. */},
			getOutHelpWidth: () => columns ?? process.stdout.columns,
			getOutHasColors: () => hasColor ?? shouldColor({
				told: scanGlobalOptions(process.argv.slice(2)).color, environment: process.env, isTerminal: process.stdout.isTTY,
			}),
		})
		.configureHelp({formatHelp: (shown, helper) => formatHelp(shown, helper)});
	program.helpCommand('help [command]', 'Print the help of a command.');
	addGlobalOptions(program);
	for (const command of commands) {
		if (words === undefined || words.includes(command.name)) {
			addVerb(program, command, dispatch);
		} else {
			nameVerb(program, command);
		}
	}

	return program;
};
