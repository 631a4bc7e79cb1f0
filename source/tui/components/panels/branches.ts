/**
The branches of the stack, with remote ones below.
*/
import {formatAge, formatBytes} from '../../../system/format.ts';
import {piece, row, type Row} from '../../draw/row.ts';
import {branchEntries, selectedStack, type BranchEntry} from '../../state/select.ts';
import type {State} from '../../state/state.ts';
import {listContent, teach} from '../list-content.ts';
import type {PaneContent, View} from '../view.ts';

/** Without the words that take room: `2 h`. */
export const shortAge = (time: string, now: Date): string => formatAge(time, now)
	.replace(/^just | ago$/v, '')
	.replace(/^(?<count>\d+) (?<unit>month|[a-z])[a-z]*$/v, (_, count: string, unit: string) => `${count}${unit === 'month' ? 'mo' : unit}`);

const branchRow = ({name, isCurrent, isRemote, tip, time, changed, ownBytes}: BranchEntry, {now}: View): Row => ({
	...row(
		isCurrent ? piece('* ', 'good') : '  ',
		piece(name, isRemote ? 'remote' : (isCurrent ? 'branch' : 'text')),
		changed === true ? piece(' changed', 'warning') : undefined,
		tip === null ? piece(' no commit yet', 'dim') : undefined,
	),
	right: [piece([...ownBytes === undefined ? [] : [formatBytes(ownBytes)], ...time === undefined ? [] : [shortAge(time, now)]].join(' '), 'dim')],
});

export const branchesContent = (state: State, view: View, height: number): PaneContent => {
	const entries = branchEntries(state);
	return entries.length === 0 && (state.filters.branches ?? '') === ''
		? teach(selectedStack(state)?.detail === undefined ? '' : 'No branches.')
		: listContent(state, 'branches', entries, height, entry => branchRow(entry, view));
};
