/**
From the words of the command line to an exit code.
*/
import process from 'node:process';
import {CommanderError} from 'commander';
import {CoppiceError} from '../system/errors.ts';
import {commands} from './commands/index.ts';
import {scanGlobalOptions} from './global-options.ts';
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

const reportUsageError = async (error: CommanderError, words: readonly string[]): Promise<number> => {
	const [{describeError, errorToJson, renderError}, {createStyle}] = await Promise.all([import('./report-error.ts'), import('./output/style.ts')]);
	const globals = scanGlobalOptions(words);
	const report = describeError(toUsageError(error));
	const isColor = shouldColor({told: globals.color, environment: process.env, isTerminal: process.stderr.isTTY});
	process.stderr.write(globals.json ? errorToJson(report) : renderError(report, {style: createStyle(isColor)}));
	return report.exitCode;
};

/**
Reads the command line, runs the verb and returns its exit code. Without a verb it prints the help.
*/
export const interpret = async (words: readonly string[]): Promise<number> => {
	let exitCode = 0;
	const dispatch: Dispatch = async (command, globals, input) => {
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

		if (error.code === 'commander.help' && words[0] !== 'help') {
			program.outputHelp();
			return 0;
		}

		return reportUsageError(error, words);
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
