/**
Runs one verb: goes to its folder, gives it what it works with, and prints its result for people or as JSON.
*/
import path from 'node:path';
import process from 'node:process';
import {CoppiceError, exitCodes} from '../system/errors.ts';
import {watchInterrupts} from './interrupts.ts';
import {toJsonText} from './output/json.ts';
import {openStreams, type Streams} from './output/streams.ts';
import {describeError, errorToJson, renderError} from './report-error.ts';
import type {
	Context,
	GlobalOptions,
	Input,
	Verb,
} from './verb.ts';

const enterFolder = (directory: string | undefined): string => {
	if (directory !== undefined) {
		try {
			process.chdir(directory);
		} catch (error) {
			throw new CoppiceError('not-found', `The folder ${directory} can't be entered.`, {hint: 'Check the folder after `-C`.', cause: error});
		}
	}

	return process.cwd();
};

const createContext = (globals: GlobalOptions, streams: Streams, signal: AbortSignal): Context => {
	const {
		progress, view, outputClosed, print,
	} = streams;
	const {report} = progress;
	const directory = enterFolder(globals.directory);
	const composeFiles = globals.files.length === 0 ? undefined : globals.files.map(file => path.resolve(directory, file));
	return {
		globals,
		directory,
		composeFiles,
		signal,
		outputClosed,
		report,
		view,
		get isInteractive() {
			return streams.isInteractive;
		},
		async openWorkspace() {
			const {openWorkspace} = await import('../actions/workspace/open-workspace.ts');
			return openWorkspace({directory, composeFiles, report});
		},
		print,
		async confirm(confirmation) {
			if (globals.yes) {
				return;
			}

			const {askToConfirm} = await import('./prompt.ts');
			progress.pause();
			await askToConfirm(confirmation, {isInteractive: streams.isInteractive, signal});
			progress.resume();
		},
		async choose(choosing) {
			const {askToChoose} = await import('./prompt.ts');
			progress.pause();
			const chosen = await askToChoose(choosing, {signal});
			progress.resume();
			return chosen;
		},
	};
};

type Printing = {readonly input: Input<object>; readonly isJson: boolean; readonly isQuiet: boolean};

const printResult = <Result>(verb: Verb<object, Result>, result: Result, {view, print}: Streams, {input, isJson, isQuiet}: Printing): void => {
	if (isJson) {
		const json = verb.toJson === undefined ? result : verb.toJson(result);
		if (json !== undefined) {
			print(toJsonText(json));
		}
	} else if (!isQuiet || verb.isData === true) {
		const text = verb.render?.(result, view, input) ?? '';
		if (text !== '') {
			print(text);
		}
	}
};

/** `--stack` as the folder of the project that it names. */
const findStack = async (globals: GlobalOptions): Promise<GlobalOptions> => {
	const {stack, directory} = globals;
	if (stack === undefined) {
		return globals;
	}

	if (directory !== undefined) {
		throw new CoppiceError('usage', '`-C` and `--stack` both say where the project is.', {hint: 'Give one of them.'});
	}

	const {stackFolder} = await import('../actions/hosts/stack-folder.ts');
	return {...globals, directory: await stackFolder(stack)};
};

/**
@returns The exit code. Never throws: a failure is reported on the standard error.
*/
export const runVerb = async <Result>(verb: Verb<object, Result>, globals: GlobalOptions, input: Input<object>): Promise<number> => {
	const streams = openStreams(globals);
	const {progress, say, errorStyle} = streams;
	using interrupts = watchInterrupts(verb.interrupts ?? 'program', message => {
		progress.clear();
		if (!globals.json && !globals.quiet) {
			say(`${message}\n`);
		}
	}, globals.stopAtEof);

	const {signal} = interrupts;
	try {
		const result = await verb.run(createContext(await findStack(globals), streams, signal), input);
		for (const message of verb.notices?.(result) ?? []) {
			progress.report({type: 'notice', message});
		}

		progress.stop();
		printResult(verb, result, streams, {input, isJson: globals.json, isQuiet: globals.quiet});
		return signal.aborted ? exitCodes.interrupted : verb.exitCode?.(result) ?? 0;
	} catch (error) {
		progress.stop();
		const report = describeError(error, signal.aborted);
		say(globals.json ? errorToJson(report, globals) : renderError(report, {style: errorStyle, verbose: globals.verbose}));
		return report.exitCode;
	}
};
