/**
What was pruned, or would be.
*/
import type {PruneResult} from '../../actions/prune.ts';
import {
	firstLine,
	formatAge,
	formatBytes,
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

const renderUnnamed = (unnamed: PruneResult['unnamed'], {style, now}: View): string => renderTable(unnamed.map(({
	volume, snapshot, arrivedAt, bytes,
}) => [
	style.yellow(shortId(snapshot)), style.dim(formatAge(arrivedAt, now)), formatBytes(bytes), volume,
]), {indent: 2});

export const renderPrune = (result: PruneResult, view: View): string => {
	const {
		removed, kept, destroyed, inTrash, abandoned, unnamed, dryRun,
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

	if (unnamed.length > 0) {
		const came = unnamed.length === 1 ? 'a snapshot that came and that no commit names' : `${unnamed.length} snapshots that came and that no commit names`;
		const bytes = unnamed.reduce((sum, each) => sum + each.bytes, 0);
		sentences.push(
			`Of transfers that were given up, ${came} ${dryRun ? 'would be' : (unnamed.length === 1 ? 'was' : 'were')} removed (${formatBytes(bytes)}, shared or not):`,
			renderUnnamed(unnamed, view),
		);
	}

	if (!dryRun && inTrash > 0) {
		sentences.push(`${formatCount(inTrash, 'commit')} in the trash: \`coppice undo\` brings them back, \`coppice prune --now\` destroys them.`);
	}

	return sentences.join('\n');
};
