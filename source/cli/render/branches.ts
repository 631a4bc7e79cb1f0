/**
The branches of a stack, with what each takes on disk.
*/
import type {BranchEntry} from '../../actions/branch.ts';
import {
	firstLine,
	formatAge,
	formatBytes,
	shortId,
} from '../output/format.ts';
import {renderTable} from '../output/table.ts';
import type {View} from '../output/view.ts';

export const renderBranches = (branches: readonly BranchEntry[], {style, now}: View): string =>
	renderTable(branches.map(({
		name, current, commit, message, time, changed, sharedBytes, ownBytes,
	}) => [
		current ? style.green('*') : ' ',
		current ? style.green(style.bold(name)) : name,
		commit === null ? style.dim('no commit') : style.yellow(shortId(commit)),
		`${formatBytes(sharedBytes)} shared`,
		`${formatBytes(ownBytes)} own`,
		changed ? style.yellow('changed') : '',
		time === undefined ? '' : style.dim(formatAge(time, now)),
		firstLine(message ?? ''),
	]), {alignRight: [3, 4]});
