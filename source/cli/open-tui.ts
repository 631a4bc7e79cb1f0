/**
Opens the other face: the terminal UI, for `coppice` without a verb on a terminal.
*/
import process from 'node:process';
import type {TuiOptions} from '../tui/main.ts';
import {CoppiceError} from '../system/errors.ts';
import {hasAsciiLocale} from './output/view.ts';
import type {GlobalOptions} from './verb.ts';

type Tui = {readonly openTui: (options: TuiOptions) => Promise<number>};

/** The name of the terminal UI's file, put in by the build: an ES module, since what it is drawn with can't be anything else. */
declare const tuiFile: string | undefined;

/** Imports a file of the build: given by `launch.ts`. */
declare const importModule: (name: string) => Promise<unknown>;

const loadTui = async (): Promise<Tui> => typeof tuiFile === 'string' ? await importModule(tuiFile) as Tui : import('../tui/main.ts');

/** Whether somebody sits at a terminal that can show it. */
export const canOpenTui = (): boolean => process.stdin.isTTY && process.stdout.isTTY && process.env.TERM !== 'dumb';

/**
@returns The exit code, once it is left.
@throws CoppiceError `not-found` where the folder to start in can't be entered.
*/
export const openTui = async ({directory, color}: GlobalOptions): Promise<number> => {
	if (directory !== undefined) {
		try {
			process.chdir(directory);
		} catch (error) {
			throw new CoppiceError('not-found', `The folder ${directory} can't be entered.`, {hint: 'Check the folder after `-C`.', cause: error});
		}
	}

	const {openTui: open} = await loadTui();
	return open({directory: process.cwd(), isAscii: hasAsciiLocale(process.env), ...(color !== undefined && {color})});
};
