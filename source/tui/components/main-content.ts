/**
What the main pane shows: the tab of the panel that has, or had last, the focus.
*/
import {matcher} from '../state/filter.ts';
import {rowText, type Row} from '../draw/row.ts';
import {activeTab, scrollKey} from '../state/select.ts';
import type {State, Tab} from '../state/state.ts';
import {commitRows} from './tabs/commit.ts';
import {definitionRows} from './tabs/definition.ts';
import {jobsContent} from './tabs/jobs.ts';
import {logsContent} from './tabs/logs.ts';
import {overviewRows} from './tabs/overview.ts';
import {statsRows} from './tabs/stats.ts';
import {transfersContent} from './tabs/transfers.ts';
import type {PaneContent, View} from './view.ts';

export const tabTitles: Readonly<Record<Tab, string>> = {
	overview: 'Overview', logs: 'Logs', stats: 'Stats', commit: 'Commit', definition: 'Config', jobs: 'Jobs', transfers: 'Transfers',
};

/** Rows that are scrolled, and filtered by `/`. */
const scrolled = (state: State, rows: readonly Row[], height: number): PaneContent => {
	const filter = state.filters[activeTab(state)] ?? '';
	const matches = matcher(filter);
	const shown = filter === '' ? rows : rows.filter(line => matches(rowText(line)));
	const firstRow = Math.min(state.scroll[scrollKey(state)] ?? 0, Math.max(0, shown.length - height));
	return {
		rows: shown.slice(firstRow, firstRow + height),
		count: shown.length,
		firstRow,
		...(filter !== '' && {note: `/${filter}`}),
		...(shown.length > height && {footer: `${firstRow + 1}–${Math.min(shown.length, firstRow + height)} of ${shown.length}`}),
	};
};

export const mainContent = (state: State, view: View, size: {readonly width: number; readonly height: number}): PaneContent => {
	switch (activeTab(state)) {
		case 'overview': {
			return scrolled(state, overviewRows(state, view), size.height);
		}

		case 'logs': {
			return logsContent(state, view, size);
		}

		case 'stats': {
			return scrolled(state, statsRows(state, view, size.width), size.height);
		}

		case 'commit': {
			return scrolled(state, commitRows(state, view), size.height);
		}

		case 'definition': {
			return scrolled(state, definitionRows(state), size.height);
		}

		case 'jobs': {
			return jobsContent(state, view, size.height);
		}

		case 'transfers': {
			return transfersContent(state, view, size.height);
		}
	}
};
