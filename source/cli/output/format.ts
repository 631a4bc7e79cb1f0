/**
Sizes, times, ports and ids as people read them: what the command line takes from where the other face finds it too.
*/
export {formatPort} from '../../stack/format-port.ts';
export {
	firstLine,
	formatAge,
	formatBytes,
	formatCount,
	formatDuration,
	printable,
	shortId,
} from '../../system/format.ts';
