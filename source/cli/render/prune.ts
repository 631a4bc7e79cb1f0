/**
What was pruned, or would be.
*/
import type {PruneResult} from '../../actions/prune.ts';
import {
	firstLine,
	formatAge,
	formatCount,
	shortId,
} from '../output/format.ts';
import {renderTable} from '../output/table.ts';
import type {View} from '../output/view.ts';

type RemovedCommit = PruneResult['removed'][number];

/** One line a commit: id, age, message. */
export const renderRemoved = (removed: readonly RemovedCommit[], {style, now}: View, indent = 2): string =>
	renderTable(removed.map(({
		id, message, time, kind,
	}) => [
		style.yellow(shortId(id)),
		style.dim(formatAge(time, now)),
		kind === 'safety' ? style.dim('safety') : '',
		firstLine(message),
	]), {indent});

export const renderPrune = (result: PruneResult, view: View): string => {
	const {
		removed, kept, destroyed, inTrash, abandoned, dryRun,
	} = result;
	const sentences = removed.length === 0
		? [`Nothing ${dryRun ? 'would be' : 'was'} removed; ${formatCount(kept.length, 'commit')} kept.`]
		: [`${formatCount(removed.length, 'commit')} ${dryRun ? 'would be removed' : 'removed'}, ${kept.length} kept:`, renderRemoved(removed, view)];
	if (destroyed > 0) {
		sentences.push(`${formatCount(destroyed, 'snapshot')} ${dryRun ? 'would be destroyed' : 'destroyed; their space comes free within some seconds'}.`);
	}

	if (abandoned > 0) {
		sentences.push(`What had come of ${formatCount(abandoned, 'transfer')} that ${abandoned === 1 ? 'was' : 'were'} cut long ago ${dryRun ? 'would be removed' : 'was removed'}.`);
	}

	if (!dryRun && inTrash > 0) {
		sentences.push(`${formatCount(inTrash, 'commit')} in the trash: \`coppice undo\` brings them back, \`coppice prune --now\` destroys them.`);
	}

	return sentences.join('\n');
};
