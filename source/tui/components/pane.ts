/**
The panes: each panel's content in its frame, as lines of exactly its size.
*/
import {drawFrame} from '../draw/frame.ts';
import {piece, type Piece} from '../draw/row.ts';
import {activeTab, isProduction} from '../state/select.ts';
import {
	tabs,
	type Panel,
	type SidePanel,
	type State,
	type Tab,
} from '../state/state.ts';
import type {Box} from '../state/layout.ts';
import {layProse} from './list-content.ts';
import {mainContent, tabTitles} from './main-content.ts';
import {branchesContent} from './panels/branches.ts';
import {commitsContent} from './panels/commits.ts';
import {servicesContent} from './panels/services.ts';
import {stacksContent} from './panels/stacks.ts';
import type {PaneContent, View} from './view.ts';

export const panelTitles: Readonly<Record<SidePanel, string>> = {
	stacks: 'Stacks', services: 'Services', branches: 'Branches', commits: 'Commits',
};

const sideContents: Readonly<Record<SidePanel, (state: State, view: View, height: number) => PaneContent>> = {
	stacks: stacksContent, services: servicesContent, branches: branchesContent, commits: commitsContent,
};

/** The content of a pane of this outside size. */
export const paneContent = (state: State, view: View, {panel, width, height}: Pick<Box, 'panel' | 'width' | 'height'>): PaneContent => {
	const inner = {width: Math.max(0, width - 2), height: Math.max(0, height - 2)};
	return layProse(panel === 'main' ? mainContent(state, view, inner) : sideContents[panel](state, view, inner.height), inner.width);
};

/** The titles of the tabs in the upper edge, those that are not shown shortened where there is not room for all and the note at its end. */
export const tabLabels = (state: State, width: number, note = ''): ReadonlyArray<{readonly tab: Tab; readonly label: string}> => {
	const active = activeTab(state);
	const room = width - 4 - (note === '' ? 0 : note.length + 1);
	const isShort = tabs.reduce((sum, tab) => sum + tabTitles[tab].length + 1, 0) > room;
	return tabs.map(tab => ({tab, label: isShort && tab !== active ? tabTitles[tab].slice(0, 4) : tabTitles[tab]}));
};

const tabPieces = (state: State, width: number, note: string | undefined): Piece[] => tabLabels(state, width, note).flatMap(({tab, label}, index) => [
	...index === 0 ? [] : [piece(' ', 'border')],
	piece(label, tab === activeTab(state) ? 'title' : 'dim'),
]);

const titleOf = (state: State, panel: Panel, width: number, note: string | undefined): Piece[] => panel === 'main'
	? tabPieces(state, width, note)
	: [piece(`${['stacks', 'services', 'branches', 'commits'].indexOf(panel) + 1} `, 'dim'), piece(panelTitles[panel], state.focus === panel ? 'title' : 'dim')];

/** A pane as lines. */
export const paneLines = (state: State, view: View, box: Box): string[] => {
	const {panel, width, height} = box;
	const {rows, cursor, firstRow, note, footer} = paneContent(state, view, box);
	const isActive = state.focus === panel;
	return drawFrame(rows, {
		width,
		height,
		title: titleOf(state, panel, width, note),
		isActive,
		paint: view.paint,
		glyphs: view.glyphs,
		...(note !== undefined && note !== '' && {note}),
		...(footer !== undefined && {footer}),
		...(cursor !== undefined && {cursor: cursor - firstRow}),
		...(isActive && isProduction(state) && {role: 'bad' as const}),
	});
};
