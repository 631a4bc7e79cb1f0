/**
What adopting is going to do, what it did, and what was dropped.
*/
import type {AdoptionResult} from '../../actions/adopt.ts';
import type {DropResult, Original} from '../../actions/drop-originals.ts';
import {formatBytes, formatDuration} from '../output/format.ts';
import type {View} from '../output/view.ts';

export const renderAdoption = ({adopted, commit, restarted, readyMilliseconds}: AdoptionResult, {style}: View): string => [
	...adopted.map(({volume, bytes, keptAs, treeHash}) =>
		`Adopted ${style.bold(volume)}: ${formatBytes(bytes)}${treeHash === undefined ? '' : `, tree ${treeHash.slice(0, 12)} on both sides`}${
			keptAs === undefined ? '' : `; original kept as ${keptAs}`}`),
	...commit === undefined ? [] : [`Committed as ${style.yellow(commit.slice(0, 8))}: "adopted from Docker"`],
	...restarted.length === 0 ? [] : [`Restarted: ${restarted.join(', ')}, ready after ${formatDuration(readyMilliseconds)}`],
	...adopted.some(({keptAs}) => keptAs !== undefined) ? ['When all is well: `coppice init --drop-originals` frees the space of the originals.'] : [],
].join('\n');

/** A line for each original, for whoever has to confirm. */
export const describeOriginals = (originals: readonly Original[]): string[] =>
	originals.map(({engineVolume, bytes, volume, keptSince}) =>
		`the Docker volume ${engineVolume}: ${formatBytes(bytes)}, what ${volume} was ${keptSince === undefined ? 'before it was taken over' : `until ${keptSince}`}`);

export const renderDropped = ({dropped}: DropResult): string => dropped.length === 0
	? 'There are no originals to drop.'
	: [`Dropped ${formatBytes(dropped.reduce((sum, {bytes}) => sum + bytes, 0))}:`, ...describeOriginals(dropped).map(line => `  ${line}`)].join('\n');
