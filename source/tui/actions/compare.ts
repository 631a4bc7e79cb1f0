/**
What there is, and what differs: commits, services, and any two commits or branches.
*/
import {diff, type DiffResult} from '../../actions/diff.ts';
import {formatBytes, formatCount} from '../../system/format.ts';
import {whenFree} from '../modals/when-free.ts';
import {workOnStack} from '../jobs/stack-work.ts';
import {
	currentBranch,
	currentCommit,
	selectedStack,
	sidePanelOf,
} from '../state/select.ts';
import type {State} from '../state/state.ts';
import {focusPanel} from '../state/update.ts';
import {commandLine, type Action} from './action.ts';
import {needsShown, needsShownCommit} from './with-stack.ts';

/** What the cursor is on, as a revision: the name of a branch, the beginning of a commit's id. */
const chosen = (state: State): string => {
	const revision = sidePanelOf(state) === 'branches' ? currentBranch(state)?.name : currentCommit(state)?.id.slice(0, 8);
	return revision ?? selectedStack(state)?.branch ?? 'HEAD';
};

const listedFiles = 200;

const describeDiff = ({volumes}: DiffResult): readonly string[] => volumes.flatMap(volume => {
	const {name, kind, bytes, fileCount} = volume;
	if (kind === 'same') {
		return [`${name}: the same`];
	}

	return [
		kind === 'changed' ? `${name}: ${formatBytes(bytes)} in ${formatCount(fileCount, 'file')}` : `${name}: ${kind}, ${formatBytes(bytes)}`,
		...volume.files.map(file => `  ${file.kind} ${file.path}`),
		...fileCount > volume.files.length ? [`  … and ${fileCount - volume.files.length} more`] : [],
	];
});

export const compareActions: readonly Action[] = [
	{
		id: 'diff.two',
		group: 'History',
		title: 'Show what differs between two commits or branches',
		obstacle: needsShownCommit,
		twin: state => commandLine(state, selectedStack(state), 'diff', chosen(state), 'REVISION'),
		async run(tools) {
			const {store, ask, jobs} = tools;
			const state = store.getState();
			const stack = selectedStack(state)!;
			const from = chosen(state);
			const to = await ask.prompt({
				title: `What differs between ${from} and`,
				hint: 'a branch, a tag, staging/main, the beginning of a commit\'s id',
				check: text => text.trim() === '' ? 'It needs something to compare with.' : undefined,
			});
			if (to === undefined) {
				return;
			}

			const words = ['diff', from, to.trim(), `--limit=${listedFiles}`];
			await jobs.start({
				title: `diff ${from} ${to.trim()}`,
				twin: commandLine(state, stack, ...words),
				stack: stack.id,
				isQuiet: true,
				async run(tools_) {
					const result = await workOnStack<DiffResult>(state, stack, {
						words, run: async workspace => diff(workspace, {from, to: to.trim(), limit: listedFiles}),
					}, tools_);
					await whenFree(store, tools_.signal);
					ask.message(`From ${from} to ${to.trim()}`, describeDiff(result));
				},
			});
		},
	},
	{
		id: 'log.show',
		group: 'History',
		title: 'Show the commits as a graph',
		obstacle: needsShown,
		twin: state => commandLine(state, selectedStack(state), 'log'),
		run({store}) {
			store.setState(focusPanel('commits'));
		},
	},
	{
		id: 'services.show',
		group: 'Services',
		title: 'Show the services, their states and ports',
		obstacle: needsShown,
		twin: state => commandLine(state, selectedStack(state), 'ps'),
		run({store}) {
			store.setState(focusPanel('services'));
		},
	},
];
