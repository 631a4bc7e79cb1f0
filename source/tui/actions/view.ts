/**
Moving about, and how things are shown: nothing here changes a stack.
*/
import {writeFile} from 'node:fs/promises';
import path from 'node:path';
import {formatCount, shortId} from '../../system/format.ts';
import {quoteWord} from '../../system/quote-word.ts';
import {computeLayout} from '../state/layout.ts';
import {
	activeList,
	activeTab,
	currentBranch,
	currentCommit,
	currentJob,
	currentService,
	currentStackEntry,
	runningJobs,
	selectedStack,
	shownLogServices,
	sortKeys,
} from '../state/select.ts';
import {canRetry} from '../jobs/jobs.ts';
import type {JobView, Panel, State} from '../state/state.ts';
import {emptyInput, inputOf} from '../state/text-input.ts';
import {
	focusBy,
	focusPanel,
	focusSide,
	goBack,
	move,
	moveToEnd,
	scrollMain,
	showLogsUntil,
	sortNext,
	tabBy,
	zoomBy,
	type Change,
} from '../state/update.ts';
import {themeNames} from '../draw/theme.ts';
import {
	commandLine,
	type Action,
	type ActionGroup,
	type Tools,
} from './action.ts';
import {grepLine, lastLines} from './log-text.ts';

const change = (id: string, group: ActionGroup, title: string, make: (state: State) => Change): Action => ({
	id, group, title, run({store}) {
		store.setState(state => make(state)(state));
	},
});

/** Lines that the pane with the focus shows. */
const pageOf = (state: State): number => {
	const box = computeLayout(state).boxes.find(({panel}) => panel === state.focus);
	return Math.max(1, (box?.height ?? 10) - 3);
};

const focus = (panel: Panel): Action => change(`focus.${panel}`, 'Moving', `Go to ${panel === 'main' ? 'the main pane' : `the ${panel}`}`, () => focusPanel(panel));

/** What `y` copies: what the pane with the focus has under its cursor. */
const copied = (state: State): string | undefined => {
	switch (activeList(state)) {
		case 'stacks': {
			return currentStackEntry(state)?.stack?.folder;
		}

		case 'services': {
			return currentService(state)?.connectionString ?? currentService(state)?.name;
		}

		case 'branches': {
			return currentBranch(state)?.name;
		}

		case 'jobs': {
			return currentJob(state)?.twin;
		}

		case 'commits':
		case 'commit': {
			return currentCommit(state)?.id;
		}

		default: {
			return selectedStack(state)?.folder;
		}
	}
};

/** The job under the cursor of their tab. */
const selectedJob = (state: State): JobView | undefined => activeTab(state) === 'jobs' && state.focus === 'main' ? currentJob(state) : undefined;

/** The selected one where it runs; else the newest that can be cancelled. */
const jobToCancel = (state: State): JobView | undefined => {
	const selected = selectedJob(state);
	const running = runningJobs(state);
	return selected?.status === 'running' ? selected : running.find(({canCancel}) => canCancel) ?? running[0];
};

/** The selected one, whatever has come of it; elsewhere the last that went wrong. A shell that was left with a code of its own did not. */
const jobToRetry = (state: State): JobView | undefined => selectedJob(state) ?? state.jobs.find(job => canRetry(job) && job.problem !== undefined);

const toast = ({store}: Tools, text: string): void => {
	store.setState({toast: {text, kind: 'plain', until: Date.now() + 4000}, now: Date.now()});
};

const logLines = ({logs}: Tools): string[] => logs.slice(logs.first, logs.end).map(({time, service, text}) => `${time} ${service} | ${text}\n`);

/** What a clipboard takes by way of the terminal, which gets it as base64. */
const copiedBytes = 55_000;

/** The command line that saves the same lines: of the filter as near as `grep` comes. */
const savingLine = (state: State, name: string): string => {
	const services = shownLogServices(state) ?? [];
	const filter = state.filters.logs ?? '';
	return [commandLine(state, selectedStack(state), 'logs', '--timestamps', ...services), ...filter === '' ? [] : [grepLine(filter)]].join(' | ') + ` > ${quoteWord(name)}`;
};

const sayCopiedLines = (kept: number, shown: number): string =>
	kept < shown ? `Copied the last ${formatCount(kept, 'line')}; the clipboard takes no more of ${shown}.` : `Copied ${formatCount(kept, 'line')}.`;

