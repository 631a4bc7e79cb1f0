/**
From the words of the command line to an exit code.
*/
import process from 'node:process';
import {CommanderError, type Command} from 'commander';
import {CoppiceError} from '../system/errors.ts';
import {commands} from './commands/index.ts';
import {mergeGlobalOptions, scanGlobalOptions} from './global-options.ts';
import {shouldColor} from './output/style.ts';
import {createProgram, type Dispatch} from './program.ts';

/**
Commander's complaint as an error of ours: its second line, if any, suggests what was meant.
*/
export const toUsageError = (error: CommanderError): CoppiceError => {
	if (error.code === 'commander.help') {
		return new CoppiceError('usage', 'There is no such command.', {hint: 'Run `coppice --help` for a list.'});
	}

	const [first = '', suggestion] = error.message.replace(/^error: /v, '').split('\n', 2);
	const message = `${first.charAt(0).toUpperCase()}${first.slice(1)}${first.endsWith('.') ? '' : '.'}`;
	return new CoppiceError('usage', message, {
		hint: suggestion === undefined ? 'Add `--help` to see what can be given.' : suggestion.replace(/^\((?<text>.*)\)$/v, '$<text>'),
	});
};

const reportUsageError = async (error: CommanderError, words: readonly string[]): Promise<number> => reportError(toUsageError(error), words);

/** Prints what has failed before there was a verb. */
const reportError = async (error: unknown, words: readonly string[]): Promise<number> => {
	const [{describeError, errorToJson, renderError}, {createStyle}] = await Promise.all([import('./report-error.ts'), import('./output/style.ts')]);
	const globals = scanGlobalOptions(words);
	const report = describeError(error);
	const isColor = shouldColor({told: globals.color, environment: process.env, isTerminal: process.stderr.isTTY});
	process.stderr.write(globals.json ? errorToJson(report) : renderError(report, {style: createStyle(isColor)}));
	return report.exitCode;
};

/** Without a verb: the terminal UI where there is a terminal for it, else the help. */
const withoutVerb = async (program: Command, words: readonly string[]): Promise<number> => {
	const {canOpenTui, openTui} = await import('./open-tui.ts');
	if (!canOpenTui() || scanGlobalOptions(words).json) {
		program.outputHelp();
		return 0;
	}

	try {
		return await openTui(mergeGlobalOptions(program.opts(), {}));
	} catch (error) {
		return reportError(error, words);
	}
};

/**
Reads the command line, runs the verb and returns its exit code. Without a verb it opens the terminal UI, or prints the help where there is no
terminal.
*/
export const interpret = async (words: readonly string[]): Promise<number> => {
	let exitCode = 0;
	const dispatch: Dispatch = async (command, globals, input, line) => {
		if (globals.host !== undefined) {
			const [{runVerb}, {createHostVerb}] = await Promise.all([import('./run-verb.ts'), import('./run-on-host.ts')]);
			exitCode = await runVerb(createHostVerb(command, globals, line), {
				...globals, host: undefined, stack: undefined, directory: undefined,
			}, input);
			return;
		}

		const [{runVerb}, {verb}] = await Promise.all([import('./run-verb.ts'), command.load()]);
		exitCode = await runVerb(verb, globals, input);
	};

	const program = createProgram(commands, {dispatch, words});
	try {
		await program.parseAsync([...words], {from: 'user'});
		return exitCode;
	} catch (error) {
		if (!(error instanceof CommanderError)) {
			throw error;
		}

		if (error.exitCode === 0) {
			return 0;
		}

		return error.code === 'commander.help' && words[0] !== 'help' ? withoutVerb(program, words) : reportUsageError(error, words);
	}
};

/**
Runs the program and ends the process: a verb that has returned is done, whatever it has left open.
*/
export const runCli = async (): Promise<void> => {
	const exitCode = await interpret(process.argv.slice(2));

	// Pipes and files are written synchronously on Linux, so nothing is cut off here.
	// eslint-disable-next-line unicorn/no-process-exit -- This is the end of the program.
	process.exit(exitCode);
};
