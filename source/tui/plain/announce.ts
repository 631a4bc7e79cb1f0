/**
What changed from one state to the next, in sentences for somebody who does not see the screen. Pure.
*/
import {stripVTControlCharacters} from 'node:util';
import {formatCount} from '../../system/format.ts';
import {foundActions, helpRows} from '../components/modals.ts';
import {paneContent, panelTitles} from '../components/pane.ts';
import {tabTitles} from '../components/main-content.ts';
import {viewOf, type View} from '../components/view.ts';
import {rowText} from '../draw/row.ts';
import {clampIndex} from '../draw/viewport.ts';
import {computeLayout} from '../state/layout.ts';
import {
	activeTab,
	isListTab,
	selectedStack,
	shownLogServices,
} from '../state/select.ts';
import {
	localHost,
	type JobView,
	type Modal,
	type State,
} from '../state/state.ts';

type Parts = Pick<View, 'bindings' | 'logs'>;

/** As much of a pane as is read at once. */
const paneLines = 200;

/** Host, stack, branch, and whether its data are clean. */
export const describePlace = (state: State): string => {
	const stack = selectedStack(state);
	if (stack === undefined) {
		return state.isLoaded ? 'No stacks yet. a makes one from a template, i takes up the project of this folder.' : 'Reading.';
	}

	const {detail} = stack;
	const data = detail?.changed === undefined ? '' : (detail.changed ? ', changed' : ', clean');
	return `${stack.name} on ${stack.host}${stack.branch === undefined ? '' : `, branch ${stack.branch}`}${data}`;
};

/** Signs that say nothing when they are read out: those of frames, graphs and bars. */
const drawn = /[\u{2500}-\u{25FF}]/gv;

const spoken = (text: string): string => stripVTControlCharacters(text).replaceAll(drawn, ' ').replaceAll(/ +/gv, ' ').trim();

/** The line that the cursor of the pane with the focus is on. */
const underCursor = (state: State, parts: Parts): string => {
	const {rows, cursor, firstRow} = paneContent(state, viewOf(state, parts), {panel: state.focus, width: 120, height: paneLines});
	const line = cursor === undefined ? undefined : rows[cursor - firstRow];
	return line === undefined ? '' : spoken(rowText(line));
};

/** The lines that the main pane has room for, as it would stand on the screen: scrolling by a page goes by these. */
const mainHeight = (state: State): number => Math.max(1, (computeLayout(state).boxes.find(({panel}) => panel === 'main')?.height ?? 3) - 2);

const mainText = (state: State, parts: Parts): string[] =>
	paneContent(state, viewOf(state, parts), {panel: 'main', width: 120, height: paneLines}).rows.map(line => spoken(rowText(line))).filter(line => line !== '');

const describeModal = (modal: Modal, state: State, parts: Parts): string[] => {
	switch (modal.type) {
		case 'prompt': {
			return [`${modal.title}. ${modal.hint}`, ...modal.problem === undefined ? [] : [modal.problem], `Typed: ${modal.input.text}`];
		}

		case 'choose': {
			const choice = modal.choices[modal.index];
			return [`${modal.title} ${choice?.label ?? ''}. ${choice?.detail ?? ''}`];
		}

		case 'confirm': {
			const how = modal.typed === undefined ? 'y does it, n goes back.' : `Type ${modal.typed} and enter to do it.`;
			return modal.lost === undefined ? [`${modal.title}. Measuring what would be lost.`] : [modal.title, ...modal.lost, modal.way, how];
		}

		case 'palette': {
			const found = foundActions(state, modal.input.text);
			return [`Actions, typed ${modal.input.text}: ${found[clampIndex(modal.index, found.length)]?.title ?? 'none'}`];
		}

		case 'help': {
			return helpRows(state, parts, modal.input.text).map(line => spoken(rowText(line))).filter(line => line !== '');
		}

		case 'message': {
			return [modal.title, ...modal.lines];
		}

		case 'filter': {
			return [`Filter: ${modal.input.text}`];
		}
	}
};

const describeJob = (job: JobView, known: JobView | undefined): string[] => {
	if (known === undefined) {
		return [`${job.title}: begun.`];
	}

	if (job.status !== known.status) {
		return [job.result ?? job.problem?.message ?? `${job.title}: ${job.status}.`, ...job.problem?.hint === undefined ? [] : [job.problem.hint]];
	}

	return job.step !== undefined && job.step !== known.step ? [job.step] : [];
};

const describeServices = (before: State, after: State): string[] => {
	const known = new Map((selectedStack(before)?.detail?.services ?? []).map(service => [service.name, service]));
	return (selectedStack(after)?.detail?.services ?? []).flatMap(service => {
		const last = known.get(service.name);
		return last === undefined || (last.state === service.state && last.ready === service.ready) ? [] : [`${service.name} is ${service.ready ? 'ready' : service.state}.`];
	});
};