export const viewActions: readonly Action[] = [
	change('move.down', 'Moving', 'Down', () => move(1)),
	change('move.up', 'Moving', 'Up', () => move(-1)),
	change('move.pageDown', 'Moving', 'A page down', state => move(pageOf(state))),
	change('move.pageUp', 'Moving', 'A page up', state => move(-pageOf(state))),
	change('move.first', 'Moving', 'To the first', () => moveToEnd('first')),
	change('move.last', 'Moving', 'To the last', () => moveToEnd('last')),
	change('scroll.down', 'Moving', 'Scroll the main pane down', () => scrollMain(3)),
	change('scroll.up', 'Moving', 'Scroll the main pane up', () => scrollMain(-3)),
	change('focus.next', 'Moving', 'To the next pane', () => focusBy(1)),
	change('focus.previous', 'Moving', 'To the pane before', () => focusBy(-1)),
	change('focus.side', 'Moving', 'To the left', () => focusSide()),
	change('focus.last', 'Moving', 'To the pane that had the focus before', state => focusPanel(state.lastFocus)),
	focus('stacks'),
	focus('services'),
	focus('branches'),
	focus('commits'),
	focus('main'),
	change('back', 'Moving', 'Back: out of a filter, a zoom, the main pane', () => goBack()),
	change('tab.next', 'View', 'The next tab', () => tabBy(1)),
	change('tab.previous', 'View', 'The tab before', () => tabBy(-1)),
	change('zoom.in', 'View', 'More room for this pane', () => zoomBy(1)),
	change('zoom.out', 'View', 'Less room for this pane', () => zoomBy(-1)),
	{
		id: 'sort',
		group: 'View',
		title: 'Sort this list by the next column',
		obstacle: state => ((sortKeys as Readonly<Record<string, readonly string[] | undefined>>)[activeList(state)]?.length ?? 0) === 0 ? 'This list has one order.' : undefined,
		run(tools) {
			tools.store.setState(state => sortNext()(state));
			const state = tools.store.getState();
			const key = state.sorts[activeList(state)] ?? '';
			if (key === 'size') {
				tools.countBranches();
			}

			toast(tools, key === '' ? 'In its own order.' : `Sorted by ${key}.`);
		},
	},
	{
		id: 'filter',
		group: 'View',
		title: 'Filter: a text, /expression/, or ! and what not to show',
		run({store}) {
			store.setState(state => {
				const list = activeList(state);
				const before = state.filters[list] ?? '';
				return {
					modal: {
						type: 'filter', list, before, input: inputOf(before),
					},
				};
			});
		},
	},
	change('match.next', 'View', 'The next line that matches', () => move(1)),
	change('match.previous', 'View', 'The line before that matches', () => move(-1)),
	{
		id: 'logs.follow',
		group: 'Logs',
		title: 'Follow the logs, or stand still',
		run({store}) {
			store.setState(state => state.logs.end === undefined ? {logs: {...state.logs, end: state.logRange.end}} : showLogsUntil(Infinity)(state));
		},
	},
	{
		id: 'logs.wrap',
		group: 'Logs',
		title: 'Wrap long lines, or cut them',
		run({store}) {
			store.setState(state => ({logs: {...state.logs, wrap: !state.logs.wrap}}));
		},
	},
	{
		id: 'logs.timestamps',
		group: 'Logs',
		title: 'Times before lines, or none',
		run({store}) {
			store.setState(state => ({logs: {...state.logs, timestamps: !state.logs.timestamps}}));
		},
	},
	{
		id: 'logs.save',
		group: 'Logs',
		title: 'Save the lines that are shown in a file',
		obstacle: state => selectedStack(state) === undefined ? 'There are no logs.' : undefined,
		async run(tools) {
			const state = tools.store.getState();
			const stack = selectedStack(state)!;
			const name = await tools.ask.prompt({title: 'Save the logs', hint: `in ${state.directory}`, initial: `${stack.name}.log`});
			if (name === undefined || name.trim() === '') {
				return;
			}

			const file = path.resolve(state.directory, name);
			await tools.jobs.start({
				title: `save ${file}`,
				twin: savingLine(state, name),
				async run() {
					const lines = logLines(tools);
					await writeFile(file, lines.join(''), {flag: 'wx'});
					return `Saved ${formatCount(lines.length, 'line')} in ${file}.`;
				},
			});
		},
	},
	{
		id: 'copy',
		group: 'View',
		title: 'Copy what is under the cursor: id, name, connection string, folder; of logs the lines that are shown',
		run(tools) {
			const state = tools.store.getState();
			const isLogs = state.focus === 'main' && activeTab(state) === 'logs';
			const lines = isLogs ? logLines(tools) : [];
			const kept = lastLines(lines, copiedBytes);
			const text = isLogs ? kept.join('') : copied(state);
			if (text === undefined || text === '') {
				toast(tools, 'There is nothing to copy here.');
				return;
			}

			tools.terminal.copy(text);
			toast(tools, isLogs ? sayCopiedLines(kept.length, lines.length) : `Copied ${/^[\da-f]{64}$/v.test(text) ? shortId(text) : text}.`);
		},
	},
	{
		id: 'job.cancel',
		group: 'Jobs',
		title: 'Cancel what runs',
		obstacle(state) {
			const job = jobToCancel(state);
			if (job === undefined) {
				return 'Nothing runs.';
			}

			return job.canCancel ? undefined : `${job.title} can't be cancelled: it ends by itself.`;
		},
		run({store, jobs}) {
			jobs.cancel(jobToCancel(store.getState())!.id);
		},
	},
	{
		id: 'job.retry',
		group: 'Jobs',
		title: 'Run the selected job, or the last, again where it has failed or was cancelled',
		obstacle(state) {
			const job = jobToRetry(state);
			if (job === undefined) {
				return 'Nothing has failed.';
			}

			return canRetry(job) ? undefined : `${job.title} ${job.status === 'running' ? 'still runs' : 'was done'}: only what has failed or was cancelled is run again.`;
		},
		run: async ({store, jobs}) => jobs.retry(jobToRetry(store.getState())!.id),
	},
	{
		id: 'job.show',
		group: 'Jobs',
		title: 'Show all that is known of a job',
		obstacle: state => currentJob(state) === undefined ? 'There is no job.' : undefined,
		run({store, ask}) {
			const job = currentJob(store.getState())!;
			ask.message(job.title, [
				`$ ${job.twin}`,
				`${job.status}${job.exitCode === undefined ? '' : `, exit code ${job.exitCode}`}`,
				...job.result === undefined ? [] : [job.result],
				...job.problem === undefined ? [] : [job.problem.message],
				...job.problem?.hint === undefined ? [] : [job.problem.hint],
				...job.notices.map(notice => `note: ${notice}`),
			]);
		},
	},
	{
		id: 'palette',
		group: 'Program',
		title: 'All actions',
		run({store}) {
			store.setState({modal: {type: 'palette', input: emptyInput, index: 0}});
		},
	},
	{
		id: 'help',
		group: 'Program',
		title: 'Help',
		run({store}) {
			store.setState({
				modal: {
					type: 'help', input: emptyInput, isTyping: false, scroll: 0,
				},
			});
		},
	},
	{
		id: 'mouse.toggle',
		group: 'Program',
		title: 'Mouse on or off (off: the terminal selects text)',
		run(tools) {
			const isOn = !tools.store.getState().mouse;
			tools.store.setState({mouse: isOn});
			tools.terminal.setMouse(isOn);
			toast(tools, isOn ? 'Mouse on.' : 'Mouse off: the terminal selects text.');
		},
	},
	{
		id: 'theme.next',
		group: 'Program',
		title: 'The next theme',
		run(tools) {
			tools.store.setState(({theme}) => ({theme: themeNames[(themeNames.indexOf(theme) + 1) % themeNames.length]!}));
			toast(tools, `Theme: ${tools.store.getState().theme}.`);
		},
	},
	{
		id: 'redraw', group: 'Program', title: 'Draw the screen anew', run({terminal}) {
			terminal.redraw();
		},
	},
	{
		id: 'suspend', group: 'Program', title: 'Suspend (`fg` comes back)', run: async ({terminal}) => terminal.stop(),
	},
	{
		id: 'quit',
		group: 'Program',
		title: 'Quit',
		async run({store, ask, terminal}) {
			const running = runningJobs(store.getState());
			const isSure = running.length === 0 || await ask.confirm({
				title: 'Quit while something runs',
				lost: async () => running.map(job => `${job.title} is stopped, and taken back or finished by the next command`),
				way: 'Nothing is lost.',
			});
			if (isSure) {
				terminal.quit();
			}
		},
	},
];
