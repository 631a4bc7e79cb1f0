/**
Watches files and folders: told a moment after something changed.
*/
import {existsSync} from 'node:fs';
import path from 'node:path';

export type WatchOptions = {
	readonly signal: AbortSignal;

	/** How many folders below a path are watched too. */
	readonly depth?: number;
};

const nearestFolder = (file: string): string => {
	let folder = path.dirname(file);
	while (!existsSync(folder) && folder !== path.dirname(folder)) {
		folder = path.dirname(folder);
	}

	return folder;
};

const hasFolder = (file: string): boolean => existsSync(path.dirname(file));

type Start = {readonly onChange: () => void; readonly onReady?: () => void; readonly depth: number; readonly signal: AbortSignal};

const start = async (paths: readonly string[], {onChange, onReady, depth, signal}: Start): Promise<void> => {
	const {watch} = await import('chokidar');
	if (paths.length === 0 || signal.aborted) {
		return;
	}

	const watcher = watch([...paths], {ignoreInitial: true, depth, ignorePermissionErrors: true});
	watcher.on('all', onChange);
	if (onReady !== undefined) {
		watcher.on('ready', onReady);
	}

	// One that can't be watched is looked at when something else changes.
	watcher.on('error', () => {});
	signal.addEventListener('abort', () => {
		void watcher.close();
	}, {once: true});
};

/** Waits for the folders of files of which not even that is there. */
const waitForFolders = async (paths: readonly string[], onChange: () => void, {signal, depth}: WatchOptions): Promise<void> => {
	const waiting = new AbortController();
	const nearest = (): string[] => [...new Set(paths.map(file => nearestFolder(file)))];
	const watched = nearest();
	const look = (): void => {
		const isNearer = nearest().some(folder => !watched.includes(folder));
		if (!isNearer || waiting.signal.aborted) {
			return;
		}

		waiting.abort();
		void follow(paths, onChange, {signal, ...(depth !== undefined && {depth})}, onChange);
	};

	await start(watched, {
		onChange: look, onReady: look, depth: 0, signal: AbortSignal.any([signal, waiting.signal]),
	});
};

const follow = async (paths: readonly string[], onChange: () => void, {signal, depth = 0}: WatchOptions, onReady?: () => void): Promise<void> => {
	const there = paths.filter(file => hasFolder(file));
	const missing = paths.filter(file => !hasFolder(file));
	await start(there, {
		onChange, depth, signal, ...(onReady !== undefined && {onReady}),
	});
	if (missing.length > 0) {
		await waitForFolders(missing, onChange, {signal, depth});
	}
};

/**
Calls `onChange` after changes below these paths, which need not be there yet, nor the folders that they are in.
*/
export const watchFiles = async (paths: readonly string[], onChange: () => void, options: WatchOptions): Promise<void> => follow(paths, onChange, options);
