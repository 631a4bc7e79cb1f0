/**
The user's own settings: `config.json` in the home's config folder, below what the project and the command line say.
*/
import path from 'node:path';
import Conf from 'conf';
import {z} from 'zod';
import {readIfThereSync} from '../system/durable-file.ts';
import {CoppiceError} from '../system/errors.ts';
import type {RuntimeName} from '../stack/stack.ts';
import type {DriverName} from '../storage/driver.ts';
import type {Home} from './home.ts';

export type UserSettings = {
	/** The folder of the pool for new stacks. */
	readonly pool?: string;

	/** The storage driver of a pool that has to be made. */
	readonly driver?: DriverName;
	readonly runtime?: RuntimeName;

	/** What `coppice prune` keeps where it is not told. */
	readonly keep?: string;
	readonly tui?: TuiSettings;
};

/**
How the terminal UI looks and which keys it has.
*/
export type TuiSettings = {
	readonly theme?: 'dark' | 'light' | 'contrast' | 'none';
	readonly mouse?: boolean;

	/** Lines and signs of ASCII only. */
	readonly ascii?: boolean;

	/** Prints what changes as plain lines, for a screen reader. */
	readonly screenReader?: boolean;

	/** Keys of actions: `"undo": "ctrl-z"` or `"branches:branch.delete": ["x", "delete"]`. */
	readonly keys?: Readonly<Record<string, string | readonly string[]>>;
};

const fileOf = (home: Home): string => path.join(home.config, 'config.json');

const keys = z.union([z.string(), z.array(z.string())]);

const tui = z.strictObject({
	theme: z.enum(['dark', 'light', 'contrast', 'none']),
	mouse: z.boolean(),
	ascii: z.boolean(),
	screenReader: z.boolean(),
	keys: z.record(z.string(), keys),
});

/** As zod has it: the validator that comes with conf takes 50 ms to compile its own schema, in every process that reads settings. */
const schema = z.strictObject({
	pool: z.string(),
	driver: z.enum(['btrfs', 'zfs', 'directory']),
	runtime: z.enum(['process', 'docker']),
	keep: z.string(),
	tui: tui.partial(),
}).partial();

const parse = (home: Home): UserSettings => {
	const {store} = new Conf<Record<string, unknown>>({cwd: home.config, configName: 'config', projectName: 'coppice'});
	const read = schema.safeParse(store);
	if (read.success) {
		return read.data;
	}

	const [issue] = read.error.issues;
	const place = (issue?.path ?? []).join('.');
	throw new Error(`${place === '' ? '' : `${place}: `}${issue?.message ?? 'it is not right'}`);
};

/** What each file said when it was read last: an agent asks at every call. */
const known = new Map<string, {readonly text: string; readonly settings: UserSettings}>();

/**
None where the file is not there.

@throws CoppiceError `usage` naming the file and the key that is wrong.
*/
export const readUserSettings = (home: Home): UserSettings => {
	const file = fileOf(home);
	try {
		const text = readIfThereSync(file);
		if (text === undefined) {
			return {};
		}

		const before = known.get(file);
		if (before?.text === text) {
			return before.settings;
		}

		const settings = parse(home);
		known.set(file, {text, settings});
		return settings;
	} catch (error) {
		throw new CoppiceError('usage', `The settings in ${file} can't be used: ${error instanceof Error ? error.message : String(error)}`, {
			file, hint: 'Correct the file or remove it. It may say `pool`, `driver`, `runtime`, `keep` and `tui`.', cause: error,
		});
	}
};
