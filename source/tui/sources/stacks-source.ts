/**
Keeps the list of this host's stacks true: read at the start, and when a project is taken up or given back or switches its branch.
*/
import path from 'node:path';
import {findStackFolder, listKnownStacks, type KnownStack} from '../../actions/list-stacks.ts';
import type {Home} from '../../host/home.ts';
import {describeError} from '../../system/describe-error.ts';
import {localHost, type StackView} from '../state/state.ts';
import type {Store} from '../state/store.ts';
import {putStacks} from '../state/update.ts';
import {watchFiles} from '../../system/watch-files.ts';
import {coalesce} from './coalesce.ts';

export const stackId = (host: string, folder: string): string => `${host}:${folder}`;

const toView = ({name, folder, runtime, composeFiles, branch, history, problem}: KnownStack): StackView => ({
	id: stackId(localHost, folder),
	host: localHost,
	name,
	folder,
	runtime,
	isUntaken: history === undefined,
	...(composeFiles !== undefined && {composeFiles}),
	...(branch !== undefined && {branch}),
	...(problem !== undefined && {problem}),
});

export type StacksSource = {
	/** Reads the list again; `wanted` is the folder of the stack to select, where none is. */
	refresh(wanted?: string): Promise<void>;
	stop(): void;
};

export const createStacksSource = ({store, home, directory}: {readonly store: Store; readonly home: Home; readonly directory: string}): StacksSource => {
	const controller = new AbortController();
	let watched: {readonly key: string; readonly controller: AbortController} | undefined;

	const watchHeads = (stacks: readonly KnownStack[]): void => {
		const folders = stacks.flatMap(({history}) => history === undefined ? [] : [path.join(history, 'HEAD')]);
		const key = folders.join('\0');
		if (watched?.key === key) {
			return;
		}

		watched?.controller.abort();
		const inner = new AbortController();
		watched = {key, controller: inner};
		void watchFiles(folders, () => {
			again.ask();
		}, {signal: AbortSignal.any([controller.signal, inner.signal])});
	};

	const refresh = async (wanted?: string): Promise<void> => {
		try {
			const stacks = await listKnownStacks(home, directory);
			const folder = wanted ?? await findStackFolder(home, directory) ?? directory;
			store.setState(putStacks(stacks.map(stack => toView(stack)), stackId(localHost, folder)));
			watchHeads(stacks);
		} catch (error) {
			const {message, hint} = describeError(error);
			store.setState(({hosts}) => ({
				isLoaded: true,
				hosts: hosts.map(host => host.name === localHost ? {...host, problem: {message, ...(hint !== undefined && {hint})}} : host),
			}));
		}
	};

	const again = coalesce(async () => refresh(), 100);
	void watchFiles([path.join(home.state, 'projects')], () => {
		again.ask();
	}, {signal: controller.signal});
	return {
		refresh,
		stop() {
			controller.abort();
			watched?.controller.abort();
			again.stop();
		},
	};
};
