/**
What was given back to Docker.
*/
import type {EjectResult} from '../../actions/eject.ts';
import {formatBytes} from '../output/format.ts';
import type {View} from '../output/view.ts';

export const renderEject = ({
	stack, branch, volumes, restarted, keptIn, originals,
}: EjectResult, {style}: View): string => [
	`Stack ${style.bold(stack)} is plain Docker again, with the data of branch ${style.cyan(branch)}`,
	...volumes.map(({volume, engineVolume, bytes, treeHash}) => `${volume}: ${formatBytes(bytes)} in ${engineVolume}, tree ${treeHash.slice(0, 12)} on both sides`),
	...restarted.length === 0 ? [] : [`Restarted: ${restarted.join(', ')}`],
	...originals.length === 0 ? [] : [`What was there before adoption is still kept: \`docker volume rm ${originals.join(' ')}\` removes it.`],
	keptIn === undefined
		? 'Its history was removed from the pool.'
		: `Its history stays in ${keptIn}: \`coppice init --adopt\` goes on with it, and \`coppice eject --purge\` after that removes it.`,
].join('\n');
