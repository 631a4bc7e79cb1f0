/**
What `coppice stream` says.
*/
import type {AppliedFile} from '../../actions/stream/apply.ts';
import type {MadeStream} from '../../actions/stream/make.ts';
import type {CheckedStream, measureStream} from '../../actions/stream/read.ts';
import {formatBytes, formatCount, printable} from '../output/format.ts';

/** One line for each kind of thing that is not in the stream or the folder. */
export const leftOutLines = (leftOut: MadeStream['leftOut']): readonly string[] =>
	leftOut.map(({what, path, count}) => `Left out ${formatCount(count, 'time')}: ${what}${path === '' ? '' : ` (first at ${printable(path)})`}.`);

export const renderMade = ({output, bytes, dataBytes}: MadeStream): string =>
	`Wrote ${output}: ${formatBytes(bytes)}, ${formatBytes(dataBytes)} of them content.`;

export const renderChecked = ({name, bytes, base}: CheckedStream): string =>
	`Sound: ${base === undefined ? 'all of' : 'an increment to'} ${printable(name)}, ${formatBytes(bytes)}.`;

export const renderApplied = ({destination, bytes}: AppliedFile): string => `Made ${destination} from ${formatBytes(bytes)}.`;

export const renderStatistics = (statistics: Awaited<ReturnType<typeof measureStream>>): string => {
	const {version, kind, name, uuid, baseUuid, bytes, dataBytes, clonedBytes, commands, filesWritten} = statistics;
	const rows: ReadonlyArray<readonly [string, string]> = [
		['snapshot', `${printable(name)} (${uuid})`],
		['kind', baseUuid === undefined ? kind : `${kind}, based on ${baseUuid}`],
		['version', String(version)],
		['size', `${formatBytes(bytes)}, ${formatBytes(dataBytes)} of them content`],
		['cloned', formatBytes(clonedBytes)],
		['files written', String(filesWritten)],
		...Object.entries(commands).toSorted(([, one], [, two]) => two - one).map(([command, count]) => [command, String(count)] as const),
	];
	return rows.map(([label, value]) => `${label.padEnd(14)} ${value}`).join('\n');
};
