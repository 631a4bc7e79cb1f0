/**
Emptying the trash, which can't be taken back: it lists what would be lost, and asks for the stack's name.
*/
import {prune} from '../../actions/prune.ts';
import {firstLine, formatCount, shortId} from '../../system/format.ts';
import {workOnStack} from '../jobs/stack-work.ts';
import {selectedStack} from '../state/select.ts';
import type {StackView, State} from '../state/state.ts';
import {commandLine, type Action} from './action.ts';
import {needsStack, runVerb} from './with-stack.ts';

const stackOf = (state: State): StackView => selectedStack(state)!;

const shownCommits = 12;

export const trashActions: readonly Action[] = [
	{
		id: 'prune.now',
		group: 'History',
		title: 'Empty the trash of removed commits at once',
		obstacle: needsStack,
		twin: state => commandLine(state, selectedStack(state), 'prune', '--now'),
		async run(tools) {
			const stack = stackOf(tools.store.getState());
			await runVerb(tools, stack, {
				title: 'prune --now',
				words: ['prune', '--now', '--yes'],
				question: {
					title: `Empty the trash of ${stack.name}`,
					async lost() {
						const {removed, destroyed} = await workOnStack(tools.store.getState(), stack, {
							words: ['prune', '--now', '--dry-run'], run: async workspace => prune(workspace, {now: true, dryRun: true}),
						});
						return [
							...removed.slice(0, shownCommits).map(({id, message, kind}) => `${shortId(id)} ${firstLine(message)}${kind === 'safety' ? ' [safety]' : ''}`),
							...removed.length > shownCommits ? [`… and ${removed.length - shownCommits} more commits`] : [],
							...destroyed === 0 ? [] : [`${formatCount(destroyed, 'snapshot')} in the trash`],
							...removed.length + destroyed === 0 ? ['nothing that could be brought back'] : [],
						];
					},
					way: 'This can\'t be undone.',
					typed: stack.name,
				},
				run: async workspace => prune(workspace, {now: true}),
				tell: ({removed, destroyed}) => `Destroyed ${formatCount(destroyed, 'snapshot')}${removed.length === 0 ? '' : `, removed ${formatCount(removed.length, 'commit')}`}.`,
			});
		},
	},
];
