/**
The rows of a list that are in sight, with the cursor among them.
*/
import {
	emptyRow,
	piece,
	row,
	type Row,
} from '../draw/row.ts';
import {firstShown} from '../draw/viewport.ts';
import {wrapText} from '../draw/wrap-text.ts';
import {cursorIndex, cursorOf, type ListEntry} from '../state/select.ts';
import type {State} from '../state/state.ts';
import type {PaneContent} from './view.ts';

/** Sentences that teach what to do in an empty list. */
export const teach = (...prose: readonly string[]): PaneContent => ({
	rows: [], count: 0, firstRow: 0, prose,
});

/** A content with its sentences as rows. */
export const layProse = (content: PaneContent, width: number): PaneContent => {
	if (content.prose === undefined) {
		return content;
	}

	const rows = content.prose.flatMap(sentence => wrapText(sentence, width)).map(line => line === '' ? emptyRow : row(piece(line, 'dim')));
	return {...content, rows, count: rows.length};
};

/** What a pane says of its filter and order. */
export const listNote = (state: State, list: string): string => [
	...(state.filters[list] ?? '') === '' ? [] : [`/${state.filters[list]!}`],
	...(state.sorts[list] ?? '') === '' ? [] : [`by ${state.sorts[list]!}`],
].join(' ');

/**
One row an entry; only those in sight are made.
*/
export const listContent = <Entry extends ListEntry>(
	state: State,
	list: string,
	entries: readonly Entry[],
	height: number,
	makeRow: (entry: Entry) => Row,
): PaneContent => {
	const cursor = cursorIndex(entries, cursorOf(state, list) ?? (list === 'stacks' ? {id: state.selected, index: 1} : undefined));
	const firstRow = firstShown(cursor, entries.length, height);
	return {
		rows: entries.slice(firstRow, firstRow + height).map(entry => makeRow(entry)),
		count: entries.length,
		firstRow,
		...(entries.length > 0 && {cursor, footer: `${cursor + 1} of ${entries.length}`}),
		note: listNote(state, list),
	};
};
