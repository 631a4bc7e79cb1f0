/**
Where everything is on the screen: pure, so that drawing and the mouse agree.
*/
import {entriesOf, selectedStack, sidePanelOf} from './select.ts';
import {
	sidePanels,
	type Panel,
	type SidePanel,
	type State,
} from './state.ts';

export type Box = {readonly panel: Panel; readonly column: number; readonly line: number; readonly width: number; readonly height: number};

export type Layout = {
	/** `tiny`: nothing but a notice fits. `single`: one pane at a time. */
	readonly mode: 'tiny' | 'single' | 'split';
	readonly boxes: readonly Box[];
};

/** Below this only a notice is shown. */
export const leastSize = {columns: 30, rows: 8} as const;

/** Below this one pane is shown at a time, and that is said. A little less high than 80×24: others take lines of that for themselves. */
export const splitSize = {columns: 80, rows: 20} as const;

/** Header; tray and hint bar. */
const edges = {top: 1, bottom: 2} as const;

/** Edges and one line. */
const leastHeight = 3;

/**
The heights of panels one above the other. Each has its edges and a line; the one with the focus gets what it needs, up to half of all; then each
what it needs, up to a quarter; the last takes what is left.

@param needs - Lines of content of each.
*/
export const shareHeight = (rows: number, needs: readonly number[], active: number): number[] => {
	const heights = needs.map(() => leastHeight);
	const grow = (index: number, most: number): void => {
		const left = rows - heights.reduce((sum, height) => sum + height, 0);
		const wanted = Math.min(needs[index]! + 2, most);
		heights[index] = heights[index]! + Math.max(0, Math.min(left, wanted - heights[index]!));
	};

	grow(active, Math.max(leastHeight, Math.floor(rows / 2)));
	for (const index of needs.keys()) {
		grow(index, Math.max(leastHeight, Math.floor(rows / 4)));
	}

	const used = heights.reduce((sum, height) => sum + height, 0);
	return heights.map((height, index) => index === heights.length - 1 ? height + rows - used : height);
};

/** An empty list has a few lines that say what to do. */
const teachingLines = 3;

const needOf = (state: State, panel: SidePanel): number => {
	const lines = panel === 'commits' ? selectedStack(state)?.detail?.graph.lines.length ?? 0 : entriesOf(state, panel).length;
	return Math.max(lines, panel === 'stacks' && state.stacks.length > 0 ? 1 : teachingLines);
};

export const computeLayout = (state: State): Layout => {
	const {terminal: {columns, rows}, focus, zoom} = state;
	if (columns < leastSize.columns || rows < leastSize.rows) {
		return {mode: 'tiny', boxes: []};
	}

	const height = rows - edges.top - edges.bottom;
	const whole = (panel: Panel): Layout => ({
		mode: 'single', boxes: [{
			panel, column: 0, line: edges.top, width: columns, height,
		}],
	});
	if (columns < splitSize.columns || rows < splitSize.rows) {
		return whole(focus);
	}

	if (zoom === 2) {
		return {...whole(focus), mode: 'split'};
	}

	const sideWidth = zoom === 1 ? Math.floor(columns / 2) : Math.max(32, Math.min(64, Math.floor(columns * 0.36)));
	const side = sidePanelOf(state);
	const panels = zoom === 1 ? [side] : sidePanels;
	const heights = shareHeight(height, panels.map(panel => needOf(state, panel)), panels.indexOf(side));
	let line = edges.top;
	const boxes: Box[] = panels.map((panel, index) => {
		const box: Box = {
			panel, column: 0, line, width: sideWidth, height: heights[index]!,
		};
		line += heights[index]!;
		return box;
	});
	boxes.push({
		panel: 'main', column: sideWidth, line: edges.top, width: columns - sideWidth, height,
	});
	return {mode: 'split', boxes};
};

/** The pane at a cell. */
export const boxAt = ({boxes}: Layout, column: number, line: number): Box | undefined =>
	boxes.find(box => column >= box.column && column < box.column + box.width && line >= box.line && line < box.line + box.height);