/** Hosts that answer now, and those that do not any more. */
const describeHosts = (before: State, after: State): string[] => after.hosts.flatMap(({name, status, problem}) => {
	const last = before.hosts.find(host => host.name === name)?.status;
	const isSame = last === status || status === 'connecting' || (last === undefined && name === localHost);
	return isSame ? [] : [status === 'online' ? `${name} is online.` : `${problem?.message ?? `${name} can't be reached.`} What is shown of it is as it was.`];
});

/** As many new lines of logs as are read at once: a flood would never be done. */
const newLines = 20;

/** What was logged since, where the newest lines are what is shown. */
const describeNewLogs = (before: State, after: State, {logs}: Parts): string[] => {
	// Other services or another filter count their lines anew.
	const isSame = after.selected === before.selected
		&& after.filters.logs === before.filters.logs
		&& String(shownLogServices(after)) === String(shownLogServices(before));
	const begun = Math.max(before.logRange.end, after.logRange.first);
	const {end} = after.logRange;
	if (!isSame || after.logs.end !== undefined || end <= begun) {
		return [];
	}

	const from = Math.max(begun, end - newLines);
	return [
		...from > begun ? [`${formatCount(from - begun, 'more line')} before these.`] : [],
		...logs.slice(from, end).map(({service, text}) => spoken(`${service}: ${text}`)),
	];
};

/** The lines that the main pane shows of what can be scrolled, by their numbers. */
const shownLines = (state: State, parts: Parts): ReadonlyMap<number, string> => {
	if (activeTab(state) === 'logs') {
		const {logRange: {first, end: newest}, logs: {end = newest}} = state;
		const from = Math.max(first, end - mainHeight(state));
		return new Map(parts.logs.slice(from, end).map(({service, text}, index) => [from + index, spoken(`${service}: ${text}`)]));
	}

	const {rows, firstRow} = paneContent(state, viewOf(state, parts), {panel: 'main', width: 120, height: mainHeight(state) + 2});
	return new Map(rows.map((line, index) => [firstRow + index, spoken(rowText(line))]));
};

/** What scrolling has brought into sight. */
const describeScroll = (before: State, after: State, parts: Parts): string[] => {
	if (after.scroll === before.scroll && after.logs.end === before.logs.end) {
		return [];
	}

	const known = shownLines(before, parts);
	return [...shownLines(after, parts)].filter(([number]) => !known.has(number)).map(([, line]) => line);
};

/** What happens in the main pane while it has the focus. */
const describeMain = (before: State, after: State, parts: Parts): string[] => {
	const tab = activeTab(after);
	if (isListTab(tab)) {
		return after.cursors !== before.cursors || after.filters !== before.filters ? [underCursor(after, parts)] : [];
	}

	return [...after.selected === before.selected ? describeScroll(before, after, parts) : [], ...tab === 'logs' ? describeNewLogs(before, after, parts) : []];
};

/** The pane with the focus and what its cursor is on, where that is another. */
const describeMove = (before: State, after: State, parts: Parts): string[] => {
	const isMoved = after.focus !== before.focus || activeTab(after) !== activeTab(before);
	if (after.focus === 'main') {
		return isMoved ? [`${tabTitles[activeTab(after)]} of ${selectedStack(after)?.name ?? 'nothing'}`, ...mainText(after, parts)] : describeMain(before, after, parts);
	}

	const isFilled = selectedStack(before)?.detail === undefined && selectedStack(after)?.detail !== undefined;
	const isOnOther = isMoved || isFilled || after.cursors !== before.cursors || after.filters !== before.filters;
	return [...isMoved ? [panelTitles[after.focus]] : [], ...isOnOther ? [underCursor(after, parts)] : []];
};

/**
@returns A sentence each, nothing where nothing changed that matters.
*/
export const announce = (before: State, after: State, parts: Parts): string[] => {
	const place = describePlace(after);
	return [
		...place === describePlace(before) ? [] : [place],
		...after.hosts === before.hosts ? [] : describeHosts(before, after),
		...after.selected === before.selected ? describeServices(before, after) : [],
		...after.jobs.flatMap(job => describeJob(job, before.jobs.find(({id}) => id === job.id))),
		...after.toast !== undefined && after.toast !== before.toast && after.toast.kind !== 'good' ? [after.toast.text] : [],
		...describeMove(before, after, parts),
		...after.modal !== undefined && after.modal !== before.modal ? describeModal(after.modal, after, parts) : [],
	].filter(line => line !== '');
};
