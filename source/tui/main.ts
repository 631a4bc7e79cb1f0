/**
Opens the terminal UI, and returns when it is left.
*/
import {existsSync} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import {findHome, type Home} from '../host/home.ts';
import type {TuiSettings} from '../host/user-settings.ts';
import {describeError} from '../system/describe-error.ts';
import {chooseTheme} from './draw/theme.ts';
import {remap, usualBindings, type Binding} from './keys/key-map.ts';
import {runScreen, sizeOf} from './run-screen.ts';
import {createController} from './sources/controller.ts';
import {initialState} from './state/state.ts';
import {makeStore} from './state/store.ts';
import {drawPlain} from './terminal/draw-plain.ts';
import {drawScreen} from './terminal/draw-screen.ts';

export type TuiOptions = {
	/** Where it was started, or told to: absolute. */
	readonly directory: string;

	/** `false` where colours were switched off on the command line. */
	readonly color?: boolean;

	/** Whether the user's locale has ASCII only. */
	readonly isAscii: boolean;
};

/** The user's settings; what is wrong with them is said once the screen is there. */
const readSettings = async (home: Home): Promise<{readonly settings: TuiSettings; readonly problem?: string}> => {
	// Most have none, and what reads them takes longer to load than all else that the first picture needs.
	if (!existsSync(path.join(home.config, 'config.json'))) {
		return {settings: {}};
	}

	try {
		const {readUserSettings} = await import('../host/user-settings.ts');
		return {settings: readUserSettings(home).tui ?? {}};
	} catch (error) {
		const {message, hint} = describeError(error);
		return {settings: {}, problem: `${message}${hint === undefined ? '' : ` ${hint}`}`};
	}
};

const readBindings = (keys: TuiSettings['keys']): {readonly bindings: readonly Binding[]; readonly problem?: string} => {
	try {
		return {bindings: remap(usualBindings, keys ?? {})};
	} catch (error) {
		return {bindings: usualBindings, problem: describeError(error).message};
	}
};

const problemMilliseconds = 20_000;

/**
@returns The exit code.
*/
export const openTui = async ({directory, color, isAscii}: TuiOptions): Promise<number> => {
	const home = findHome();
	const {settings, problem: settingsProblem} = await readSettings(home);
	const {bindings, problem: keysProblem} = readBindings(settings.keys);
	const problem = settingsProblem ?? keysProblem;
	// The variable is ink's.
	const isPlain = settings.screenReader ?? (process.env.INK_SCREEN_READER === 'true');
	const store = makeStore({
		...initialState({
			terminal: sizeOf(process.stdout),
			theme: color === false ? 'none' : chooseTheme(settings.theme, process.env),
			isAscii: settings.ascii ?? isAscii,
			mouse: !isPlain && (settings.mouse ?? true),
			home: home.state,
			directory,
			now: Date.now(),
		}),
		...(problem !== undefined && {toast: {text: problem, kind: 'bad' as const, until: Date.now() + problemMilliseconds}}),
	});
	const controller = createController({store, home, directory});
	const parts = {bindings, logs: controller.logs};
	return runScreen({
		store, bindings, controller, draw: onCrash => isPlain ? drawPlain({store, parts}) : drawScreen({store, parts, onCrash}),
	});
};
