/**
Watches files and folders: told a moment after something changed.
*/

export type WatchOptions = {
	readonly signal: AbortSignal;

	/** How many folders below a path are watched too. */
	readonly depth?: number;
};

/**
Calls `onChange` after changes below these paths, which need not be there yet.
*/
export const watchFiles = async (paths: readonly string[], onChange: () => void, {signal, depth = 0}: WatchOptions): Promise<void> => {
	const {watch} = await import('chokidar');
	if (signal.aborted) {
		return;
	}

	const watcher = watch([...paths], {ignoreInitial: true, depth, ignorePermissionErrors: true});
	watcher.on('all', onChange);

	// One that can't be watched is looked at when something else changes.
	watcher.on('error', () => {});
	signal.addEventListener('abort', () => {
		void watcher.close();
	}, {once: true});
};
