/**
The help of a command: what it is for, then examples, then the rest.
*/
import type {Command, Help, Option} from 'commander';
import {globalOptionsHeading} from './global-options.ts';
import {createStyle} from './output/style.ts';
import type {CommandDescription} from './verb.ts';

const programExamples = [
	{line: 'coppice demo', meaning: 'see the main job on a million rows'},
	{line: 'coppice init && coppice up', meaning: 'take up the compose project of this folder and start it'},
	{line: 'coppice commit -m "Before the migration"', meaning: 'keep one instant of all its data'},
	{line: 'coppice reset', meaning: 'go back to it'},
	{line: 'coppice switch -c experiment', meaning: 'carry on with a copy on a branch of its own'},
];

// Commander takes the colours out again where there are to be none.
const {bold} = createStyle(true);

const exitCodesNote = 'Exit codes: 0 done, 1 failed, 2 usage, 3 not found, 4 host or permission, 5 conflict, 6 precondition, 130 interrupted (docs/cli.md).';

const isGlobal = (option: Option): boolean => option.helpGroupHeading === globalOptionsHeading;

/**
The text. A verb has a description; the program itself has none.
*/
export const formatHelp = (command: Command, helper: Help, description?: CommandDescription): string => {
	const width = helper.helpWidth ?? 80;
	const examples = description?.examples ?? programExamples;
	const options = helper.visibleOptions(command);
	const commands = helper.visibleCommands(command);
	const own = options.filter(option => !isGlobal(option));
	const global = options.filter(option => isGlobal(option));
	const terms = [
		...(description === undefined ? options : own).map(option => helper.optionTerm(option)),
		...commands.map(shown => shown.name()),
		...helper.visibleArguments(command).map(argument => helper.argumentTerm(argument)),
	];
	const termWidth = Math.max(...terms.map(term => term.length));
	const item = (term: string, text: string): string => helper.formatItem(term, termWidth, text, helper);
	const section = (title: string, lines: readonly string[]): string[] => lines.length === 0 ? [] : [bold(title), ...lines, ''];

	const exampleWidth = Math.max(...examples.map(example => example.line.length));
	const toItem = (option: Option): string => item(helper.optionTerm(option), helper.optionDescription(option));

	const groups = [...Map.groupBy(commands, shown => shown.helpGroup() === '' ? 'Help' : shown.helpGroup())];
	const output = [
		helper.boxWrap(helper.commandDescription(command), width),
		'',
		...section('Examples:', examples.map(({line, meaning}) => `  ${line.padEnd(exampleWidth)}  # ${meaning}`)),
		`${bold('Usage:')} ${helper.commandUsage(command)}`,
		'',
		...description?.details === undefined ? [] : [helper.boxWrap(description.details, width), ''],
		...section('Arguments:', helper.visibleArguments(command).map(argument => item(helper.argumentTerm(argument), helper.argumentDescription(argument)))),
		...groups.flatMap(([group, members]) => section(`${group}:`, members.map(shown => item(shown.name(), helper.subcommandDescription(shown))))),
		...section('Options:', own.map(option => toItem(option))),
		...description === undefined
			? section('Global options, before or after the command:', global.map(option => toItem(option)))
			: section('Global options (`coppice --help` describes them):', [
				`  ${global.map(option => option.short ?? option.long).join('  ')}`,
			]),
		helper.boxWrap(exitCodesNote, width),
	];
	return `${output.join('\n')}\n`;
};
