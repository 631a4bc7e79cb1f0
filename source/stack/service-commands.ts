/**
What a service runs: command, entrypoint, and what `x-coppice` says.
*/
import {splitCommand, SplitError} from './split-command.ts';
import type {KeyPath} from './source-tree.ts';
import type {RawService} from './compose-schema.ts';
import type {ServiceView} from './service-view.ts';
import type {ServiceSettings} from './stack.ts';

const splitAt = (view: ServiceView, text: string, keyPath: KeyPath): string[] => {
	try {
		const {words, ignored} = splitCommand(text);
		if (ignored !== undefined) {
			view.context.notice(`${view.describe(keyPath)}: compose starts no shell, so what begins with ${JSON.stringify(ignored.slice(0, 2).trim())} is not a part of the command; write ["sh", "-c", "…"] to use one.`);
		}

		return [...words];
	} catch (error) {
		if (error instanceof SplitError) {
			throw view.error(keyPath, error.message);
		}

		throw error;
	}
};

const splitMasked = (masked: string): readonly string[] => {
	try {
		return splitCommand(masked).words;
	} catch {
		// Its quotes may come from a value that is left out here.
		return [masked];
	}
};

export type CommandLine = {
	readonly words: readonly string[];

	/** With variables as written, where it uses any. */
	readonly written?: readonly string[];
};

export const readCommandLine = (view: ServiceView, key: 'command' | 'entrypoint', value: RawService['command'] = view.raw[key]): CommandLine | undefined => {
	if (value === undefined) {
		return undefined;
	}

	if (Array.isArray(value)) {
		const written = value.map((item, index) => view.masked([key, index]) ?? String(item));
		const isUsesVariables = value.some((_item, index) => view.masked([key, index]) !== undefined);
		return {words: value.map(String), ...(isUsesVariables && {written})};
	}

	const masked = view.masked([key]);
	return {words: splitAt(view, value, [key]), ...(masked !== undefined && {written: splitMasked(masked)})};
};

export const readSettings = (view: ServiceView): ServiceSettings => {
	const raw = view.raw['x-coppice'];
	if (raw === undefined) {
		return {};
	}

	const {process: own, database} = raw;
	const keyPath = ['x-coppice', 'process', 'command'];
	const command = own === undefined ? [] : (typeof own.command === 'string' ? splitAt(view, own.command, keyPath) : own.command.map(String));
	if (own !== undefined && (command.length === 0 || command[0] === '')) {
		throw view.error(keyPath, 'is empty');
	}

	return {
		...(own !== undefined && {
			process: {
				command,
				...(own.user !== undefined && {user: String(own.user)}),
				...(own.working_dir !== undefined && {workingDirectory: view.resolvePath(own.working_dir, ['x-coppice', 'process', 'working_dir'])}),
			},
		}),
		...(database !== undefined && {database}),
	};
};
