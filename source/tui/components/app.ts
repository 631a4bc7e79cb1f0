/**
The whole screen as a React element. Everything is drawn by pure functions of the state; React and ink put it on the terminal.
*/
import {Box, Text} from 'ink';
import {createElement as h, memo, type ReactElement} from 'react';
import {useStore} from 'zustand';
import {toAscii} from '../draw/glyphs.ts';
import {computeLayout, leastSize, type Box as PaneBox} from '../state/layout.ts';
import type {State} from '../state/state.ts';
import type {Store} from '../state/store.ts';
import {
	barLine,
	headerRow,
	hintRow,
	trayRow,
} from './bars.ts';
import {overlayOf} from './modals.ts';
import {paneLines} from './pane.ts';
import {viewOf, type View} from './view.ts';

/** A line that is drawn again only when it is another. */
const Line = memo(({text}: {readonly text: string}) => h(Text, {wrap: 'truncate'}, text));

type LinesProps = {readonly lines: readonly string[]; readonly width: number; readonly isAscii: boolean};

const Lines = ({lines, width, isAscii}: LinesProps): ReactElement =>
	h(Box, {flexDirection: 'column', width, flexShrink: 0}, lines.map((text, index) => h(Line, {key: index, text: isAscii ? toAscii(text) : text})));

/** The panes that stand in one column, one above the other. */
const Column = ({boxes, state, view}: {readonly boxes: readonly PaneBox[]; readonly state: State; readonly view: View}): ReactElement =>
	h(Lines, {width: boxes[0]?.width ?? 0, lines: boxes.flatMap(box => paneLines(state, view, box)), isAscii: state.isAscii});

/** What is shown where nothing else fits. */
const Notice = ({columns, rows}: State['terminal']): ReactElement =>
	h(Box, {width: columns, height: rows, flexDirection: 'column'}, h(Text, {wrap: 'wrap'}, `The terminal is too small (${columns}×${rows}): at least ${leastSize.columns}×${leastSize.rows}.`));

export type ScreenProps = {readonly state: State; readonly view: View};

/** The screen for a state. */
export const Screen = ({state, view}: ScreenProps): ReactElement => {
	const {columns, rows} = state.terminal;
	const layout = computeLayout(state);
	if (layout.mode === 'tiny') {
		return h(Notice, state.terminal);
	}

	const byColumn = Map.groupBy(layout.boxes, ({column}) => column);
	const overlay = overlayOf(state, view);
	return h(
		Box,
		{width: columns, height: rows, flexDirection: 'column'},
		h(Lines, {lines: [barLine(headerRow(state, layout, view), columns, view)], width: columns, isAscii: state.isAscii}),
		h(Box, {flexDirection: 'row', flexShrink: 0}, [...byColumn].map(([column, boxes]) => h(Column, {
			key: column, boxes, state, view,
		}))),
		h(Lines, {lines: [barLine(trayRow(state, view), columns, view), barLine(hintRow(state, view), columns, view)], width: columns, isAscii: state.isAscii}),
		overlay === undefined
			? null
			: h(
				Box,
				{position: 'absolute', marginLeft: overlay.column, marginTop: overlay.line},
				h(Lines, {lines: overlay.lines, width: columns - overlay.column, isAscii: state.isAscii}),
			),
	);
};

/** The screen, drawn again whenever the store has changed. */
export const App = ({store, parts}: {readonly store: Store; readonly parts: Pick<View, 'bindings' | 'logs'>}): ReactElement => {
	const state = useStore(store);
	return h(Screen, {state, view: viewOf(state, parts)});
};
