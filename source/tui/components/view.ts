/**
How things are drawn: what every component is given besides the state.
*/
import {glyphsFor, type Glyphs} from '../draw/glyphs.ts';
import type {Row} from '../draw/row.ts';
import {createPaint, type Paint} from '../draw/theme.ts';
import type {Binding} from '../keys/key-map.ts';
import type {LogView} from '../sources/log-view.ts';
import type {State} from '../state/state.ts';

export type View = {
	readonly paint: Paint;
	readonly glyphs: Glyphs;

	/** What ages are counted from. */
	readonly now: Date;
	readonly bindings: readonly Binding[];
	readonly logs: LogView;
};

export const viewOf = ({theme, isAscii, now}: State, {bindings, logs}: Pick<View, 'bindings' | 'logs'>): View => ({
	paint: createPaint(theme), glyphs: glyphsFor(isAscii), now: new Date(now), bindings, logs,
});

/** The content of a pane: all of its rows, or only those in sight. */
export type PaneContent = {
	/** From `firstRow` on. */
	readonly rows: readonly Row[];

	/** Among all rows, the one that the cursor is on. */
	readonly cursor?: number;

	/** How many rows there are in all, and the first that is in `rows`. */
	readonly count: number;
	readonly firstRow: number;

	/** Sentences instead of rows: they are cut to the width of the pane. */
	readonly prose?: readonly string[];

	/** In the upper edge: a filter, what it is sorted by. */
	readonly note?: string;

	/** In the lower edge. */
	readonly footer?: string;
};
